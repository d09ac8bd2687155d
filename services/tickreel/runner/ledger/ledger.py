"""The ledger of a run: it turns the tapes of the slices into one account, one set of figures and one digest.

The ledger follows a running replay. It updates the account up to the last row whose orders have settled and marks these rows to
market, while the engine replays later rows. At the end of a slice it settles the orders of the slice and drops its tape.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tickreel.accounting import account as accounts
from tickreel.accounting import scaled
from tickreel.accounting.account import Account, ReversedPositionError
from tickreel.accounting.contract import InverseContract, LinearContract
from tickreel.accounting.scaled import Integers
from tickreel.engine.event_record import EventRecord
from tickreel.engine.instrument import currency_precision, decimal_of
from tickreel.engine.tape import Fills, Orders, Tape
from tickreel.rpc.errors import TickreelError
from tickreel.runner.digests import OutcomeDigest
from tickreel.runner.ledger.engine_check import CrossCheck
from tickreel.runner.ledger.fill_audit import Audit
from tickreel.runner.ledger.fill_evidence import Evidence, FillEvidence
from tickreel.runner.ledger.order_terms import YES, OrderTerms, copied_terms, recorded_terms
from tickreel.runner.ledger.order_updates import OrderUpdates, recorded_updates
from tickreel.runner.ledger.outcome import Drawdown, Outcome
from tickreel.runner.ledger.pnl_sketch import PnlSketch
from tickreel.runner.ledger.positions import PositionBook, Positions, closed_count
from tickreel.runner.ledger.settlement import STATUSES, Settlement, settle
from tickreel.runner.ledger.statistics import Statistics
from tickreel.runner.window.mark_rows import MarkRows
from tickreel.runner.window.window_rows import WindowRows
from tickreel.v1 import run_config_pb2

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class MarkedRows:
    """The account marked to market at the samples of the window, each after its orders have settled, or at the end.

    Every column has shape (rows,). Money is at the account's scale.
    """

    account: Account
    at: Int64
    """Index into the account's arrays."""
    ts: Int64
    """UNIX nanoseconds on the replay clock."""
    marks: Integers
    """Price of the position, times 10^mark_scale."""
    mark_scale: int
    equity: Integers
    drawdown: Integers


@dataclass(frozen=True)
class FillLinks:
    """What fills belong to; every column has shape (fills,), or (0,) if it is not known."""

    position: Int64
    """Number of the position, see `PositionBook.add`."""
    sequence: Int64
    """Number of the fill among all events of orders."""


class Tables(Protocol):
    """A consumer of the rows of a run: tables or marks."""

    def add_equity(self, marked: MarkedRows) -> None:
        """Add the next trade rows. After the last trade row, add the end of the window if it is a separate row."""

    def add_orders(self, orders: Orders, settlement: Settlement, terms: OrderTerms) -> None:
        """Add the next orders."""

    def add_fills(self, fills: Fills, fees: Integers, shown: FillEvidence | None, links: FillLinks) -> None:
        """Add the fills of these orders with their evidence. `fills.order` is the row of the order in the whole run."""

    def add_updates(self, updates: OrderUpdates) -> None:
        """Add the updates of these orders."""

    def add_positions(self, positions: Positions, engine_ids: Sequence[str]) -> None:
        """Add the next positions. Not called without `with_positions`.

        Args:
            engine_ids: The engine's ids of positions, by `positions.engine`.
        """


