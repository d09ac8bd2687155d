"""The outcome of a replay: the account over the window, and the figures of the summary."""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from tickreel.accounting import account as accounts
from tickreel.accounting import scaled
from tickreel.accounting.account import Account
from tickreel.accounting.contract import Contract, InverseContract, LinearContract
from tickreel.accounting.scaled import Integers
from tickreel.engine.instruments import currency_precision, decimal_of
from tickreel.engine.tape import Ends, Fills, Orders, Tape
from tickreel.runner.settlement import Settlement, settle
from tickreel.stores.depths import NO_LEVEL
from tickreel.v1 import result_pb2, run_config_pb2

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Rows:
    """The rows of a window that equity is looked at: those of trades, each with the price that a position is worth there.

    Attributes:
        ts: Replay times of the trade rows, UNIX nanoseconds.
        marks: The prices at them: their own, or the middle of the last book before them.
        mark_scale: The decimals of marks.
        last_mark: The price at the end of the window.
        first_mark: The price that an opening position is valued at.
        book_ts: Replay times of the book rows.
        span: The times of the first and last row of any kind.
    """

    ts: Int64
    marks: Int64
    mark_scale: int
    first_mark: int
    last_mark: int
    book_ts: Int64
    span: tuple[int, int]

    @classmethod
    def of_trades(cls, ts: Int64, prices: Int64, precision: int) -> "Rows":
        """Rows marked at their own prices.

        Args:
            prices: Times 10^precision.
        """
        books = np.empty(0, dtype=np.int64)
        return cls(ts, prices, precision, int(prices[0]), int(prices[-1]), books, (int(ts[0]), int(ts[-1])))

    @classmethod
    def of_books(cls, ts: Int64, prices: Int64, precision: int, book_ts: Int64, mids: Int64) -> "Rows":
        """Rows marked at the middle of the last book before them; at their own price while there is none.

        Args:
            ts, prices: Of the trade rows, which may be none; prices times 10^precision.
            book_ts, mids: Of the book rows; middles times 10^(precision + 1).
        """
        before = np.searchsorted(book_ts, ts, side="right") - 1
        middles = np.where(before < 0, NO_LEVEL, mids[before]) if len(mids) else np.full(len(ts), NO_LEVEL, dtype=np.int64)
        marks = np.where(middles == NO_LEVEL, prices * 10, middles)
        known = [*mids[mids != NO_LEVEL][-1:], *marks[-1:], 0]
        opening = [*marks[:1], *mids[mids != NO_LEVEL][:1], 0]
        instants = [int(ends[end]) for ends in (ts, book_ts) if len(ends) for end in (0, -1)]
        span = (min(instants), max(instants))
        return cls(ts, marks, precision + 1, int(opening[0]), int(known[0]), book_ts, span)

    def time_after(self, trade_rows: int, book_rows: int) -> int | None:
        """The time of the last row after so many of each kind have been replayed; None before the first."""
        times = [int(ts[done - 1]) for ts, done in ((self.ts, trade_rows), (self.book_ts, book_rows)) if done]
        return max(times, default=None)


@dataclass(frozen=True)
class Outcome:
    """What a replay came to.

    `equity`, `drawdown` and `at` (the account's index at the row) have one entry a trade row; `final_equity` is that of the
    end of the window, after fills that came later than the last row.
    """

    config: run_config_pb2.RunConfig
    orders: Orders
    fills: Fills
    ends: Ends
    account: Account
    settlement: Settlement
    rows: Rows
    at: Int64
    equity: Integers
    drawdown: Integers
    final_equity: int

    def money(self, value: int) -> str:
        """An amount of the account's scale as a decimal string."""
        return scaled.text(int(value), self.account.scale)

    @property
    def always_solvent(self) -> bool:
        """Whether the balance (the start and what was realized, less fees) stayed clear of zero after every fill.

        Clear means by a millionth of the start, since the engine's own balance is rounded at each fill.
        """
        account = self.account
        balance = account.start + account.realized(np.arange(len(account.cash))) - account.fees
        return int(balance.min()) > account.start // 1_000_000

    @property
    def max_drawdown(self) -> int:
        """The largest fall of equity from its running peak, over the trade rows and the end."""
        peak = int(self.equity.max(initial=self.account.start))
        return max(peak - self.final_equity, int(self.drawdown.max(initial=0)))

    @property
    def lowest_equity(self) -> int:
        """The lowest equity, over the trade rows and the end."""
        return int(self.equity.min(initial=self.final_equity))

    @property
    def final_account(self) -> dict[str, str]:
        """The account at the end, for the digest."""
        final = {key: self.money(int(column[-1])) for key, column in (("cash", self.account.cash), ("fees", self.account.fees))}
        return final | {"position": self.size(int(self.account.position[-1])), "equity": self.money(self.final_equity)}

    def size(self, value: int) -> str:
        """A size as a decimal string."""
        return scaled.text(value, self.config.instrument.size_precision)


