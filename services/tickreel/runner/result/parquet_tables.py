"""The Parquet tables of a full run: orders, fills and equity, written during the replay, and ticks from the catalog."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from tickreel.accounting import scaled
from tickreel.accounting.account import Account
from tickreel.accounting.scaled import Integers
from tickreel.engine.tape import Fills, Orders
from tickreel.rpc.errors import TickreelError, Violation
from tickreel.runner.ledger.fill_evidence import NONE, FillEvidence
from tickreel.runner.ledger.ledger import MarkedRows
from tickreel.runner.ledger.settlement import STATUSES, Settlement
from tickreel.runner.window.recorded_times import NO_ROW, RecordedTimes
from tickreel.stores.converted_rows import RECORDED
from tickreel.stores.result_layout import ResultFile
from tickreel.stores.trades import TradeRows, tick_schema

_TIME = pa.timestamp("ns", tz="UTC")
# An average price may have more decimals than a price.
_AVERAGE_DECIMALS = 8
_ROW_GROUP = 131_072
# The digits of decimal128 in Arrow and DuckDB.
_DIGITS = 38
# The usual maximum for money, which leaves 14 digits before the point. Values that need more decimals get more.
_MONEY_DECIMALS = 24


class ReportTables:
    """Writes orders.parquet, fills.parquet and equity.parquet into a folder during the replay; a `ledger.Tables`.

    Args:
        account: At the start.
        price_decimals: Maximum decimals of a fill price.

    Raises:
        TickreelError: DATA_REFUSED if the equity at the start does not fit into a decimal column.
    """

    def __init__(self, folder: Path, account: Account, price_decimals: int, recorded: RecordedTimes) -> None:
        contract = self._contract = account.contract
        self._money_scale = _money_scale(account)
        self._price_unit = 10 ** (contract.price_precision - price_decimals)
        self._recorded = recorded
        self._orders, self._fills, self._equity = (
            _Table(folder / file) for file in (ResultFile.ORDERS, ResultFile.FILLS, ResultFile.EQUITY)
        )
        self._order_count = self._fill_count = 0

    def add_orders(self, orders: Orders, settlement: Settlement) -> None:
        """Write one row per order, in order of submission: the columns of orders.json."""
        contract = self._contract
        filled = settlement.filled.astype(object)
        value = settlement.value.astype(object) // self._price_unit * 10**_AVERAGE_DECIMALS
        average = scaled.divide_half_even(value, np.where(filled == 0, 1, filled)) * self._price_unit
        first = self._order_count + 1
        self._order_count += len(orders.side)
        self._orders.add(
            {
                "id": pa.array(np.arange(first, self._order_count + 1)),
                "ts_submitted": _times(orders.ts_submitted),
                "ts_closed": _times(settlement.ts_closed, settlement.ts_closed == 0),
                "side": _words(("buy", "sell"), orders.side < 0),
                # Market orders have price 0 here, and null in the table.
                "price": decimals(orders.price, contract.price_precision, orders.price == 0),
                "amount": decimals(orders.quantity, contract.size_precision),
                "filled_amount": decimals(settlement.filled, contract.size_precision),
                "average_price": decimals(average, contract.price_precision + _AVERAGE_DECIMALS, filled == 0),
                "fees": decimals(settlement.fees, contract.money_precision),
                "status": _words(STATUSES, settlement.status),
                "reason": pa.array(settlement.reason, pa.string(), mask=settlement.reason == ""),
                **self._places(orders.ts_submitted),
            }
        )

    def add_fills(self, fills: Fills, fees: Integers, shown: FillEvidence | None) -> None:
        """Write one row per fill, in order of time, with our fee, the engine's fee, and the evidence in the data."""
        contract = self._contract
        first = self._fill_count + 1
        self._fill_count += len(fills.order)
        self._fills.add(
            {
                "id": pa.array(np.arange(first, self._fill_count + 1)),
                "order_id": pa.array(fills.order + 1),
                "ts": _times(fills.ts),
                "side": _words(("buy", "sell"), fills.side < 0),
                "price": decimals(fills.price, contract.price_precision),
                "amount": decimals(fills.quantity, contract.size_precision),
                "fee": decimals(fees, contract.money_precision),
                "engine_fee": decimals(fills.commission, contract.money_precision),
                "liquidity": _words(("maker", "taker"), fills.taker),
                **(self._evidence(shown) if shown else {}),
                **self._places(fills.ts),
            }
        )

    def _places(self, times: npt.NDArray[np.int64]) -> dict[str, pa.Array]:
        """Return the columns with the recorded time and the trade row of each replay time."""
        rows = self._recorded.trade_rows(times)
        return {RECORDED: _times(self._recorded.recorded(times)), "trade_row": pa.array(rows, mask=rows == NO_ROW)}

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
        for table in (self._orders, self._fills, self._equity):
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


def _words(words: tuple[str, ...], codes: npt.NDArray[np.generic]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(codes.astype(np.int8), pa.array(words))
