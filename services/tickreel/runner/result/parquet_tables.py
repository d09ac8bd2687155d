"""The Parquet tables of a full run.

Orders, updates, fills, positions and equity are written during the replay, ticks from the catalog.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from tickreel.accounting import scaled
from tickreel.accounting.account import Account
from tickreel.accounting.scaled import Integers
from tickreel.engine.event_record import CHANGES, MISSING, ORDER_TYPES, TIMES_IN_FORCE
from tickreel.engine.tape import Fills, Orders
from tickreel.rpc.errors import TickreelError, Violation
from tickreel.rpc.message_json import words
from tickreel.runner.ledger.fill_evidence import NONE, FillEvidence
from tickreel.runner.ledger.ledger import FillLinks, MarkedRows
from tickreel.runner.ledger.order_terms import UNKNOWN, YES, OrderTerms
from tickreel.runner.ledger.order_updates import NO_UPDATES, OrderUpdates
from tickreel.runner.ledger.positions import Positions
from tickreel.runner.ledger.settlement import STATUSES, Settlement
from tickreel.runner.window.recorded_times import NO_ROW, RecordedTimes
from tickreel.stores.converted_rows import RECORDED
from tickreel.stores.result_layout import ResultFile
from tickreel.stores.trades import TradeRows, tick_schema
from tickreel.v1 import order_pb2

_TIME = pa.timestamp("ns", tz="UTC")
# An average price may have more decimals than a price.
_AVERAGE_DECIMALS = 8
_ROW_GROUP = 131_072
# The digits of decimal128 in Arrow and DuckDB.
_DIGITS = 38
# The usual maximum for money, which leaves 14 digits before the point. Values that need more decimals get more.
_MONEY_DECIMALS = 24
_SECOND_DECIMALS = 9

_SIDES = ("buy", "sell")
_TYPES, _TIMES_IN_FORCE = (tuple(map(str.lower, names)) for names in (ORDER_TYPES, TIMES_IN_FORCE))
# By the numbers of the enum.
_STATES = tuple(words(order_pb2.OrderStatus.DESCRIPTOR))


class ReportTables:
    """Writes the tables of orders, updates, fills, positions and equity into a folder during the replay; a `ledger.Tables`.

    Args:
        account: At the start.
        price_decimals: Maximum decimals of a fill price.
        instrument_id: As in the config.

    Raises:
        TickreelError: DATA_REFUSED if the equity at the start does not fit into a decimal column.
    """

    def __init__(
        self, folder: Path, account: Account, price_decimals: int, recorded: RecordedTimes, instrument_id: str
    ) -> None:
        contract = self._contract = account.contract
        self._scale, self._mark_scale = account.scale, account.mark_scale
        self._money_scale = _money_scale(account)
        self._price_unit = 10 ** (contract.price_precision - price_decimals)
        self._recorded = recorded
        self._instrument_id = instrument_id
        self._orders, self._updates, self._fills, self._positions, self._equity = (
            _Table(folder / file)
            for file in (
                ResultFile.ORDERS,
                ResultFile.ORDER_UPDATES,
                ResultFile.FILLS,
                ResultFile.POSITIONS,
                ResultFile.EQUITY,
            )
        )
        self._order_count = self._update_count = self._fill_count = 0
        # A run without updates has a table without rows.
        self._no_updates = self._update_columns(NO_UPDATES)

    def add_orders(self, orders: Orders, settlement: Settlement, terms: OrderTerms) -> None:
        """Write one row per order, in order of submission: the columns of orders.json."""
        contract = self._contract
        count, first, before = len(orders.side), self._order_count + 1, self._order_count
        self._order_count += count
        self._orders.add(
            {
                "id": pa.array(np.arange(first, self._order_count + 1)),
                "ts_submitted": _times(orders.ts_submitted),
                "ts_closed": _times(settlement.ts_closed, settlement.ts_closed == 0),
                "side": _words(_SIDES, orders.side < 0),
                "price": self._price(terms.price, terms.exact.get("price")),
                "amount": _known(terms.quantity, contract.size_precision, terms.exact.get("quantity")),
                "filled_amount": decimals(settlement.filled, contract.size_precision),
                "average_price": self._average(settlement.value, settlement.filled, contract.price_precision),
                "fees": decimals(settlement.fees, contract.money_precision),
                "status": _words(STATUSES, settlement.status),
                "reason": _texts(settlement.stated_reason),
                **self._places(orders.ts_submitted),
                "order_type": _words(_TYPES, terms.type),
                "order_status": _words(_STATES, settlement.state),
                "trigger_price": self._price(terms.trigger_price, terms.exact.get("trigger_price")),
                "time_in_force": _words(_TIMES_IN_FORCE, terms.time_in_force, terms.time_in_force == 0),
                "post_only": _flags(terms.post_only),
                "reduce_only": _flags(terms.reduce_only),
                "quote_quantity": _flags(terms.quote_quantity),
                "expire_time": _known_times(terms.expire),
                "parent_order_id": _ids(terms.parent, before),
                "client_order_id": _texts_or_nulls(terms.names, count),
                "tags": _texts_or_nulls(terms.tags, count),
                "instrument_id": self._instrument(count),
                "updates": pa.array(terms.updates),
                "reason_group": _texts(settlement.reason),
                "initial_price": self._price(terms.initial_price, terms.exact.get("initial_price")),
                "initial_amount": _known(terms.initial_quantity, contract.size_precision, terms.exact.get("initial_quantity")),
                "initial_trigger_price": self._price(terms.initial_trigger_price, terms.exact.get("initial_trigger_price")),
                "sequence": _numbers(terms.sequence),
            }
        )

    def add_updates(self, updates: OrderUpdates) -> None:
        """Write one row per update, in order of events."""
        self._updates.add(self._update_columns(updates))
        self._update_count += len(updates.order)

    def _update_columns(self, updates: OrderUpdates) -> dict[str, pa.Array]:
        first, past = self._update_count + 1, self._update_count + 1 + len(updates.order)
        return {
            "id": pa.array(np.arange(first, past)),
            "order_id": pa.array(updates.order + 1),
            "ts": _times(updates.ts),
            "kind": _words(CHANGES, updates.kind),
            "order_type": _words(_TYPES, np.maximum(updates.type, 0), updates.type == MISSING),
            "price": self._price(updates.price, updates.exact.get("price")),
            "trigger_price": self._price(updates.trigger_price, updates.exact.get("trigger_price")),
            "amount": _known(updates.quantity, self._contract.size_precision, updates.exact.get("quantity")),
            "reason": _texts(updates.reason),
            **self._places(updates.ts),
            "sequence": pa.array(updates.sequence),
        }

    def add_fills(self, fills: Fills, fees: Integers, shown: FillEvidence | None, links: FillLinks) -> None:
        """Write one row per fill, in order of time, with our fee, the engine's fee, and the evidence in the data."""
        contract, count = self._contract, len(fills.order)
        first = self._fill_count + 1
        self._fill_count += count
        self._fills.add(
            {
                "id": pa.array(np.arange(first, self._fill_count + 1)),
                "order_id": pa.array(fills.order + 1),
                "ts": _times(fills.ts),
                "side": _words(_SIDES, fills.side < 0),
                "price": decimals(fills.price, contract.price_precision),
                "amount": decimals(fills.quantity, contract.size_precision),
                "fee": decimals(fees, contract.money_precision),
                "engine_fee": decimals(fills.commission, contract.money_precision),
                "liquidity": _words(("maker", "taker"), fills.taker),
                **(self._evidence(shown) if shown else {}),
                **self._places(fills.ts),
                "position_id": pa.array(links.position + 1),
                "instrument_id": self._instrument(count),
                "sequence": pa.array(links.sequence) if len(links.sequence) else pa.nulls(count, pa.int64()),
            }
        )

    def add_positions(self, positions: Positions, engine_ids: Sequence[str]) -> None:
        """Write one row per position, in order of opening."""
        contract, is_open = self._contract, positions.ts_closed == MISSING
        size, at_mark = contract.size_precision, self._mark_scale
        closed = np.where(is_open, 0, positions.ts_closed)
        opened_at, closed_at = self._places(positions.ts_opened), self._places(closed, is_open)
        self._positions.add(
            {
                "id": pa.array(positions.number + 1),
                "engine_id": _texts(np.array([*engine_ids, ""], dtype=object)[np.maximum(positions.engine, -1)]),
                "instrument_id": self._instrument(len(positions)),
                "entry_side": _words(_SIDES, positions.side < 0),
                "ts_opened": _times(positions.ts_opened),
                "ts_closed": _times(closed, is_open),
                "duration_seconds": decimals(closed - positions.ts_opened, _SECOND_DECIMALS, is_open),
                "amount": decimals(positions.amount, size),
                "open_amount": decimals(positions.open_amount, size),
                "average_entry": self._average(positions.entry_value, positions.entered, at_mark),
                "average_exit": self._average(positions.exit_value, positions.left, at_mark),
                "gross_pnl": self._money(positions.gross, self._scale),
                "fees": self._money(positions.fees, self._scale),
                "pnl": self._money(scaled.plus(positions.gross, -positions.fees), self._scale),
                "mae": self._money(positions.lowest, self._scale),
                "mfe": self._money(positions.highest, self._scale),
                "entry_order_id": _ids(positions.entry_order),
                "exit_order_id": _ids(positions.exit_order),
                "orders": pa.array(positions.orders),
                "fills": pa.array(positions.fills),
                "ts_opened_recorded": opened_at[RECORDED],
                "opened_trade_row": opened_at["trade_row"],
                "ts_closed_recorded": closed_at[RECORDED],
                "closed_trade_row": closed_at["trade_row"],
            }
        )

    def _price(self, values: Integers, exact: Mapping[int, str] | None) -> pa.Array:
        return _known(values, self._contract.price_precision, exact)

    def _average(self, value: Integers, size: Integers, price_scale: int) -> pa.Array:
        """Return average prices, rounded half-even to eight decimals more than prices of the data have; null without size.

        Args:
            value: Sums of price x size, with prices at `price_scale`.
        """
        size, precision = size.astype(object), self._contract.price_precision
        more = 10 ** (_AVERAGE_DECIMALS - (price_scale - precision))
        value = value.astype(object) // self._price_unit * more
        average = scaled.divide_half_even(value, np.where(size == 0, 1, size)) * self._price_unit
        return decimals(average, precision + _AVERAGE_DECIMALS, size == 0)

    def _instrument(self, count: int) -> pa.DictionaryArray:
        return _words((self._instrument_id,), np.zeros(count, dtype=np.int8))

    def _places(self, times: npt.NDArray[np.int64], null: npt.NDArray[np.bool_] | None = None) -> dict[str, pa.Array]:
        """Return the columns with the recorded time and the trade row of each replay time, or null."""
        rows = self._recorded.trade_rows(times)
        no_row = rows == NO_ROW if null is None else null | (rows == NO_ROW)
        return {RECORDED: _times(self._recorded.recorded(times), null), "trade_row": pa.array(rows, mask=no_row)}

    def _evidence(self, shown: FillEvidence) -> dict[str, pa.Array]:
        contract = self._contract
        size, price = contract.size_precision, contract.price_precision

        def known(values: Integers, scale: int) -> pa.Array:
            return decimals(values, scale, values == NONE)

        return {
            "print_size": known(shown.print_size, size),
            "print_used": known(shown.print_used, size),
            "displayed_size": known(shown.displayed, size),
            "displayed_used": known(shown.displayed_used, size),
            "backed_amount": decimals(shown.backed, size),
            "mid": known(shown.mid, price + 1),
            "touch": known(shown.touch, price),
            "book_age_seconds": known(shown.book_age, 9),
        }

    def add_equity(self, marked: MarkedRows) -> None:
        """Write one row per trade row, and one for the end: the account marked to market after the row's order settled."""
        account, at, marks = marked.account, marked.at, marked.marks
        self._equity.add(
            {
                "ts": _times(marked.ts),
                "mark": decimals(marks, marked.mark_scale),
                "position": decimals(account.position[at], self._contract.size_precision),
                "realized_pnl": self._money(account.realized(at), account.scale),
                "unrealized_pnl": self._money(account.unrealized(at, marks), account.scale),
                "fees": self._money(account.fees[at], account.scale),
                "equity": self._money(marked.equity, account.scale),
                "drawdown": self._money(marked.drawdown, account.scale),
            }
        )

    def _money(self, values: Integers, scale: int) -> pa.Array:
        """Return exact amounts of money as a decimal column.

        Raises:
            TickreelError: REPLAY_FAILED if an amount does not fit.
        """
        values = values // 10 ** (scale - self._money_scale)
        if scaled.largest(values) >= 10**_DIGITS:
            raise TickreelError("REPLAY_FAILED", f"an amount of money {_too_long(self._money_scale)}")
        return decimals(values, self._money_scale)

    def close(self) -> None:
        """Complete the files."""
        if not self._update_count:
            self._updates.add(self._no_updates)
        for table in (self._orders, self._updates, self._fills, self._positions, self._equity):
            table.close()


