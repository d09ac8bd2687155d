"""A table of a run for random access: an Arrow file that is mapped into memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tickreel.results.stored_table import StoredTable

_NAME = "table.arrow"
_BATCH_ROWS = 65_536


@dataclass(frozen=True)
class TableFile:
    """The mapped table.

    Attributes:
        batches: The rows of the table.
        starts: Number of the first row of each batch, shape (batches,).
    """

    batches: Sequence[pa.RecordBatch]
    starts: npt.NDArray[np.int64]

    @classmethod
    def make(cls, table: StoredTable, folder: Path) -> None:
        """Write the Arrow file of a Parquet table.

        Raises:
            TickreelError: DATA_CHANGED if the table cannot be read.
            OSError: The file cannot be written.
        """
        # Each batch has another dictionary, which an Arrow file does not allow.
        schema = pa.schema([(name, _plain(type_)) for name, type_ in _types(table.schema)])
        with pa.OSFile(str(folder / _NAME), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
            for batch in table.batches(_BATCH_ROWS):
                writer.write(batch.cast(schema))

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Map the file into memory.

        Raises:
            OSError: The file is missing.
        """
        reader = pa.ipc.open_file(pa.memory_map(str(folder / _NAME)))
        batches = [reader.get_batch(number) for number in range(reader.num_record_batches)]
        return cls(batches, np.cumsum([0, *(batch.num_rows for batch in batches[:-1])]))

    def rows(self, numbers: npt.NDArray[np.int64]) -> pa.Table:
        """Return the rows with these numbers, in their order; shape (rows,)."""
        batch_of = np.searchsorted(self.starts, numbers, "right") - 1
        parts, places = [], []
        for number in np.unique(batch_of):
            place = np.flatnonzero(batch_of == number)
            parts.append(self.batches[number].take(pa.array(numbers[place] - self.starts[number])))
            places.append(place)
        return pa.Table.from_batches(parts).take(np.argsort(np.concatenate(places)))


def _types(schema: pa.Schema) -> list[tuple[str, pa.DataType]]:
    return [(field.name, field.type) for field in schema]


def _plain(type_: pa.DataType) -> pa.DataType:
    return cast(pa.DictionaryType, type_).value_type if pa.types.is_dictionary(type_) else type_
