"""The statistics of a run. Fills, orders and rows may be added in batches of any length with the same result."""

from collections import defaultdict
from dataclasses import dataclass, fields
from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import numpy.typing as npt

from tickreel.accounting import scaled
from tickreel.accounting.account import Account
from tickreel.accounting.positions import Positions
from tickreel.accounting.returns import HOUR, HourlyEquity, Ratios
from tickreel.accounting.scaled import Integers
from tickreel.engine.event_record import ORDER_TYPES
from tickreel.engine.tape import Fills, Orders
from tickreel.runner.ledger.settlement import STATUSES, Settlement
from tickreel.v1 import order_pb2, statistics_pb2

Int64 = npt.NDArray[np.int64]

PLACES = 6
"""Decimals of shares and ratios."""
_SECOND_DECIMALS = 9


@dataclass
class _Closing:
    """Orders that reduced a position, and their profits at the account's scale."""

    orders: int = 0
    won: int = 0
    lost: int = 0
    profit: int = 0
    loss: int = 0
    largest_win: int = 0
    largest_loss: int = 0

    def add(self, profits: Integers) -> None:
        won, lost = profits[profits > 0], -profits[profits < 0]
        self.orders += len(profits)
        self.won += len(won)
        self.lost += len(lost)
        self.profit += scaled.sum_of(won)
        self.loss += scaled.sum_of(lost)
        self.largest_win = max(self.largest_win, scaled.largest(won))
        self.largest_loss = max(self.largest_loss, scaled.largest(lost))


@dataclass
class _Traded:
    """Sums over some fills: volume in units of the size precision, money at the account's scale."""

    fills: int = 0
    volume: int = 0
    turnover: int = 0
    fees: int = 0
    realized: int = 0

    def add(self, other: "_Traded") -> None:
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))


@dataclass
class _OfType:
    """Orders of one type and their fills: volume in units of the size precision, fees in units of the currency's precision."""

    orders: int = 0
    filled: int = 0
    fills: int = 0
    volume: int = 0
    fees: int = 0


@dataclass(frozen=True)
class _Steps:
    """Changes of the account by each fill; every column has shape (fills,)."""

    volume: Integers
    turnover: Integers
    fees: Integers
    realized: Integers

    def total(self, chosen: npt.NDArray[np.bool_] | slice) -> _Traded:
        """Return the sums over the chosen fills."""
        columns = (self.volume, self.turnover, self.fees, self.realized)
        return _Traded(len(self.volume[chosen]), *(scaled.sum_of(column[chosen]) for column in columns))


