"""A raw file as a table of columns, from Parquet or from `.csv.gz`.

A CSV has no types, so its columns get the types of the raw schemas by their names. The same rows give the same values, bit for
bit, from either kind of file. Columns with few distinct words are read as dictionaries where that costs nothing.
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

# Limit of the expansion ratio, as protection against decompression bombs. Recordings have ratios of 5 to 30.
_MAX_EXPANSION = 100
# A file of any size may unpack to this many bytes.
_ALWAYS_UNPACKED = 1 << 28

# Bytes of text parsed at a time: some ten thousand rows of trades; for the header, some hundred.
_BLOCK = pacsv.ReadOptions(block_size=1 << 20)
_HEAD = pacsv.ReadOptions(block_size=1 << 14)

_WORD = pa.dictionary(pa.int32(), pa.string())
_TYPES = (
    (re.compile(r"exchange|symbol|side|aggressor_side"), _WORD),
    (re.compile(r"timestamp|local_timestamp|ts_event|ts_init"), pa.int64()),
    (re.compile(r"price|amount|size|(asks|bids)\[\d+\]\.(price|amount)|(ask|bid)_(price|size)_\d+"), pa.float64()),
)
# Paths of the columns that are read from Parquet files, including the lists of levels in engine files.
_READ = re.compile(rf"{'|'.join(names.pattern for names, _ in _TYPES)}|(trade_)?id|(bids|asks)\..*")
# Bytes of a value in memory, by physical type. A text takes at least the 4 bytes of its offset.
_WIDTHS = {"BOOLEAN": 1, "INT64": 8, "DOUBLE": 8, "INT96": 8, "FIXED_LEN_BYTE_ARRAY": 16}
_KINDS = {pa.int64(): "whole number of 64 bits", pa.float64(): "number"}
# Encodings of values that pyarrow can decode to a dictionary, and encodings of repetition and definition levels.
_DICTIONARY_ENCODINGS = {"PLAIN", "PLAIN_DICTIONARY", "RLE_DICTIONARY", "RLE", "BIT_PACKED"}
# A Parquet file ends with the length of its footer in 4 bytes, then these 4 bytes.
_MAGIC = b"PAR1"
_TAIL = 4 + len(_MAGIC)
_IN_COLUMN = re.compile(r"In CSV column #(\d+): (.*?(?:invalid value '(.*)')?)", re.DOTALL)


class ExpandsTooFar(pa.ArrowInvalid):
    """A compressed file unpacks to more than any recording of its size."""


def footer_length(file: BinaryIO) -> int:
    """Return the length in bytes of a Parquet file's footer; 0 if the file does not end like a Parquet file.

    Afterwards the file's position is 0.
    """
    file.seek(-min(_TAIL, file.seek(0, os.SEEK_END)), os.SEEK_END)
    end = file.read()
    file.seek(0)
    return int.from_bytes(end[:4], "little") if end.endswith(_MAGIC) else 0


def check_expansion(footer: pq.FileMetaData, size_bytes: int) -> None:
    """Check the unpacked size of the columns that are read from a Parquet file.

    A few bytes of run lengths or dictionary indices may unpack to gigabytes.

    Raises:
        ExpandsTooFar: The columns are larger than in any recording of the file's size.
    """
    read = [index for index in range(footer.num_columns) if _READ.fullmatch(footer.schema.column(index).path)]
    groups = [footer.row_group(number) for number in range(footer.num_row_groups)]
    chunks = (group.column(index) for group in groups for index in read)
    size = sum(max(chunk.total_uncompressed_size, chunk.num_values * _WIDTHS.get(chunk.physical_type, 4)) for chunk in chunks)
    if size > (limit := _unpacked_limit(size_bytes)):
        raise _expands_too_far(limit)


def _unpacked_limit(size_bytes: int) -> int:
    return max(_ALWAYS_UNPACKED, _MAX_EXPANSION * size_bytes)


def _expands_too_far(limit: int) -> ExpandsTooFar:
    return ExpandsTooFar(f"it unpacks to more than {limit:,} bytes, {_MAX_EXPANSION} times its size")


class RawTable(ABC):
    """The rows of a raw file.

    Reading raises OSError or pyarrow.ArrowException if the file is corrupt, truncated or does not match its schema.

    Attributes:
        schema: The columns, with the types in which they are read.
    """

    schema: pa.Schema

    @property
    @abstractmethod
    def rows(self) -> int:
        """The number of rows. The first call on a CSV reads it to its end."""

    @abstractmethod
    def read(self, columns: Sequence[str]) -> pa.Table:
        """Read some columns whole."""

    @abstractmethod
    def batches(self, max_rows: int, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Read some columns in file order, in batches of at most `max_rows` rows."""

    @abstractmethod
    def close(self) -> None:
        """Close the file."""


