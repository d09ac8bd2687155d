"""Which engine this is: part of what a result was made from."""

from importlib import metadata

ENGINE = f"nautilus_trader {metadata.version('nautilus_trader')}"
