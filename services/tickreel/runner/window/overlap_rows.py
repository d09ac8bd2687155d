"""The repeats and the contradictions in the rows of overlapping files."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tickreel.rpc.errors import TickreelError, Violation
from tickreel.runner.window.iso_time import iso
from tickreel.stores.repeats import NO_ROW, equal_rows, in_several_files, made_ids
from tickreel.stores.replay_clock import MICROSECOND, overfull
from tickreel.stores.view import MergedRows
from tickreel.v1 import result_pb2

Int64 = npt.NDArray[np.int64]

# The values of a trade in the order in which messages name them, with their names in the exchange schema.
_VALUES = {
    "recorded": "local_timestamp",
    "ts_event": "timestamp",
    "price": "price",
    "size": "amount",
    "aggressor_side": "side",
}
_REMEDY = (
    "replay one of these files at a time: set the option dataset to its day folder, "
    "give {field} one path with auto_discover false, or narrow time_window"
)


# At most this many pairs of files get a separate finding each. A year of overlapping days would have hundreds.
_MOST_FINDINGS = 10


@dataclass(frozen=True)
class Repeats:
    """The rows of a later file that repeat rows of an earlier one.

    Attributes:
        earlier, later: The raw files.
        first: The description of the first repeated row for messages.
        count: The number of repeated rows.
    """

    earlier: str
    later: str
    first: str
    count: int


def repeat_findings(repeats: Sequence[Repeats], *, books: bool) -> Iterator[result_pb2.Finding]:
    """Yield the findings on rows that are in several files and are replayed once."""
    kind = "book" if books else "trade"
    for pair in repeats[:_MOST_FINDINGS]:
        rows = f"{pair.count:,} {kind} row{'s' * (pair.count > 1)} of {pair.later}"
        are = "are" if pair.count > 1 else "is"
        yield _repeated(f"{rows} {are} also in {pair.earlier}; each is replayed once. The first is {pair.first}")
    if more := repeats[_MOST_FINDINGS:]:
        rows = f"{sum(pair.count for pair in more):,} more {kind} rows"
        yield _repeated(f"{rows} are in both files of {len(more):,} more pairs; each is replayed once")


def _repeated(message: str) -> result_pb2.Finding:
    return result_pb2.Finding(severity=result_pb2.SEVERITY_WARNING, code="ROWS_REPEATED", message=message)


class OverlapRows:
    """Counts the repeats in an overlap and detects contradictions, chunk by chunk.

    Args:
        sources: The raw files that overlap.
        books: Whether the files hold book snapshots.
    """

    def __init__(self, sources: Sequence[str], *, books: bool) -> None:
        self._sources = sources
        self._books = books
        # The first repeat and the number of repeats, by pair of files.
        self._repeats: dict[tuple[int, int], tuple[str, int]] = {}
        # Trades that only one file has. With three files or more, also the trades of all files.
        self._alone: list[pa.Table] = []
        self._all: list[pa.Table] = []

    def add(self, rows: MergedRows) -> None:
        """Add the next rows.

        Raises:
            TickreelError: DATA_REFUSED if equal trades have no ids, or a microsecond has too many books.
        """
        self._count(rows)
        if self._books:
            self._check_room(rows.recorded[rows.kept], rows.ts_init[rows.kept])
            return
        alone = rows.kept
        alone[rows.repeats[rows.repeats != NO_ROW]] = False
        self._alone.append(self._trades(rows, alone))
        if len(self._sources) > 2:
            self._all.append(self._trades(rows, rows.inside))

    def check_ids(self) -> None:
        """Check that no id belongs to different trades in two files. Call it after the last row.

        An id that several rows of a file share does not identify a trade, so it is ignored.

        Raises:
            TickreelError: DATA_REFUSED, with the files, the first such id, and the values that differ.
        """
        for tables in (self._alone, self._all):
            if tables:
                self._check_ids(pa.concat_tables(tables).unify_dictionaries().combine_chunks())

    def repeats(self) -> list[Repeats]:
        """Return the repeats of each pair of files."""
        pairs = sorted(self._repeats.items())
        return [Repeats(self._sources[one], self._sources[other], *found) for (one, other), found in pairs]

    def _count(self, rows: MergedRows) -> None:
        repeats = np.flatnonzero(rows.inside & (rows.repeats != NO_ROW))
        earlier, later = rows.file[rows.repeats[repeats]], rows.file[repeats]
        for pair in sorted(set(zip(earlier.tolist(), later.tolist(), strict=True))):
            of_pair = repeats[(earlier == pair[0]) & (later == pair[1])]
            first, count = self._repeats.get(pair, ("", 0))
            self._repeats[pair] = first or self._named(rows, int(of_pair[0])), count + len(of_pair)

    def _named(self, rows: MergedRows, row: int) -> str:
        recorded = f"recorded at {iso(int(rows.recorded[row]))}"
        return recorded if self._books else f"the trade {rows.batch.column('trade_id')[row]}, {recorded}"

    def _check_room(self, recorded: Int64, ts_init: Int64) -> None:
        full = overfull(recorded, ts_init)
        if full.any():
            instant = iso(int(recorded[full][0]))
            problem = f"together have more than {MICROSECOND} snapshots in the microsecond {instant}"
            raise self._refusal(range(len(self._sources)), f"{problem}, so the engine cannot keep their order")

    def _trades(self, rows: MergedRows, mask: npt.NDArray[np.bool_]) -> pa.Table:
        """Return the selected trades that have an id from the exchange.

        Raises:
            TickreelError: DATA_REFUSED if a trade without an id is equal to a trade of another file.
        """
        at = np.flatnonzero(mask)
        batch, file, recorded = rows.batch.take(at), rows.file[at], rows.recorded[at]
        made = made_ids(batch)
        if made.any():
            shared = np.flatnonzero(in_several_files(file, recorded))
            self._check_rows_without_ids(batch.take(shared), file[shared], recorded[shared], made[shared])
        columns: dict[str, pa.Array] = {name: batch.column(name) for name in ("price", "size", "trade_id")}
        columns |= {
            "ts_event": batch.column("ts_event").cast(pa.int64()),
            "aggressor_side": batch.column("aggressor_side").cast(pa.string()),
            "recorded": pa.array(recorded, pa.int64()),
            "file": pa.array(file, pa.int64()),
        }
        return pa.table(columns).filter(pa.array(~made))

    def _check_rows_without_ids(self, batch: pa.RecordBatch, file: Int64, recorded: Int64, made: npt.NDArray[np.bool_]) -> None:
        if not len(file):
            return
        group = equal_rows(batch, recorded, with_ids=False)
        lowest, highest = np.full(len(file), len(self._sources)), np.full(len(file), -1)
        np.minimum.at(lowest, group, file)
        np.maximum.at(highest, group, file)
        unknown = (lowest < highest) & (np.bincount(group[made], minlength=len(file)) > 0)
        rows = np.flatnonzero(unknown[group])
        if len(rows):
            pair = int(lowest[group[rows[0]]]), int(highest[group[rows[0]]])
            problem = "have equal trades without exchange ids, which may be one trade or two"
            raise self._refusal(pair, f"{problem} (the first recorded at {iso(int(recorded[rows[0]]))})")

    def _check_ids(self, table: pa.Table) -> None:
        number = table["trade_id"].combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
        file, recorded = table["file"].to_numpy(), table["recorded"].to_numpy()
        order = np.lexsort((recorded, file, number))
        number, file = number[order], file[order]
        same_id = number[1:] == number[:-1]
        same_file = same_id & (file[1:] == file[:-1])
        single = ~np.append(False, same_file) & ~np.append(same_file, False)
        firsts = np.flatnonzero(same_id & single[:-1] & single[1:])
        if not len(firsts):
            return
        values = table.select(list(_VALUES))
        one, other = (values.take(order[firsts + step]) for step in (0, 1))
        differs = np.zeros(len(firsts), dtype=np.bool_)
        for name in _VALUES:
            differs |= pc.not_equal(one[name], other[name]).to_numpy()
        clashes = np.flatnonzero(differs)
        if not len(clashes):
            return
        at = int(clashes[np.argmin(one["recorded"].to_numpy()[clashes])])
        rows = [table.slice(at, 1).to_pylist()[0] for table in (one, other)]
        named = (
            f"{name} {_text(rows[0][key])} and {_text(rows[1][key])}"
            for key, name in _VALUES.items()
            if rows[0][key] != rows[1][key]
        )
        trade_id = table["trade_id"][int(order[firsts[at]])].as_py()
        problem = f"have different trades with the id {trade_id}: {', '.join(named)}"
        others = f" (and {len(clashes) - 1:,} more ids)" if len(clashes) > 1 else ""
        raise self._refusal(file[firsts[at] : firsts[at] + 2].tolist(), problem + others, trade_id=trade_id)

    def _refusal(self, files: Collection[int], problem: str, **metadata: str) -> TickreelError:
        sources = " and ".join(self._sources[file] for file in files)
        field = f"data_catalog.{'book_snapshot_5_path' if self._books else 'trades_path'}"
        violation = Violation(field, _REMEDY.format(field=field))
        return TickreelError("DATA_REFUSED", f"{sources} overlap and {problem}", [violation], **metadata)


def _text(value: int | str | Decimal) -> str:
    """Format a value for messages: a time in ISO 8601, a decimal without trailing zeros."""
    if isinstance(value, int):
        return iso(value)
    return f"{value.normalize():f}" if isinstance(value, Decimal) else value
