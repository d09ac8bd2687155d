"""The catalog files that a run reads, and whether they are still those that its conversion named."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from tickreel.stores.catalog import CatalogStore
from tickreel.v1 import conversion_pb2


@dataclass(frozen=True)
class HeldFiles:
    """The files of a conversion as they were at one moment.

    The catalog is a cache: anyone may delete it while a run reads it, and another conversion may replace a file. What a reader
    then ends with depends on where it is, so the files say why, not the error.
    """

    _catalog: CatalogStore
    _identities: dict[str, tuple[int, int] | None]

    @classmethod
    def of(cls, catalog: CatalogStore, files: Sequence[conversion_pb2.ConvertedFile]) -> Self:
        """The files as they are now. One that was replaced by other rows since the conversion counts as lost."""
        identities = {}
        for file in files:
            # In this order: a file that is replaced in between has another identity afterwards.
            identity, record = catalog.identity(file.path), catalog.find(file.path)
            is_same = record is not None and record.converted.digest == file.digest
            identities[file.path] = identity if is_same else None
        return cls(catalog, identities)

    def lost(self) -> str:
        """The path of the first file that was deleted or replaced, empty where all are as they were."""
        for path, identity in self._identities.items():
            if identity is None or self._catalog.identity(path) != identity:
                return path
        return ""