def open_raw_table(path: Path, check: Callable[[], None] = lambda: None) -> RawTable:
    """Open a raw file as the kind of table that the ending of its name says.

    Args:
        check: Called before each read from a CSV. An exception that it raises stops the reading.

    Raises:
        OSError, pyarrow.ArrowException: The file cannot be read.
    """
    return _CsvTable(path, check) if path.name.endswith(CSV) else _ParquetTable(path)


class _ParquetTable(RawTable):
    def __init__(self, path: Path) -> None:
        footer = _footer_of(path)
        schema, plain = footer.schema.to_arrow_schema(), _without_dictionary_reader(footer)
        if any(pa.types.is_dictionary(field.type) and field.name in plain for field in schema):
            # The Arrow schema in the footer would make pyarrow read dictionaries.
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
    """Read the footer of a Parquet file. Without its Arrow schema, columns get the types of Parquet itself."""
    if with_arrow_schema:
        with path.open("rb") as file:
            return pq.read_metadata(file)
    with path.open("rb") as file:
        file.seek(-_TAIL - footer_length(file), os.SEEK_END)
        footer = file.read()
    # Hide the Arrow schema: replace its key by one of the same length that no reader knows.
    return pq.read_metadata(pa.BufferReader(_MAGIC + footer.replace(b"ARROW:schema", b"arrow:schema")))


def _without_dictionary_reader(footer: pq.FileMetaData) -> set[str]:
    """Return the columns with an encoding that pyarrow decodes to text but not to a dictionary."""
    groups = map(footer.row_group, range(footer.num_row_groups))
    columns = (group.column(index) for group in groups for index in range(group.num_columns))
    return {column.path_in_schema for column in columns if not _DICTIONARY_ENCODINGS.issuperset(column.encodings)}


class _CsvTable(RawTable):
    """A gzip-compressed CSV, decompressed again for each read. A complete file ends with a checksum and a length."""

    def __init__(self, path: Path, check: Callable[[], None]) -> None:
        self._path = path
        self._check = check
        self._rows: int | None = None
        with self._unpacked() as text, pacsv.open_csv(text, _HEAD) as reader:
            try:
                names = reader.schema.names
            except UnicodeDecodeError as error:
                raise pa.ArrowInvalid(f"its header is not valid text: {error}") from None
        self.schema = pa.schema([(name, _type_of(name)) for name in names])

    @property
    def rows(self) -> int:
        if self._rows is None:
            # Any column will do. Read as bytes, only a broken file fails.
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
        """Do nothing: no file is open between two reads."""

    def _unpacked(self) -> BinaryIO:
        # pyarrow reads any object with `read` and `close`; its stubs require an IO.
        return cast(BinaryIO, _Unpacked(self._path, self._check))

    def _stream(self, kinds: Mapping[str, pa.DataType]) -> Iterator[pa.RecordBatch]:
        options = pacsv.ConvertOptions(
            column_types=dict(kinds), include_columns=list(kinds), null_values=[""], strings_can_be_null=False
        )
        try:
            with self._unpacked() as text, pacsv.open_csv(text, _BLOCK, convert_options=options) as reader:
                yield from reader
        except pa.ArrowInvalid as error:
            raise self._located(error) from None

    def _located(self, error: pa.ArrowInvalid) -> pa.ArrowInvalid:
        """Add the column's name and the row's number to an error about a value; return other errors unchanged."""
        found = _IN_COLUMN.fullmatch(str(error))
        if not found:
            return error
        name, problem, value = self.schema.names[int(found[1])], found[2], found[3]
        row = 0
        for batch in self._stream({name: pa.binary()}) if value else ():
            place = pc.index(batch.column(0), value.encode()).as_py()
            if place >= 0:
                kind = _KINDS[self.schema.field(name).type]
                return pa.ArrowInvalid(f"{name} is {excerpt(value)!r} in row {row + place} (from 0), which is not a {kind}")
            row += batch.num_rows
        return pa.ArrowInvalid(f"{name}: {problem}")


class _Unpacked(io.RawIOBase):
    """The text of a gzip file.

    Reading raises ExpandsTooFar once the text is longer than any recording of the file's size.
    """

    def __init__(self, path: Path, check: Callable[[], None]) -> None:
        self._check = check
        self._limit = _unpacked_limit(path.stat().st_size)
        self._read = 0
        self._stream = pa.input_stream(path, compression="gzip")

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        self._check()
        content = self._stream.read(size if size >= 0 else None)
        self._read += len(content)
        if self._read > self._limit:
            raise _expands_too_far(self._limit)
        return content

    def close(self) -> None:
        self._stream.close()
        super().close()


def _type_of(name: str) -> pa.DataType:
    return next((kind for names, kind in _TYPES if names.fullmatch(name)), pa.string())
