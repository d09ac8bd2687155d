"""One raw file as a table of columns, whether it is Parquet or a `.csv.gz`.

A CSV has no types, so its columns have those of the raw schemas by their names: the same rows give the same values, bit
for bit, from either kind of file. Columns of few words are read as dictionaries where that costs nothing.
"""

import io
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from tickreel.rpc.errors import excerpt
from tickreel.rpc.settings import CSV

# Recordings shrink by a factor of 5 to 30. What unpacks to more is made to fill a disk or a processor.
_MOST_EXPANSION = 100
# Any file may unpack to this many bytes.
_ALWAYS_UNPACKED = 1 << 28

# Bytes of text that are parsed at a time: some ten thousand rows of trades, and for the header, some hundred of them.
_BLOCK = pacsv.ReadOptions(block_size=1 << 20)
_HEAD = pacsv.ReadOptions(block_size=1 << 14)

_WORD = pa.dictionary(pa.int32(), pa.string())
_TYPES = (
    (re.compile(r"exchange|symbol|side|aggressor_side"), _WORD),
    (re.compile(r"timestamp|local_timestamp|ts_event|ts_init"), pa.int64()),
    (re.compile(r"price|amount|size|(asks|bids)\[\d+\]\.(price|amount)|(ask|bid)_(price|size)_\d+"), pa.float64()),
)
# The columns of Parquet files that are read, engine files with lists of levels among them, by their paths in the file.
_READ = re.compile(rf"{'|'.join(names.pattern for names, _ in _TYPES)}|(trade_)?id|(bids|asks)\..*")
# The bytes of a value in memory; of a text, at least those of its place.
_WIDTHS = {"BOOLEAN": 1, "INT64": 8, "DOUBLE": 8, "INT96": 8, "FIXED_LEN_BYTE_ARRAY": 16}
_KINDS = {pa.int64(): "whole number of 64 bits", pa.float64(): "number"}
# The encodings of values that pyarrow decodes to a dictionary, and those of levels.
_DICTIONARY_ENCODINGS = {"PLAIN", "PLAIN_DICTIONARY", "RLE_DICTIONARY", "RLE", "BIT_PACKED"}
# A Parquet file ends with the length of its footer in 4 bytes and these 4.
_MAGIC = b"PAR1"
_TAIL = 4 + len(_MAGIC)
_IN_COLUMN = re.compile(r"In CSV column #(\d+): (.*?(?:invalid value '(.*)')?)", re.DOTALL)


class ExpandsTooFar(pa.ArrowInvalid):
    """A packed file is larger than any recording of its size."""


def footer_length(file: BinaryIO) -> int:
    """How many bytes the footer of a Parquet file takes; 0 where the file does not end as one does.

    The file is at its beginning afterwards.
    """
    file.seek(-min(_TAIL, file.seek(0, os.SEEK_END)), os.SEEK_END)
    end = file.read()
    file.seek(0)
    return int.from_bytes(end[:4], "little") if end.endswith(_MAGIC) else 0


def check_expansion(footer: pq.FileMetaData, size_bytes: int) -> None:
    """Checks that the columns that are read of a Parquet file are not larger than those of any recording of its size.

    A few bytes of run lengths, or of numbers in a dictionary, may stand for gigabytes.

    Raises:
        ExpandsTooFar: They are.
    """
    read = [index for index in range(footer.num_columns) if _READ.fullmatch(footer.schema.column(index).path)]
    groups = [footer.row_group(number) for number in range(footer.num_row_groups)]
    chunks = (group.column(index) for group in groups for index in read)
    size = sum(max(chunk.total_uncompressed_size, chunk.num_values * _WIDTHS.get(chunk.physical_type, 4)) for chunk in chunks)
    if size > (most := _most_unpacked(size_bytes)):
        raise _expands(most)


def _most_unpacked(size_bytes: int) -> int:
    return max(_ALWAYS_UNPACKED, _MOST_EXPANSION * size_bytes)


def _expands(most: int) -> ExpandsTooFar:
    return ExpandsTooFar(f"it unpacks to more than {most:,} bytes, {_MOST_EXPANSION} times its size")


