"""Detect whether the catalog files of a run were removed or replaced after its conversion."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from tickreel.stores.catalog import CatalogStore
from tickreel.v1 import conversion_pb2


@dataclass(frozen=True)
class HeldFiles:
    """The identities of a conversion's files at one moment.

    The catalog is a cache. Anyone may delete it while a run reads it, and another conversion may replace a file. The reader's
    error then depends on how far it has read, so the cause is found by comparing the files.
    """

    _catalog: CatalogStore
    _identities: dict[str, tuple[int, int] | None]

    @classmethod
    def of(cls, catalog: CatalogStore, files: Sequence[conversion_pb2.ConvertedFile]) -> Self:
        """Record the current files. A file whose rows differ from those that the conversion wrote counts as lost."""
        identities = {}
        for file in files:
            # Take the identity first: if the file is replaced in between, `lost` will see a different identity.
            identity, record = catalog.identity(file.path), catalog.find(file.path)
            is_same = record is not None and record.converted.digest == file.digest
            identities[file.path] = identity if is_same else None
        return cls(catalog, identities)

    def lost(self) -> str:
        """Return the path of the first file that was deleted or replaced, or "" if there is none."""
        for path, identity in self._identities.items():
            if identity is None or self._catalog.identity(path) != identity:
                return path
        return ""
