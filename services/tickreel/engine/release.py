"""Which engine this is: part of what a result was made from."""

from tickreel.engine.catalog_format import engine_version

ENGINE = f"nautilus_trader {engine_version()}"