class RawTable(ABC):
    """The rows of a raw file.

    Reading raises OSError or pyarrow.ArrowException where the file is corrupt, cut short or at odds with its schema.

    Attributes:
        schema: Its columns, with the types that they are read as.
    """

    schema: pa.Schema

    @property
    @abstractmethod
    def rows(self) -> int:
        """How many rows there are; a CSV is read for that, unless it has been."""

    @abstractmethod
    def read(self, columns: Sequence[str]) -> pa.Table:
        """Some columns, whole."""

    @abstractmethod
    def batches(self, max_rows: int, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Some columns in the order of the file, at most so many rows at a time."""

    @abstractmethod
    def close(self) -> None:
        """Closes the file."""


def open_raw_table(path: Path, check: Callable[[], None] = lambda: None) -> RawTable:
    """The table of a raw file, by the ending of its name.

    Args:
        check: Called before each part of a CSV is read; what it raises ends the reading.

    Raises:
        OSError, pyarrow.ArrowException: The file cannot be read.
    """
    return _CsvTable(path, check) if path.name.endswith(CSV) else _ParquetTable(path)


class _ParquetTable(RawTable):
    def __init__(self, path: Path) -> None:
        footer = _footer_of(path)
        schema, plain = footer.schema.to_arrow_schema(), _without_dictionary_reader(footer)
        if any(pa.types.is_dictionary(field.type) and field.name in plain for field in schema):
            # The Arrow schema in the footer would ask for dictionaries.
            footer = _footer_of(path, with_arrow_schema=False)
            schema = footer.schema.to_arrow_schema()
        words = [
            field.name
            for field in schema
            if _type_of(field.name) == _WORD and field.type == pa.string() and field.name not in plain
        ]
        # Buffered by column instead of by row group: whole days are often written as one row group.
        self._file = pq.ParquetFile(path, metadata=footer, pre_buffer=False, buffer_size=1 << 20, read_dictionary=words)
        self.schema = self._file.schema_arrow

    @property
    def rows(self) -> int:
        return self._file.metadata.num_rows

    def read(self, columns: Sequence[str]) -> pa.Table:
        return self._file.read(list(columns))

    def batches(self, max_rows: int, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        return self._file.iter_batches(max_rows, columns=list(columns))

    def close(self) -> None:
        self._file.close()


def _footer_of(path: Path, *, with_arrow_schema: bool = True) -> pq.FileMetaData:
    """The footer of a Parquet file; without its Arrow schema, columns have the types that Parquet itself knows."""
    if with_arrow_schema:
        with path.open("rb") as file:
            return pq.read_metadata(file)
    with path.open("rb") as file:
        file.seek(-_TAIL - footer_length(file), os.SEEK_END)
        footer = file.read()
    # A key of the same length that no reader knows.
    return pq.read_metadata(pa.BufferReader(_MAGIC + footer.replace(b"ARROW:schema", b"arrow:schema")))


def _without_dictionary_reader(footer: pq.FileMetaData) -> set[str]:
    """The columns with an encoding that pyarrow decodes to text, but not to a dictionary."""
    groups = map(footer.row_group, range(footer.num_row_groups))
    columns = (group.column(index) for group in groups for index in range(group.num_columns))
    return {column.path_in_schema for column in columns if not _DICTIONARY_ENCODINGS.issuperset(column.encodings)}


class _CsvTable(RawTable):
    """A CSV in gzip, unpacked anew for each reading: at its end are the checksum and the length that say it is whole."""

    def __init__(self, path: Path, check: Callable[[], None]) -> None:
        self._path = path
        self._check = check
        self._rows: int | None = None
        with self._unpacked() as text, pacsv.open_csv(text, _HEAD) as reader:
            try:
                names = reader.schema.names
            except UnicodeDecodeError as error:
                raise pa.ArrowInvalid(f"its header is no text: {error}") from None
        self.schema = pa.schema([(name, _type_of(name)) for name in names])

    @property
    def rows(self) -> int:
        if self._rows is None:
            # Any column does; as bytes, so that nothing but a broken file fails.
            self._rows = sum(batch.num_rows for batch in self._stream({self.schema.names[0]: pa.binary()}))
        return self._rows

    def read(self, columns: Sequence[str]) -> pa.Table:
        kinds = {name: self.schema.field(name).type for name in columns}
        table = pa.Table.from_batches(self._stream(kinds), pa.schema(list(kinds.items())))
        self._rows = table.num_rows
        return table

    def batches(self, max_rows: int, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        for batch in self._stream({name: self.schema.field(name).type for name in columns}):
            for start in range(0, batch.num_rows, max_rows):
                yield batch.slice(start, max_rows)

    def close(self) -> None:
        """Nothing is open between two readings."""

    def _unpacked(self) -> BinaryIO:
        # pyarrow reads any object with `read` and `close`; its stubs ask for an IO.
        return cast(BinaryIO, _Unpacked(self._path, self._check))

    def _stream(self, kinds: Mapping[str, pa.DataType]) -> Iterator[pa.RecordBatch]:
        options = pacsv.ConvertOptions(
            column_types=dict(kinds), include_columns=list(kinds), null_values=[""], strings_can_be_null=False
        )
        try:
            with self._unpacked() as text, pacsv.open_csv(text, _BLOCK, convert_options=options) as reader:
                yield from reader
        except pa.ArrowInvalid as error:
            raise self._named(error) from None

    def _named(self, error: pa.ArrowInvalid) -> pa.ArrowInvalid:
        """An error with the name of its column and the number of its row, where it is about a value."""
        found = _IN_COLUMN.fullmatch(str(error))
        if not found:
            return error
        name, problem, value = self.schema.names[int(found[1])], found[2], found[3]
        row = 0
        for batch in self._stream({name: pa.binary()}) if value else ():
            place = pc.index(batch.column(0), value.encode()).as_py()
            if place >= 0:
                kind = _KINDS[self.schema.field(name).type]
                return pa.ArrowInvalid(f"{name} is {excerpt(value)!r} in row {row + place} (from 0), which is no {kind}")
            row += batch.num_rows
        return pa.ArrowInvalid(f"{name}: {problem}")


class _Unpacked(io.RawIOBase):
    """The text of a gzip file.

    Reading raises ExpandsTooFar once there is more than a recording unpacks to.
    """

    def __init__(self, path: Path, check: Callable[[], None]) -> None:
        self._check = check
        self._most = _most_unpacked(path.stat().st_size)
        self._read = 0
        self._stream = pa.input_stream(path, compression="gzip")

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        self._check()
        content = self._stream.read(size if size >= 0 else None)
        self._read += len(content)
        if self._read > self._most:
            raise _expands(self._most)
        return content

    def close(self) -> None:
        self._stream.close()
        super().close()


def _type_of(name: str) -> pa.DataType:
    return next((kind for names, kind in _TYPES if names.fullmatch(name)), pa.string())
