"""The outcome of a replay: the account over the window, the figures of the summary, and what a reader should know."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from tickreel.accounting import account as accounts
from tickreel.accounting import scaled
from tickreel.accounting.account import Account
from tickreel.accounting.contract import LinearContract
from tickreel.accounting.scaled import Integers
from tickreel.engine.instruments import currency_precision, decimal_of
from tickreel.engine.tape import Ends, Fills, Orders, Tape
from tickreel.runner.settlement import Settlement, settle
from tickreel.v1 import result_pb2, run_config_pb2

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Outcome:
    """What a replay came to.

    `rows_ts` and `rows_price` are the trade rows of the window: replay times (UNIX nanoseconds) and prices (of the price
    precision). `equity`, `drawdown` and `at` (the account's index at the row) have one entry a row.
    """

    config: run_config_pb2.RunConfig
    orders: Orders
    fills: Fills
    ends: Ends
    account: Account
    settlement: Settlement
    rows_ts: Int64
    rows_price: Int64
    at: Int64
    equity: Integers
    drawdown: Integers

    def money(self, value: int) -> str:
        """An amount of the account's scale as a decimal string."""
        return scaled.text(int(value), self.account.scale)

    @property
    def always_solvent(self) -> bool:
        """Whether the balance (the start and what was realized, less fees) stayed clear of zero after every fill.

        Clear means by a millionth of the start, since the engine's own balance is rounded at each fill.
        """
        account = self.account
        balance = account.start + account.cash + account.cost - account.fees
        return int(balance.min()) > account.start // 1_000_000

    @property
    def final_account(self) -> dict[str, str]:
        """The account at the end, for the digest."""
        final = {key: self.money(int(column[-1])) for key, column in (("cash", self.account.cash), ("fees", self.account.fees))}
        return final | {"position": self.size(int(self.account.position[-1])), "equity": self.money(int(self.equity[-1]))}

    def size(self, value: int) -> str:
        """A size as a decimal string."""
        return scaled.text(value, self.config.instrument.size_precision)


def contract_of(config: run_config_pb2.RunConfig) -> LinearContract:
    """The contract of a resolved config."""
    instrument, venue = config.instrument, config.venue
    return LinearContract(
        price_precision=instrument.price_precision,
        size_precision=instrument.size_precision,
        multiplier=decimal_of(instrument.multiplier),
        money_precision=currency_precision(venue.base_currency),
        maker_fee=decimal_of(venue.maker_fee),
        taker_fee=decimal_of(venue.taker_fee),
    )


def fold(config: run_config_pb2.RunConfig, tape: Tape, rows_ts: Int64, rows_price: Int64) -> Outcome:
    """Folds a tape into the account and settles every order."""
    contract = contract_of(config)
    orders, fills, ends = tape.orders, tape.fills, tape.ends
    start = int(decimal_of(config.venue.starting_balance).scaleb(contract.money_precision))
    side = orders.side[fills.order]
    account = Account.fold(contract, start, fills.ts, side, fills.price, fills.quantity, fills.taker)
    at = account.fills_until(rows_ts)
    equity = account.equity(at, rows_price)
    return Outcome(
        config=config,
        orders=orders,
        fills=fills,
        ends=ends,
        account=account,
        settlement=settle(orders, fills, account.fill_fees, ends),
        rows_ts=rows_ts,
        rows_price=rows_price,
        at=at,
        equity=equity,
        drawdown=accounts.drawdown(equity, account.start),
    )


def summarise(outcome: Outcome) -> result_pb2.RunSummary:
    """The figures of the summary."""
    account, settlement = outcome.account, outcome.settlement
    # Fills of the tail may come after the last row; the end is marked at the last price.
    end, mark = np.array([len(account.cash) - 1]), outcome.rows_price[-1:]
    final_equity = int(account.equity(end, mark)[0])
    pnl = final_equity - account.start
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
        max_drawdown=outcome.money(int(outcome.drawdown.max())),
        final_position=outcome.size(int(account.position[-1])),
        final_equity=outcome.money(final_equity),
        starting_equity=outcome.money(account.start),
        first_ts=iso(int(outcome.rows_ts[0])),
        last_ts=iso(int(outcome.rows_ts[-1])),
        trade_rows=len(outcome.rows_ts),
        book_rows=0,
    )
    pair = f"{outcome.config.venue.base_currency}_USD"
    if pair in outcome.config.fx_stub:
        in_usd = Decimal(outcome.money(pnl)) * decimal_of(outcome.config.fx_stub[pair])
        summary.pnl_usd = f"{in_usd:f}"
    return summary


def findings(outcome: Outcome, notes: Sequence[result_pb2.Finding]) -> list[result_pb2.Finding]:
    """What a reader should know before believing the figures, the gravest first."""
    found = list(notes)

    def note(severity: result_pb2.Severity, code: str, message: str) -> None:
        found.append(result_pb2.Finding(severity=severity, code=code, message=message))

    instrument, settlement = outcome.config.instrument, outcome.settlement
    denied = settlement.count("denied")
    if denied:
        counts = ", ".join(f"{number} {reason}" for reason, number in settlement.unfilled.items())
        note(
            result_pb2.SEVERITY_WARNING,
            "ORDERS_DENIED",
            f"{denied} orders were denied by the risk engine ({counts}); a larger "
            "starting_balance or risk.throttling_per_sec lets them through",
        )
    open_orders = settlement.count("in_flight")
    if open_orders:
        note(result_pb2.SEVERITY_WARNING, "ORDERS_IN_FLIGHT", f"{open_orders} orders had not ended when the window did")
    differing = int(np.count_nonzero(outcome.fills.commission != outcome.account.fill_fees))
    if differing:
        note(
            result_pb2.SEVERITY_WARNING,
            "FEES_DIFFER",
            f"the engine's fee of {differing} fills differs from the exact one that is reported here",
        )
    if int(outcome.equity.min()) <= 0:
        note(
            result_pb2.SEVERITY_WARNING,
            "EQUITY_BELOW_ZERO",
            "equity fell to zero or below; a real account would have been liquidated",
        )
    if instrument.margin_init == 0:
        note(
            result_pb2.SEVERITY_INFO,
            "NO_MARGIN",
            "margin_init is 0: no order was refused for want of margin; set instrument.margin_init "
            "to constrain the size of the position",
        )
    note(
        result_pb2.SEVERITY_INFO,
        "FILLS_AGAINST_OWN_PRINT",
        "orders are submitted without latency at the price of the trade that caused "
        "them and fill against that same print: this replays the recorded flow, it does not show what could have been traded",
    )
    return sorted(found, key=lambda finding: -finding.severity)


def iso(nanoseconds: int) -> str:
    """UNIX nanoseconds as ISO 8601, UTC."""
    return np.datetime_as_string(np.datetime64(nanoseconds, "ns")) + "Z"