class Ledger:
    """Accumulates the tapes of a run, one slice after another.

    Args:
        config: Resolved.
        rows: All rows of the window.
        end: The last replayed instant, UNIX nanoseconds.
        tables: The consumers of the rows.
        window: The prints and books of the same rows. Without them fills are not audited.
        decimals: Maximum decimals of fill prices and of fill sizes. Default: the precisions of the config.
        with_positions: Whether to collect the positions for the tables.
        copies: Whether all orders copy trade rows.

    Attributes:
        account: The current account.
        marked: Number of trade rows marked so far.
        marked_end: The row of the end, set by `close`; None if the last trade row is the end.
        drawdown: The largest drawdown so far.
    """

    def __init__(
        self,
        config: run_config_pb2.RunConfig,
        rows: MarkRows,
        end: int,
        tables: Iterable[Tables] = (),
        window: WindowRows | None = None,
        decimals: tuple[int, int] | None = None,
        *,
        with_positions: bool = False,
        copies: bool = False,
    ) -> None:
        self._config = config
        self._copies = copies
        self._hedges = config.venue.oms_type == "HEDGING"
        self._rows = rows
        self._tables = tuple(tables)
        latency = config.venue.latency
        delay = int(latency.base_latency_nanos + latency.insert_latency_nanos)
        self._end, self._arrives_by = end, end - delay
        self.account = opened(config, rows, decimals)
        self._starting_position = int(self.account.position[-1])
        self.marked = 0
        self.marked_end: MarkedRows | None = None
        self.drawdown = Drawdown(0, 0, 0)
        self._peak = self.account.start, rows.span[0]
        self._lowest_equity = self._lowest_balance = self._last_equity = self.account.start
        self._statistics = Statistics(self.account, rows.span)
        self._sketch = PnlSketch(self.account.start, rows.span)
        self._audit = Audit(self.account, rows, Evidence(rows, window), delay) if window else None
        self._book = PositionBook(self.account, rows) if with_positions else None
        # Set if the engine kept several positions at once. Otherwise the statistics count them.
        self._closed_positions: int | None = None
        self._engine_ids: list[str] = []
        self._cross_check = CrossCheck(config)
        self._digest = OutcomeDigest()
        self._orders = self._fills = self._volume = self._fees = self._unrounded_fees = self._fees_that_differ = (
            self._fills_between
        ) = 0
        self._not_in_lots = 0
        self._statuses: Counter[str] = Counter()
        self._unfilled: dict[str, Counter[str]] = {status: Counter() for status in STATUSES}
        # The current slice: its fills that are in the account, and the account over these fills.
        self._folded = 0
        self._slice: list[Account] = []

    @property
    def marked_until(self) -> int | None:
        """Time of the last marked row, UNIX nanoseconds; None before the first."""
        return int(self._rows.samples[0][self.marked - 1]) if self.marked else None

    @property
    def equity(self) -> int:
        """Equity at the last marked row, at the account's scale."""
        return self._equity_at(int(self._rows.samples[1][self.marked - 1])) if self.marked else self.account.start

    @property
    def always_solvent(self) -> bool:
        """Whether the balance (starting balance + realized profit - fees) stayed above zero after every fill.

        The balance must exceed a millionth of the starting balance, because the engine rounds its own balance at each fill.
        """
        return self._lowest_balance > self.account.start // 1_000_000

    def follow(self, tape: Tape) -> MarkedRows | None:
        """Mark the rows of the current slice that have settled since the last call, and return them; None if there are none.

        Args:
            tape: The tape of the current slice, whose replay may still be running.
        """
        sampled, sample_marks = self._rows.samples
        first, past = self.marked, int(np.searchsorted(sampled, tape.settled, side="right"))
        if past <= first:
            return None
        ts, marks = sampled[first:past], sample_marks[first:past]
        fills = tape.fills_after(self._folded)
        # With latency an order may fill after the last settled row: such fills belong to later rows.
        try:
            account = self._fold(tape, fills, int(np.searchsorted(fills.ts, ts[-1], side="right")))
        except ReversedPositionError:
            # `settle` says which, in the thread of the replay.
            return None
        at = account.fills_until(ts)
        equity = account.equity(at, marks)
        peak, since = self._peak
        marked = MarkedRows(account, at, ts, marks, self._rows.mark_scale, equity, accounts.drawdown(equity, peak))
        self._update_drawdown(marked, peak, since)
        self._lowest_equity, self._last_equity = min(self._lowest_equity, int(equity.min())), int(equity[-1])
        self._statistics.add_rows(ts, equity)
        self._sketch.add(ts, equity)
        self.marked = past
        for tables in self._tables:
            tables.add_equity(marked)
        return marked

    def settle(self, tape: Tape) -> MarkedRows | None:
        """Settle the orders of the current slice after its last row, and move on to the next slice.

        Returns:
            The rows of the slice that were not yet marked; None if there are none.
        """
        marked = self.follow(tape)
        remaining = tape.fills_after(self._folded)
        try:
            self._fold(tape, remaining, len(remaining.ts))
        except ReversedPositionError as error:
            raise _reversed(tape, int(remaining.order[error.fill])) from None
        orders, fills, ends = tape.orders, tape.fills, tape.ends
        fees = np.concatenate([account.fill_fees for account in self._slice])
        record = tape.events
        if record is None:
            terms = copied_terms(orders, self._config, self._arrives_by, tape.rows)
            kept = np.empty(0, dtype=np.int64)
        else:
            terms = recorded_terms(record, self._end)
            # The tape has no fills after the window either.
            kept = np.flatnonzero(record.fills.ts <= self._end)
        settlement = settle(terms, fills, fees, ends)
        self._add_statistics(orders, fills)
        self._statistics.add_types(terms.type, settlement, fills, fees)
        self._cross_check.add(tape, self.account)
        shown = self._audit.add(orders, fills, fees) if self._audit else None
        self._statuses.update({status: settlement.count(status) for status in STATUSES})
        for status, reasons in self._unfilled.items():
            reasons.update(settlement.unfilled(status))
        if record is not None:
            self._not_in_lots += self._count_not_in_lots(terms, settlement)
        self._volume += scaled.sum_of(fills.quantity)
        self._fees += scaled.sum_of(fees)
        self._unrounded_fees += scaled.sum_of(self.account.contract.unrounded_fees(fills.price, fills.quantity, fills.taker))
        self._fees_that_differ += int(np.count_nonzero(fills.commission != fees))
        if self._config.venue.HasField("latency"):
            self._fills_between += self._rows.between(fills.ts)
        positions, links = self._follow_positions(fills, record, kept)
        fills.order[:] += self._orders
        ends.order[:] += self._orders
        self._digest.add(orders, fills, fees, ends)
        # A copy is never changed by its strategy: its events follow from the orders, fills and ends.
        if tape.events is not None and not self._copies:
            self._digest.add_events(tape.events)
        for tables in self._tables:
            tables.add_orders(orders, settlement, terms)
            tables.add_fills(fills, fees, shown, links)
            if record is not None:
                tables.add_updates(recorded_updates(record, self._end))
            if positions is not None:
                tables.add_positions(positions, self._engine_ids)
        self._orders += len(orders.side)
        self._fills += len(fills.order)
        self._folded, self._slice = 0, []
        return marked

    def _count_not_in_lots(self, terms: OrderTerms, settlement: Settlement) -> int:
        """Return the number of orders that the engine accepted and whose size is not a multiple of the lot size."""
        instrument = self._config.instrument
        lot = _scaled(instrument.lot_size, instrument.size_precision)
        accepted = (settlement.status != STATUSES.index("denied")) & (terms.quote_quantity != YES)
        return int(np.count_nonzero(terms.quantity[accepted] % lot))

    def _follow_positions(self, fills: Fills, record: EventRecord | None, kept: Int64) -> tuple[Positions | None, FillLinks]:
        """Return the positions that the fills of the current slice closed, and what these fills belong to.

        Args:
            kept: The rows of these fills in the record.
        """
        none = np.empty(0, dtype=np.int64)
        engine, sequence = None, none
        if record is not None:
            engine, sequence = record.fills.position[kept], record.fills.event[kept]
            self._engine_ids = list(record.positions)
            if (engine != engine[:1]).any():
                self._closed_positions = closed_count(fills, engine)
        if self._book is None:
            return None, FillLinks(none, sequence)
        positions, numbers = self._book.add(self._slice, fills, self._orders, engine)
        return positions, FillLinks(numbers, sequence)

    def close(self) -> Outcome:
        """Return the outcome after the last slice.

        The end of the window is marked as a separate row if its time or equity differs from the last trade row: the last row
        may be a book, and an order with latency may fill after it. The time of the end is the time of the last row of any
        kind, as in the summary.
        """
        account, last_mark = self.account, self._rows.last_mark
        final = self._equity_at(last_mark)
        if (self.marked_until, self._last_equity) != (self._rows.span[1], final):
            self.marked_end = self._mark_end(final)
        unrealized = account.unrealized(np.array([-1]), np.array([last_mark]))
        if self._book is not None:
            still_open = self._book.close()
            for tables in self._tables:
                tables.add_positions(still_open, self._engine_ids)
        statistics = self._statistics.message(account, int(last_mark), final)
        closed_positions = self._closed_positions
        return Outcome(
            config=self._config,
            rows=self._rows,
            account=account,
            starting_position=self._starting_position,
            orders=self._orders,
            fills=self._fills,
            statuses=self._statuses,
            unfilled=self._unfilled,
            not_in_lots=self._not_in_lots,
            closed_positions=statistics.position.round_trips if closed_positions is None else closed_positions,
            volume=self._volume,
            fees=self._fees,
            unrounded_fees=self._unrounded_fees,
            fees_that_differ=self._fees_that_differ,
            fills_between_rows=self._fills_between,
            unrealized=int(unrealized[0]),
            final_equity=final,
            lowest_equity=self._lowest_equity,
            drawdown=self.drawdown,
            statistics=statistics,
            pnl_sketch=self._sketch.points(account.scale),
            fill_audit=self._audit.audit() if self._audit else None,
            costs=self._audit.costs() if self._audit else None,
            cross_check=self._cross_check,
            always_solvent=self.always_solvent,
            digest=self._digest,
        )

    def _mark_end(self, final: int) -> MarkedRows:
        account, rows, (peak, since) = self.account, self._rows, self._peak
        (equity,) = scaled.wide((np.array([final], dtype=object),), abs(final))
        at, ts, marks = np.array([len(account.position) - 1]), np.array([rows.span[1]]), np.array([rows.last_mark])
        marked = MarkedRows(account, at, ts, marks, rows.mark_scale, equity, accounts.drawdown(equity, peak))
        self._update_drawdown(marked, peak, since)
        self._lowest_equity = min(self._lowest_equity, final)
        if self.marked:
            self._sketch.add(ts, equity)
        for tables in self._tables:
            tables.add_equity(marked)
        return marked

    def _fold(self, tape: Tape, fills: Fills, count: int) -> Account:
        """Add the first `count` fills to the account, and return the account over them."""
        ts, side, price, size, taker = (
            column[:count] for column in (fills.ts, fills.side, fills.price, fills.quantity, fills.taker)
        )
        positions = tape.fill_positions_after(self._folded)[:count] if self._hedges else None
        account = self.account = self.account.then(ts, side, price, size, taker, positions)
        self._folded += count
        self._slice.append(account)
        self._statistics.add_fills(account, fills.taker[:count])
        self._lowest_balance = min(self._lowest_balance, account.lowest_balance)
        return account

    def _add_statistics(self, orders: Orders, fills: Fills) -> None:
        """Add the orders of the current slice, and the slippage of their fills against the marks at submission."""
        closes = np.concatenate([account.closes for account in self._slice])
        earned = np.concatenate([np.diff(account.closed_pnl) for account in self._slice])
        self._statistics.add_orders(orders, fills, closes, earned)
        contract, scale, signed = self.account.contract, self.account.scale, fills.quantity * fills.side
        marks = self._rows.marks_at(orders.ts_submitted[fills.order])
        paid = contract.value(fills.price, signed, contract.price_precision, scale)
        self._statistics.add_slippage(paid - contract.value(marks, signed, self._rows.mark_scale, scale))

    def _update_drawdown(self, marked: MarkedRows, peak: int, since: int) -> None:
        """Update the largest drawdown and the running peak with these rows."""
        equity, deepest = marked.equity, int(np.argmax(marked.drawdown))
        if (depth := int(marked.drawdown[deepest])) > self.drawdown.depth:
            fallen_from = int(equity[deepest]) + depth
            since_then = since if fallen_from == peak else int(marked.ts[int(np.argmax(equity[:deepest] == fallen_from))])
            self.drawdown = Drawdown(depth, since_then, int(marked.ts[deepest]))
        highest = int(np.argmax(equity))
        if int(equity[highest]) > peak:
            self._peak = int(equity[highest]), int(marked.ts[highest])

    def _equity_at(self, mark: int) -> int:
        return int(self.account.equity(np.array([-1]), np.array([mark]))[0])