class Statistics:
    """Accumulates the fills of a run, its orders and its marked rows.

    Args:
        account: Before the first fill.
        span: Times of the first and the last row of the window, UNIX nanoseconds.
    """

    def __init__(self, account: Account, span: tuple[int, int]) -> None:
        self._span = span
        self._positions = Positions(span, int(account.position[-1]))
        self._equity = HourlyEquity(account.start)
        self._hours: defaultdict[int, _Traded] = defaultdict(_Traded)
        self._liquidity = (_Traded(), _Traded())
        self._types: defaultdict[int, _OfType] = defaultdict(_OfType)
        self._closing = _Closing()
        # Index 0: short positions, 1: long positions.
        self._sides = (_Closing(), _Closing())
        self._realized, self._closed_fees = [0, 0], [0, 0]
        self._slippage = 0

    def add_fills(self, account: Account, taker: Int64) -> None:
        """Add the next fills.

        Args:
            account: The account over these fills.
            taker: 1 if the fill took liquidity, 0 if it made liquidity; shape (fills,).
        """
        self._positions.add(account)
        if not len(account.ts):
            return
        # These differences cannot overflow: the account chose its dtype for sums of larger values.
        volume, turnover = np.abs(np.diff(account.position)), np.abs(np.diff(account.cash))
        steps = _Steps(volume, turnover, np.diff(account.fees), np.diff(account.cash + account.cost))
        hours = account.ts // HOUR
        first = np.flatnonzero(np.diff(hours, prepend=-1))
        for start, end in zip(first.tolist(), [*first[1:].tolist(), len(hours)], strict=True):
            self._hours[int(hours[start]) % 24].add(steps.total(slice(start, end)))
        for is_taker, traded in enumerate(self._liquidity):
            traded.add(steps.total(taker == is_taker))
        before, after = account.own_before, account.own_after
        long = (before > 0) | ((before == 0) & (after > 0))
        closed_fees = np.diff(account.fees - account.entry_fees)
        for side, chosen in enumerate((~long, long)):
            self._realized[side] += scaled.sum_of(steps.realized[chosen])
            self._closed_fees[side] += scaled.sum_of(closed_fees[chosen])

    def add_rows(self, ts: Int64, equity: Integers) -> None:
        """Add the next marked rows, in order of time."""
        self._equity.add(ts, equity)

    def add_orders(self, orders: Orders, fills: Fills, closes: npt.NDArray[np.bool_], earned: Integers) -> None:
        """Add settled orders.

        Args:
            fills: All fills of these orders.
            closes: Whether each fill reduced the position; shape (fills,).
            earned: Profit that each fill realized, after fees, at the account's scale; shape (fills,).
        """
        closing, place = np.unique(fills.order[closes], return_inverse=True)
        profits = scaled.sums_at(earned[closes], place, len(closing))
        # Sell orders close long positions.
        sells = orders.side[closing] < 0
        self._closing.add(profits)
        for side, chosen in zip(self._sides, (~sells, sells), strict=True):
            side.add(profits[chosen])

    def add_types(self, types: Int64, settlement: Settlement, fills: Fills, fees: Integers) -> None:
        """Add settled orders by type.

        Args:
            types: Position in `ORDER_TYPES` of each order; shape (orders,).
            fills: All fills of these orders.
            fees: Fee of each fill, in units of the currency's precision; shape (fills,).
        """
        complete, of_fill = settlement.status == STATUSES.index("filled"), types[fills.order]
        for kind in np.unique(types).tolist():
            of_type, chosen, filled = self._types[kind], types == kind, of_fill == kind
            of_type.orders += int(np.count_nonzero(chosen))
            of_type.filled += int(np.count_nonzero(chosen & complete))
            of_type.fills += int(np.count_nonzero(filled))
            of_type.volume += scaled.sum_of(fills.quantity[filled])
            of_type.fees += scaled.sum_of(fees[filled])

    def add_slippage(self, slippage: Integers) -> None:
        """Add the cost of fills beyond the marks at the submission of their orders, at the account's scale; shape (fills,)."""
        self._slippage += scaled.sum_of(slippage)

    def message(self, account: Account, last_mark: int, final_equity: int) -> statistics_pb2.RunStatistics:
        """Return the statistics after the last row and fill.

        Args:
            account: At the end.
            last_mark: At the account's mark scale.
            final_equity: At the account's scale.
        """
        self._positions.close()
        scale, size_scale = account.scale, account.contract.size_precision
        closing = self._closing
        turnover = sum(traded.turnover for traded in self._liquidity)

        def money(value: int) -> str:
            return scaled.text(value, scale)

        found = statistics_pb2.RunStatistics(
            closing_orders=closing.orders,
            winning_orders=closing.won,
            losing_orders=closing.lost,
            win_rate=scaled.ratio(closing.won, closing.orders, PLACES),
            gross_profit=money(closing.profit),
            gross_loss=money(closing.loss),
            profit_factor=scaled.ratio(closing.profit, closing.loss, PLACES),
            expectancy=scaled.mean(closing.profit - closing.loss, closing.orders, scale),
            largest_win=money(closing.largest_win) if closing.won else None,
            largest_loss=money(closing.largest_loss) if closing.lost else None,
            turnover=money(turnover),
            slippage=money(self._slippage),
            average_slippage_bps=scaled.ratio(self._slippage * 10_000, turnover, PLACES),
            position=self._position(size_scale),
            returns=_returns(self._equity.ratios(self._span)),
        )
        still_open = account.open_by_side(last_mark)
        for side, name in ((1, statistics_pb2.POSITION_SIDE_LONG), (0, statistics_pb2.POSITION_SIDE_SHORT)):
            open_pnl, open_fees = still_open[side]
            realized, fees = self._realized[side], self._closed_fees[side] + open_fees
            found.by_side.add(
                side=name,
                closing_orders=self._sides[side].orders,
                winning_orders=self._sides[side].won,
                realized_pnl=money(realized),
                unrealized_pnl=money(open_pnl),
                fees=money(fees),
                pnl=money(realized + open_pnl - fees),
            )
        earned = self._equity.pnl_by_hour(self._span[1], final_equity)
        for hour in sorted({*earned, *self._hours}):
            traded = self._hours[hour]
            found.by_hour.add(
                hour=hour,
                fills=traded.fills,
                volume=scaled.text(traded.volume, size_scale),
                fees=money(traded.fees),
                realized_pnl=money(traded.realized),
                pnl=money(earned.get(hour, 0)),
            )
        kinds = (statistics_pb2.LIQUIDITY_MAKER, statistics_pb2.LIQUIDITY_TAKER)
        fills, volume, fees = (sum(getattr(traded, name) for traded in self._liquidity) for name in ("fills", "volume", "fees"))
        # A rebate is no share of the fees.
        paid = fees if all(traded.fees >= 0 for traded in self._liquidity) else 0
        for kind, traded in zip(kinds, self._liquidity, strict=True):
            if traded.fills:
                found.by_liquidity.add(
                    liquidity=kind,
                    fills=traded.fills,
                    volume=scaled.text(traded.volume, size_scale),
                    turnover=money(traded.turnover),
                    fees=money(traded.fees),
                    fill_share=scaled.ratio(traded.fills, fills, PLACES),
                    volume_share=scaled.ratio(traded.volume, volume, PLACES),
                    fee_share=scaled.ratio(traded.fees, paid, PLACES),
                )
        for code, of_type in sorted(self._types.items()):
            found.by_order_type.add(
                order_type=order_pb2.OrderType.Value(f"ORDER_TYPE_{ORDER_TYPES[code]}"),
                orders=of_type.orders,
                orders_filled=of_type.filled,
                fills=of_type.fills,
                volume=scaled.text(of_type.volume, size_scale),
                fees=scaled.text(of_type.fees, account.contract.money_precision),
            )
        return found

    def _position(self, size_scale: int) -> statistics_pb2.PositionStatistics:
        positions = self._positions
        length, trips = self._span[1] - self._span[0], positions.round_trips
        return statistics_pb2.PositionStatistics(
            exposure=scaled.ratio(positions.held, length, PLACES),
            mean_size=scaled.mean(positions.size_time, length, size_scale),
            largest_long=scaled.text(positions.largest_long, size_scale),
            largest_short=scaled.text(positions.largest_short, size_scale),
            round_trips=trips,
            winning_round_trips=positions.winning_round_trips,
            mean_holding_seconds=scaled.mean(positions.trip_time, trips, _SECOND_DECIMALS),
            longest_holding_seconds=scaled.text(positions.longest_trip, _SECOND_DECIMALS) if trips else None,
        )


def _returns(ratios: Ratios | None) -> statistics_pb2.ReturnStatistics | None:
    if ratios is None:
        return None

    def rounded(value: Decimal | None) -> str | None:
        return None if value is None else f"{value.quantize(Decimal(1).scaleb(-PLACES), ROUND_HALF_EVEN):f}"

    return statistics_pb2.ReturnStatistics(
        hours=ratios.hours,
        sharpe_ratio=rounded(ratios.sharpe),
        sharpe_standard_error=rounded(ratios.sharpe_error),
        sortino_ratio=rounded(ratios.sortino),
    )
