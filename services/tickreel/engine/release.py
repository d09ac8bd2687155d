"""Name and version of the engine, which results record."""

from tickreel.engine.catalog_format import engine_version

ENGINE = f"nautilus_trader {engine_version()}"
