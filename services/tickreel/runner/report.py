"""The tables of a full run: orders, fills and equity from the outcome, ticks from the catalog, as Parquet."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from tickreel.accounting import scaled
from tickreel.accounting.scaled import Integers
from tickreel.runner.outcome import Outcome
from tickreel.runner.settlement import STATUSES
from tickreel.stores.trades import TradeRows

_TIME = pa.timestamp("ns", tz="UTC")
# An average price may have more decimals than a price.
_AVERAGE_DECIMALS = 8
_ROW_GROUP = 131_072


def write_orders(outcome: Outcome, path: Path) -> None:
    """Writes one row an order, in order of submission: the columns of orders.json."""
    orders, settlement, instrument = outcome.orders, outcome.settlement, outcome.config.instrument
    average_scale = instrument.price_precision + _AVERAGE_DECIMALS
    filled = settlement.filled.astype(object)
    average = scaled.divide_half_even(settlement.value * 10**_AVERAGE_DECIMALS, np.where(filled == 0, 1, filled))
    money = outcome.account.contract.money_precision
    _write(
        {
            "id": pa.array(np.arange(1, len(orders.side) + 1)),
            "ts_submitted": _times(orders.ts_submitted),
            "ts_closed": _times(settlement.ts_closed, settlement.ts_closed == 0),
            "side": _words(("buy", "sell"), orders.side < 0),
            # A market order has none.
            "price": decimals(orders.price, instrument.price_precision, orders.price == 0),
            "amount": decimals(orders.quantity, instrument.size_precision),
            "filled_amount": decimals(settlement.filled, instrument.size_precision),
            "average_price": decimals(average, average_scale, filled == 0),
            "fees": decimals(settlement.fees, money),
            "status": _words(STATUSES, settlement.status),
            "reason": pa.array(np.where(settlement.reason == "", None, settlement.reason), pa.string()),
        },
        path,
    )


def write_fills(outcome: Outcome, path: Path) -> None:
    """Writes one row a fill event, in the order they happened, with our fee and the engine's own."""
    fills, instrument = outcome.fills, outcome.config.instrument
    money = outcome.account.contract.money_precision
    _write(
        {
            "id": pa.array(np.arange(1, len(fills.order) + 1)),
            "order_id": pa.array(fills.order + 1),
            "ts": _times(fills.ts),
            "side": _words(("buy", "sell"), outcome.orders.side[fills.order] < 0),
            "price": decimals(fills.price, instrument.price_precision),
            "amount": decimals(fills.quantity, instrument.size_precision),
            "fee": decimals(outcome.account.fill_fees, money),
            "engine_fee": decimals(fills.commission, money),
            "liquidity": _words(("maker", "taker"), fills.taker),
        },
        path,
    )


def write_equity(outcome: Outcome, path: Path) -> None:
    """Writes one row a trade row, after its order has settled: the account marked as of that row."""
    account, at, rows = outcome.account, outcome.at, outcome.rows
    _write(
        {
            "ts": _times(rows.ts),
            "mark": decimals(rows.marks, rows.mark_scale),
            "position": decimals(account.position[at], outcome.config.instrument.size_precision),
            "realized_pnl": decimals(account.realized(at), account.scale),
            "unrealized_pnl": decimals(account.unrealized(at, rows.marks), account.scale),
            "fees": decimals(account.fees[at], account.scale),
            "equity": decimals(outcome.equity, account.scale),
            "drawdown": decimals(outcome.drawdown, account.scale),
        },
        path,
    )


def write_ticks(rows: Iterable[TradeRows], price_precision: int, size_precision: int, path: Path) -> None:
    """Writes the trade rows of the window, in replay order."""
    schema = pa.schema(
        {
            "ts_event": _TIME,
            "ts_init": _TIME,
            "price": pa.decimal128(38, price_precision),
            "size": pa.decimal128(38, size_precision),
            "side": pa.dictionary(pa.int8(), pa.string()),
            "trade_id": pa.string(),
        }
    )
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for chunk in rows:
            columns = [
                _times(chunk.ts_event),
                _times(chunk.ts_init),
                decimals(chunk.price(price_precision), price_precision),
                decimals(chunk.size(size_precision), size_precision),
                _words(("unknown", "buy", "sell"), chunk.side),
                pa.array(chunk.trade_id),
            ]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))


def decimals(values: Integers, scale: int, null: npt.NDArray[np.bool_] | None = None) -> pa.Decimal128Array:
    """Integers of a scale as Arrow decimals, null where `null` says so.

    Raises:
        OverflowError: A value has more than 38 digits.
    """
    limbs = np.empty((len(values), 2), dtype="<u8")
    if values.dtype == object:
        if scaled.largest(values) >= 10**38:
            raise OverflowError("an amount has more than the 38 digits that a decimal holds")
        limbs[:, 0] = values & 0xFFFFFFFFFFFFFFFF
        limbs[:, 1] = (values >> 64) & 0xFFFFFFFFFFFFFFFF
    else:
        limbs[:, 0] = values.astype(np.int64).view(np.uint64)
        limbs[:, 1] = (values.astype(np.int64) >> 63).view(np.uint64)
    valid = None if null is None else pa.array(~null.astype(bool)).buffers()[1]
    return pa.Array.from_buffers(pa.decimal128(38, scale), len(values), [valid, pa.py_buffer(limbs)])


def _times(nanoseconds: npt.NDArray[np.int64], null: npt.NDArray[np.bool_] | None = None) -> pa.TimestampArray:
    return pa.array(nanoseconds, mask=null).cast(_TIME)


def _words(words: tuple[str, ...], codes: npt.NDArray[np.generic]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int8)), pa.array(words))


def _write(columns: dict[str, pa.Array], path: Path) -> None:
    pq.write_table(pa.table(columns), path, compression="zstd", row_group_size=_ROW_GROUP)