def _money_scale(account: Account) -> int:
    """Return the decimals of money in the tables of a run.

    These are the decimals of the account, without trailing zeros that would leave too few digits before the point.

    Args:
        account: At the start.

    Raises:
        TickreelError: DATA_REFUSED if the equity at the start does not fit.
    """
    scale = min(account.scale, max(_MONEY_DECIMALS, account.rounded_scale))
    if account.start // 10 ** (account.scale - scale) >= 10**_DIGITS:
        problem = f"{scaled.text(account.start, account.scale)} {_too_long(scale)}"
        raise TickreelError("DATA_REFUSED", f"the starting balance {problem}", [Violation("venue.starting_balance", problem)])
    return scale


def _too_long(scale: int) -> str:
    return (
        f"has more than the {_DIGITS} digits that a column of a full run holds, {scale} of them decimals; set"
        " instrument.price_precision and instrument.size_precision to fewer decimals, or run in fast mode"
    )


class _Table:
    """A Parquet file that collects small parts into full row groups."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: pq.ParquetWriter | None = None
        self._parts: list[pa.Table] = []

    def add(self, columns: dict[str, pa.Array]) -> None:
        self._parts.append(pa.table(columns))
        if sum(part.num_rows for part in self._parts) >= _ROW_GROUP:
            self._write()

    def close(self) -> None:
        self._write()
        if self._writer is not None:
            self._writer.close()

    def _write(self) -> None:
        if self._parts:
            table = pa.concat_tables(self._parts).unify_dictionaries()
            self._writer = self._writer or pq.ParquetWriter(self._path, table.schema, compression="zstd")
            self._writer.write_table(table, row_group_size=_ROW_GROUP)
            self._parts = []


def write_ticks(rows: Iterable[TradeRows], price_precision: int, size_precision: int, path: Path) -> None:
    """Write the trade rows of the window.

    Args:
        rows: In replay order, with the columns of `tick_schema`.
    """
    with pq.ParquetWriter(path, tick_schema(price_precision, size_precision), compression="zstd") as writer:
        first_row = 0
        for chunk in rows:
            writer.write_batch(chunk.to_batch(price_precision, size_precision, first_row))
            first_row += len(chunk)


def decimals(values: Integers, scale: int, null: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    """Return integers of a scale as Arrow decimals.

    Args:
        null: True where the result is null; shape (values,).

    Raises:
        OverflowError: A value has more than 38 digits.
    """
    limbs = np.empty((len(values), 2), dtype="<u8")
    if values.dtype == object:
        if scaled.largest(values) >= 10**_DIGITS:
            raise OverflowError(f"an amount has more than the {_DIGITS} digits that a decimal holds")
        limbs[:, 0] = values & 0xFFFFFFFFFFFFFFFF
        limbs[:, 1] = (values >> 64) & 0xFFFFFFFFFFFFFFFF
    else:
        limbs[:, 0] = values.astype(np.int64).view(np.uint64)
        limbs[:, 1] = (values.astype(np.int64) >> 63).view(np.uint64)
    valid = None if null is None else pa.array(~null.astype(bool)).buffers()[1]
    return pa.Array.from_buffers(pa.decimal128(38, scale), len(values), [valid, pa.py_buffer(limbs)])


def _times(nanoseconds: npt.NDArray[np.int64], null: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    return pa.array(nanoseconds, mask=null).cast(_TIME)


def _words(words: tuple[str, ...], codes: npt.NDArray[Any], null: npt.NDArray[np.bool_] | None = None) -> pa.DictionaryArray:
    indices: pa.Int8Array = pa.array(codes.astype(np.int8), pa.int8(), mask=null)
    return pa.DictionaryArray.from_arrays(indices, pa.array(words))


def _texts(texts: npt.NDArray[np.object_]) -> pa.Array:
    return pa.array(texts, pa.string(), mask=texts == "")


def _texts_or_nulls(texts: npt.NDArray[np.object_] | None, count: int) -> pa.Array:
    return pa.nulls(count, pa.string()) if texts is None else _texts(texts)


def _known(values: Integers, scale: int, exact: Mapping[int, str] | None = None) -> pa.Array:
    """Return decimals; null where a value is missing.

    Args:
        exact: By row, decimals that need a greater scale. All decimals then have that scale.
    """
    missing = values == MISSING
    values = np.where(missing, 0, values)
    if exact:
        split = {row: scaled.split(Decimal(text)) for row, text in exact.items()}
        most = max(decimals_ for _, decimals_ in split.values())
        values, scale = values.astype(object) * 10 ** (most - scale), most
        for row, (value, decimals_) in split.items():
            values[row] = value * 10 ** (scale - decimals_)
    return decimals(values, scale, missing)


def _known_times(nanoseconds: npt.NDArray[np.int64]) -> pa.Array:
    return _times(nanoseconds, nanoseconds == MISSING)


def _numbers(values: npt.NDArray[np.int64]) -> pa.Array:
    numbers: pa.Array = pa.array(values, mask=values == MISSING)
    return numbers


def _ids(rows: npt.NDArray[np.int64], before: int = 0) -> pa.Array:
    """Return the ids of rows, counted from 1 after the rows before; null where a row is missing."""
    ids: pa.Array = pa.array(np.where(rows == MISSING, 0, rows) + 1 + before, mask=rows == MISSING)
    return ids


def _flags(values: npt.NDArray[np.int64]) -> pa.Array:
    flags: pa.Array = pa.array(values == YES, mask=values == UNKNOWN)
    return flags
