"""The process of the Catalog service."""

from tickreel.catalog.service import CatalogServicer
from tickreel.rpc.server import run

if __name__ == "__main__":
    run("catalog", CatalogServicer)
