"""Python client for scripts and notebooks: create runs, watch them, read their results."""

from tickreel.client.client import Client
from tickreel.rpc.errors import TickreelError

__all__ = ["Client", "TickreelError"]
