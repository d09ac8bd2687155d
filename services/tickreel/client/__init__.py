"""Runs from a script or a notebook: create, watch, and read what they found, one call each."""

from tickreel.client.client import Client
from tickreel.rpc.errors import TickreelError

__all__ = ["Client", "TickreelError"]