def contract_of(config: run_config_pb2.RunConfig) -> Contract:
    """The contract of a resolved config."""
    instrument, venue = config.instrument, config.venue
    kind = InverseContract if instrument.is_inverse else LinearContract
    return kind(
        price_precision=instrument.price_precision,
        size_precision=instrument.size_precision,
        multiplier=decimal_of(instrument.multiplier),
        money_precision=currency_precision(instrument.settlement_currency),
        maker_fee=decimal_of(venue.maker_fee),
        taker_fee=decimal_of(venue.taker_fee),
    )


def fold(config: run_config_pb2.RunConfig, tape: Tape, rows: Rows, end: int) -> Outcome:
    """Folds a tape into the account and settles every order.

    Args:
        end: The last instant that was replayed, UNIX nanoseconds.
    """
    contract = contract_of(config)
    orders, fills, ends = tape.orders, tape.fills, tape.ends
    instrument, venue = config.instrument, config.venue
    if venue.account_type == "CASH":
        balance = venue.starting_balances.get(instrument.quote_currency, 0.0)
        position = _scaled(venue.starting_balances.get(instrument.base_currency, 0.0), instrument.size_precision)
    else:
        balance, position = venue.starting_balance, 0
    account = Account.fold(
        contract,
        _scaled(balance, contract.money_precision),
        fills.ts,
        orders.side[fills.order],
        fills.price,
        fills.quantity,
        fills.taker,
        mark_scale=rows.mark_scale,
        position=position,
        position_mark=rows.first_mark,
    )
    latency = venue.latency
    arrives_by = end - int(latency.base_latency_nanos + latency.insert_latency_nanos)
    at = account.fills_until(rows.ts)
    equity = account.equity(at, rows.marks)
    final = account.equity(np.array([len(account.cash) - 1]), np.array([rows.last_mark]))
    return Outcome(
        config=config,
        orders=orders,
        fills=fills,
        ends=ends,
        account=account,
        settlement=settle(orders, fills, account.fill_fees, ends, arrives_by),
        rows=rows,
        at=at,
        equity=equity,
        drawdown=accounts.drawdown(equity, account.start),
        final_equity=int(final[0]),
    )


def _scaled(amount: float, decimals: int) -> int:
    return int(decimal_of(amount).scaleb(decimals))


def summarise(outcome: Outcome) -> result_pb2.RunSummary:
    """The figures of the summary."""
    account, settlement = outcome.account, outcome.settlement
    end, mark = np.array([len(account.cash) - 1]), np.array([outcome.rows.last_mark])
    pnl = outcome.final_equity - account.start
    first, last = outcome.rows.span
    summary = result_pb2.RunSummary(
        orders=len(outcome.orders.side),
        fills=len(outcome.fills.order),
        orders_filled=settlement.count("filled"),
        orders_partially_filled=settlement.count("partially_filled"),
        orders_unfilled=settlement.unfilled,
        volume=outcome.size(sum(outcome.fills.quantity.tolist())),
        fees=scaled.text(sum(account.fill_fees.tolist()), account.contract.money_precision),
        realized_pnl=outcome.money(int(account.realized(end)[0])),
        unrealized_pnl=outcome.money(int(account.unrealized(end, mark)[0])),
        pnl=outcome.money(pnl),
        max_drawdown=outcome.money(outcome.max_drawdown),
        final_position=outcome.size(int(account.position[-1])),
        final_equity=outcome.money(outcome.final_equity),
        starting_equity=outcome.money(account.start),
        first_ts=iso(first),
        last_ts=iso(last),
        trade_rows=len(outcome.rows.ts),
        book_rows=len(outcome.rows.book_ts),
    )
    pair = f"{outcome.config.instrument.settlement_currency}_USD"
    if pair in outcome.config.fx_stub:
        in_usd = Decimal(outcome.money(pnl)) * decimal_of(outcome.config.fx_stub[pair])
        summary.pnl_usd = f"{in_usd:f}"
    return summary


def iso(nanoseconds: int) -> str:
    """UNIX nanoseconds as ISO 8601, UTC."""
    return np.datetime_as_string(np.datetime64(nanoseconds, "ns")) + "Z"
