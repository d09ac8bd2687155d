"""The JSON of a full run, made from its Parquet tables by DuckDB: streamed, in bounded memory."""

import contextlib
import itertools
import json
import shutil
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from tickreel.runner.outcome import iso

_MEMORY = "384MB"
# Ticks between two of the instants that a timeline is cut at.
_STRETCH = 100_000
# Before and after anything that was ever traded.
_EARLIEST, _LATEST = 0, 2**62
# Times to the nanosecond. DuckDB's strftime is not safe with nanoseconds, so the parts are put together here.
_ISO = """
CREATE MACRO iso(ts) AS strftime(make_timestamp(epoch_ns(ts) // 1000), '%Y-%m-%dT%H:%M:%S')
    || '.' || lpad((epoch_ns(ts) % 1000000000)::VARCHAR, 9, '0') || 'Z'
"""
# An average keeps eight decimals more than a price where it needs them.
_AVERAGE = "CREATE MACRO average(price) AS regexp_replace(price::VARCHAR, '0{1,8}$', '')"

_ORDER_COLUMNS = """
    id::VARCHAR AS id, iso(ts_submitted) AS ts_submitted, iso(ts_closed) AS ts_closed, side, price::VARCHAR AS price,
    amount::VARCHAR AS amount, filled_amount::VARCHAR AS filled_amount, average(average_price) AS average_price,
    fees::VARCHAR AS fees, status, reason
"""

_TICK_COLUMNS = """
    iso(ts_event) AS ts_event, iso(ts_init) AS ts_init, price::VARCHAR AS price, size::VARCHAR AS size, side, trade_id
"""

# At one instant: the print, the order that it caused, and what that order filled.
_TIMELINE = """
SELECT iso(ts) AS ts, event, data FROM (
    SELECT ts_init AS ts, 0 AS rank, file_row_number AS number, 'Trade' AS event,
        json_object('trade_id', trade_id, 'side', side, 'price', price::VARCHAR, 'size', size::VARCHAR) AS data
    FROM read_parquet($ticks, file_row_number = true) WHERE ts_init >= $start AND ts_init < $end
    UNION ALL
    SELECT ts_submitted, 1, id, 'Order',
        json_object('id', id::VARCHAR, 'side', side, 'price', price::VARCHAR, 'amount', amount::VARCHAR, 'status', status)
    FROM read_parquet($orders) WHERE ts_submitted >= $start AND ts_submitted < $end
    UNION ALL
    SELECT ts, 2, id, 'Fill',
        json_object('order_id', order_id::VARCHAR, 'side', side, 'price', price::VARCHAR, 'amount', amount::VARCHAR,
            'fee', fee::VARCHAR, 'liquidity', liquidity)
    FROM read_parquet($fills) WHERE ts >= $start AND ts < $end
) ORDER BY ts, rank, number
"""


class JsonExports:
    """Writes JSON from the Parquet tables in a folder, which also takes what does not fit into memory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._database = duckdb.connect(config={"memory_limit": _MEMORY, "temp_directory": str(folder / ".spill")})
        for macro in (_ISO, _AVERAGE):
            self._database.execute(macro)

    def orders(self) -> None:
        """orders.json: an array, one object an order."""
        self._copy(f"SELECT {_ORDER_COLUMNS} FROM read_parquet($orders)", self._folder / "orders.json")

    def timeline_table(self) -> None:
        """timeline.parquet: what happened, in order, each trade, order and fill; the data of an event is JSON text, since each
        kind has its own."""
        edges = self._edges()
        with contextlib.ExitStack() as opened:
            writer: pq.ParquetWriter | None = None
            # A stretch at a time: a sort of everything takes more memory than there may be.
            for start, end in itertools.pairwise(edges):
                query = self._filled_in(_TIMELINE, start=_instant(start), end=_instant(end))
                table = self._database.sql(query).to_arrow_table()
                if writer is None:
                    path = self._folder / "timeline.parquet"
                    writer = opened.enter_context(pq.ParquetWriter(path, table.schema, compression="zstd"))
                writer.write_table(table)

    def _edges(self) -> list[int]:
        """Instants with about so many ticks between two, from before the first event to after the last, UNIX nanoseconds."""
        ticks = pq.read_table(self._folder / "ticks.parquet", columns=["ts_init"])["ts_init"].cast("int64").to_numpy()
        return [_EARLIEST, *ticks[_STRETCH::_STRETCH].tolist(), _LATEST]

    def timeline(self) -> None:
        """timeline.json: an array of the rows of timeline.parquet, which must be there."""
        self._copy("SELECT ts, event, data::JSON AS data FROM read_parquet($timeline)", self._folder / "timeline.json")

    def ticks(self, head: dict[str, object], path: Path) -> None:
        """A tick export: an object with the keys of `head` and the array `ticks`."""
        rows = path.with_name(f"{path.name}.rows")
        try:
            self._copy(f"SELECT {_TICK_COLUMNS} FROM read_parquet($ticks)", rows)
            with path.open("wb") as whole, rows.open("rb") as array:
                whole.write(json.dumps(head)[:-1].encode() + b', "ticks": ')
                shutil.copyfileobj(array, whole, 1 << 20)
                whole.write(b"}\n")
        finally:
            rows.unlink(missing_ok=True)

    def close(self) -> None:
        """Ends the database and what it put aside."""
        self._database.close()
        shutil.rmtree(self._folder / ".spill", ignore_errors=True)

    def _copy(self, query: str, path: Path) -> None:
        self._run(f"COPY ({query}) TO $path (FORMAT json, ARRAY true)", path)

    def _run(self, statement: str, path: Path) -> None:
        self._database.execute(self._filled_in(statement, path=_quoted(path)))

    def _filled_in(self, statement: str, **values: str) -> str:
        """A statement with the tables of the folder in it; COPY takes no parameters."""
        names = ("ticks", "orders", "fills", "timeline")
        for name, value in ({name: _quoted(self._folder / f"{name}.parquet") for name in names} | values).items():
            statement = statement.replace(f"${name}", value)
        return statement


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _instant(nanoseconds: int) -> str:
    return f"'{iso(nanoseconds)}'::TIMESTAMPTZ_NS"