def contract_of(config: run_config_pb2.RunConfig) -> LinearContract | InverseContract:
    """Return the contract of a resolved config."""
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


def _reversed(tape: Tape, order: int) -> TickreelError:
    """Return the failure of a run of which an order reversed one of several positions."""
    name = list(tape.events.order_ids)[order] if tape.events is not None else f"number {order + 1}"
    message = (
        f"the order {name} was larger than the position that it reduced; with venue.oms_type HEDGING an order can reduce or"
        " close its position, but not reverse it: close the position, and open another one by a second order"
    )
    return TickreelError("REPLAY_FAILED", message)


def opened(config: run_config_pb2.RunConfig, rows: MarkRows, decimals: tuple[int, int] | None = None) -> Account:
    """Return the account of a resolved config before its first fill.

    Args:
        decimals: Maximum decimals of fill prices and of fill sizes. Default: the precisions of the config.
    """
    contract, instrument, venue = contract_of(config), config.instrument, config.venue
    if venue.account_type == "CASH":
        balance = venue.starting_balances.get(instrument.quote_currency, 0.0)
        position = _scaled(venue.starting_balances.get(instrument.base_currency, 0.0), instrument.size_precision)
    else:
        balance, position = venue.starting_balance, 0
    price, size = decimals or (contract.price_precision, contract.size_precision)
    mark_places = rows.mark_scale - contract.price_precision
    return Account.opened(
        contract,
        _scaled(balance, contract.money_precision),
        mark_scale=rows.mark_scale,
        position=position,
        position_mark=rows.first_mark,
        rounded_scale=contract.with_decimals(price, size).scale(price + mark_places),
    )


def _scaled(amount: float, decimals: int) -> int:
    return int(decimal_of(amount).scaleb(decimals))
