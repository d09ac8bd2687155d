"""The timeline of a full run and its JSON files, which DuckDB makes from the Parquet tables in bounded memory."""

import contextlib
import itertools
import shutil
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from tickreel.runner.window.iso_time import iso
from tickreel.stores.result_layout import ResultFile
from tickreel.stores.table_text import BATCH_ROWS, write_json

_MEMORY = "384MB"
# The timeline is sorted in parts of about this many ticks.
_PART_TICKS = 100_000
# Before and after every possible event, UNIX nanoseconds.
_EARLIEST, _LATEST = 0, 2**62
# DuckDB's strftime is not safe with nanoseconds, so the macro formats µs and appends the nanoseconds of the second.
_ISO = """
CREATE MACRO iso(ts) AS strftime(make_timestamp(epoch_ns(ts) // 1000), '%Y-%m-%dT%H:%M:%S')
    || '.' || lpad((epoch_ns(ts) % 1000000000)::VARCHAR, 9, '0') || 'Z'
"""

# At the same instant: the print, then the events of orders in the engine's sequence. Where that was not recorded, orders come
# before fills: each order of a copying strategy follows from the print.
_TIMELINE = """
SELECT iso(ts) AS ts, event, data, iso(ts_recorded) AS ts_recorded, trade_row FROM (
    SELECT ts_init AS ts, 0 AS rank, file_row_number AS number, 'Trade' AS event,
        json_object('trade_id', trade_id, 'side', side, 'price', price::VARCHAR, 'size', size::VARCHAR) AS data,
        ts_recorded, trade_row
    FROM read_parquet($ticks, file_row_number = true) WHERE ts_init >= $start AND ts_init < $end
    UNION ALL
    SELECT ts_submitted, 1, coalesce(sequence, id), 'Order',
        json_object('id', id::VARCHAR, 'side', side, 'price', price::VARCHAR, 'amount', amount::VARCHAR, 'status', status),
        ts_recorded, trade_row
    FROM read_parquet($orders) WHERE ts_submitted >= $start AND ts_submitted < $end
    UNION ALL
    SELECT ts, 1, sequence, 'Update',
        json_object('order_id', order_id::VARCHAR, 'kind', kind, 'price', price::VARCHAR,
            'trigger_price', trigger_price::VARCHAR, 'amount', amount::VARCHAR, 'reason', reason),
        ts_recorded, trade_row
    FROM read_parquet($order_updates) WHERE ts >= $start AND ts < $end
    UNION ALL
    SELECT ts, CASE WHEN sequence IS NULL THEN 2 ELSE 1 END, coalesce(sequence, id), 'Fill',
        json_object('order_id', order_id::VARCHAR, 'side', side, 'price', price::VARCHAR, 'amount', amount::VARCHAR,
            'fee', fee::VARCHAR, 'liquidity', liquidity),
        ts_recorded, trade_row
    FROM read_parquet($fills) WHERE ts >= $start AND ts < $end
) ORDER BY ts, rank, number
"""


_NOT_OF_COPIES = frozenset(
    (
        *("trigger_price", "post_only", "reduce_only", "quote_quantity", "expire_time", "parent_order_id"),
        *("client_order_id", "tags", "instrument_id", "updates", "reason_group"),
        *("initial_price", "initial_amount", "initial_trigger_price", "sequence"),
    )
)


class JsonExports:
    """Writes JSON from the Parquet tables in a folder. DuckDB spills to the same folder when memory runs out."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._database = duckdb.connect(config={"memory_limit": _MEMORY, "temp_directory": str(folder / ".spill")})
        self._database.execute(_ISO)

    def orders(self) -> None:
        """Write orders.json: an array with one object per order.

        For a copying strategy, the columns are left out that say the same of each of its orders.
        """
        rows = pq.read_metadata(self._folder / ResultFile.ORDERS)
        names = rows.schema.to_arrow_schema().names
        if rows.num_rows and _is_null(rows, "client_order_id"):
            names = [name for name in names if name not in _NOT_OF_COPIES]
        self._write(ResultFile.ORDERS, self._folder / ResultFile.ORDERS_JSON, names=names)

    def timeline_table(self) -> None:
        """Write timeline.parquet: every trade, order, update and fill in order.

        The data of an event is JSON text, because each kind of event has its own fields.
        """
        edges = self._edges()
        with contextlib.ExitStack() as opened:
            writer: pq.ParquetWriter | None = None
            # In parts, because sorting everything at once takes more memory than the limit.
            for start, end in itertools.pairwise(edges):
                query = self._filled_in(_TIMELINE, start=_instant(start), end=_instant(end))
                table = self._database.sql(query).to_arrow_table()
                if writer is None:
                    path = self._folder / ResultFile.TIMELINE
                    writer = opened.enter_context(pq.ParquetWriter(path, table.schema, compression="zstd"))
                writer.write_table(table)

    def _edges(self) -> list[int]:
        """Return the bounds of the parts, UNIX nanoseconds, from before the first event to after the last."""
        ticks = pq.read_table(self._folder / ResultFile.TICKS, columns=["ts_init"])["ts_init"].cast(pa.int64()).to_numpy()
        return [_EARLIEST, *ticks[_PART_TICKS::_PART_TICKS].tolist(), _LATEST]

    def timeline(self) -> None:
        """Write timeline.json: an array of the rows of timeline.parquet, which `timeline_table` must have written."""
        self._write(ResultFile.TIMELINE, self._folder / ResultFile.TIMELINE_JSON)

    def ticks(self, head: dict[str, object], path: Path) -> None:
        """Write a tick export: an object with the keys of `head` and the array `ticks`."""
        self._write(ResultFile.TICKS, path, head)

    def close(self) -> None:
        """Close the database and delete its spilled files."""
        self._database.close()
        shutil.rmtree(self._folder / ".spill", ignore_errors=True)

    def _write(
        self, table: ResultFile, path: Path, head: dict[str, object] | None = None, names: list[str] | None = None
    ) -> None:
        with pq.ParquetFile(self._folder / table, pre_buffer=False) as rows, path.open("wb") as file:
            write_json(file, rows.iter_batches(BATCH_ROWS, columns=names), head, Path(table).stem)

    def _filled_in(self, statement: str, **values: str) -> str:
        """Return a statement with its placeholders replaced by the tables of the folder and by values."""
        files = {
            "ticks": ResultFile.TICKS,
            "orders": ResultFile.ORDERS,
            "order_updates": ResultFile.ORDER_UPDATES,
            "fills": ResultFile.FILLS,
        }
        for name, value in ({name: _quoted(self._folder / file) for name, file in files.items()} | values).items():
            statement = statement.replace(f"${name}", value)
        return statement


def _is_null(rows: pq.FileMetaData, name: str) -> bool:
    """Return whether the statistics of a column say that it has only nulls."""
    index = rows.schema.to_arrow_schema().get_field_index(name)
    groups = [rows.row_group(number).column(index).statistics for number in range(rows.num_row_groups)]
    return all(statistics is not None and statistics.num_values == 0 for statistics in groups)


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _instant(nanoseconds: int) -> str:
    return f"'{iso(nanoseconds)}'::TIMESTAMPTZ_NS"
