"""Services for the tests of the documents."""

from documented_services import up

__all__ = ["up"]
