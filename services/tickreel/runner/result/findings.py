"""What a reader should know before believing the figures of a run."""

from collections.abc import Iterator, Sequence
from decimal import MAX_PREC, Decimal, localcontext

from tickreel.engine.instrument import decimal_of
from tickreel.engine.strategy import NOT_IN_LOTS
from tickreel.runner.ledger.outcome import Outcome
from tickreel.v1 import result_pb2
from tickreel.v1.result_pb2 import Finding

_DENIED = "a larger starting balance or risk.throttling_per_sec lets them through"
_IN_FLIGHT = "IN_FLIGHT: on their way to the venue, by venue.latency; OPEN_AT_END: resting there"
_NOT_CLOSED = "is still held at the end: the closing order, the last of the run, did not fill whole; its reason says why"
_LESS_THAN_A_LOT = "is still held at the end: the closing order has whole lots alone, and a lot is"
_NOT_IN_LOTS = "were denied, because their quantity is not a multiple of instrument.lot_size"
_LOT_REMEDY = "leave lot_size out, or set it to the lot of the recording"
_BELOW_ZERO = "equity fell to zero or below; a real account would have been liquidated"
_INVERSE = """
the engine's own balance of an inverse contract is not exact, and orders are denied by it; the money reported here is exact
"""
_ENGINE_FEES = "engine_fee in the table of fills says by how much; of inverse contracts it may be a unit of the last decimal"
_FEES_ROUNDED = """
each fee is rounded to the decimals of the currency, as the engine does, and fees here are so small that the rounding adds up;
pnl, equity and all other figures take the rounded fees
"""
_INVERSE_PNL = """
the engine's own profit of an inverse contract is not exact, and differs from the one reported here
"""
_DISAGREES = "figures differ from those of the engine by more than rounding, and one of the two is wrong; please report it"
_FROZEN = "venue.frozen_account is true: no order was refused for want of money"
_NO_MARGIN = """
margin_init is 0: no order was refused for want of margin; set instrument.margin_init to constrain the size of the position
"""
_NO_TRADES = """
book snapshots were replayed without trades, so that no order was submitted; snapshot_mode both replays trades as well
"""
_OWN_PRINT = """
orders are submitted without latency at the price of the trade that caused them and fill against that same print: this replays
the recorded flow, it does not show what could have been traded
"""
_REUSED = "orders do not use up what the book displays: until the next snapshot every order meets the same sizes"
_CONSUME = "set venue.liquidity_consumption to fill each displayed size once"
_BEYOND = """
is more than was left of the print and of the displayed level that it met: nothing in the data says that it could have been
traded; make orders smaller or fewer, or set venue.liquidity_consumption
"""
_OLD_BOOK = "met a book that was older than a second: what it displayed may have been gone"
# By how much of it the rounding of each fee may change their sum without a word.
_ROUNDED_AWAY = Decimal("0.001")
# What of the filled size, or of the fills, is more than a footnote.
_SERIOUS = 0.01


def findings(outcome: Outcome, snapshot_mode: result_pb2.SnapshotMode, notes: Sequence[Finding]) -> list[Finding]:
    """All findings, the gravest first.

    Args:
        notes: Those of the data, made before the replay.
    """
    found = [*notes, *_of_orders(outcome), *_of_account(outcome), *_of_fills(outcome, snapshot_mode), *_of_evidence(outcome)]
    return sorted(found, key=lambda finding: -finding.severity)


def _of_orders(outcome: Outcome) -> Iterator[Finding]:
    statuses, instrument = outcome.statuses, outcome.config.instrument
    not_in_lots = outcome.unfilled.get(NOT_IN_LOTS, 0)
    others = {reason: number for reason, number in outcome.unfilled.items() if reason != NOT_IN_LOTS}
    reasons = ", ".join(f"{number} {reason}" for reason, number in sorted(others.items()))
    if not_in_lots:
        text = f"{not_in_lots} of {outcome.orders} orders ({_percent(not_in_lots / outcome.orders)})"
        yield _warning("ORDERS_NOT_IN_LOTS", f"{text} {_NOT_IN_LOTS} {decimal_of(instrument.lot_size):f}; {_LOT_REMEDY}")
    if denied := statuses["denied"] - not_in_lots:
        yield _warning("ORDERS_DENIED", f"{denied} orders were denied by the risk engine ({reasons}); {_DENIED}")
    if in_flight := statuses["in_flight"]:
        yield _warning("ORDERS_IN_FLIGHT", f"{in_flight} orders had not ended when the window did ({_IN_FLIGHT})")
    cancelled, partial, orders = statuses["cancelled"], statuses["partially_filled"], outcome.orders
    if cancelled + partial:
        text = f"{cancelled + partial} of {orders} orders ({_percent((cancelled + partial) / orders)}) did not fill whole"
        counted = f" ({reasons})" if reasons else ""
        yield _info("ORDERS_UNFILLED", f"{text}: {partial} filled in part, {cancelled} not at all{counted}")
    # What a CASH account held at the start is not closed.
    left = outcome.final_position - outcome.starting_position
    if left and outcome.config.strategy.close_positions_on_stop:
        lot = decimal_of(instrument.lot_size)
        less = abs(Decimal(left).scaleb(-instrument.size_precision)) < lot
        yield _warning("POSITION_NOT_CLOSED", f"{outcome.size(left)} {f'{_LESS_THAN_A_LOT} {lot:f}' if less else _NOT_CLOSED}")


def _of_account(outcome: Outcome) -> Iterator[Finding]:
    instrument, venue = outcome.config.instrument, outcome.config.venue
    constrained = instrument.margin_init > 0 or instrument.margin_maint > 0
    if differing := outcome.fees_that_differ:
        text = f"the engine's fee of {differing} fills differs from the exact one that is reported here"
        yield _warning("FEES_DIFFER", f"{text}: {_ENGINE_FEES}")
    yield from _of_rounded_fees(outcome)
    yield from _of_engine(outcome)
    if outcome.lowest_equity <= 0:
        yield _warning("EQUITY_BELOW_ZERO", _BELOW_ZERO)
    if instrument.is_inverse and not venue.frozen_account and (constrained or not outcome.always_solvent):
        yield _warning("INVERSE_BALANCE", _INVERSE)
    if venue.frozen_account:
        yield _info("FROZEN_ACCOUNT", _FROZEN)
    elif venue.account_type == "MARGIN" and not instrument.margin_init:
        yield _info("NO_MARGIN", _NO_MARGIN)


def _of_rounded_fees(outcome: Outcome) -> Iterator[Finding]:
    with localcontext(prec=MAX_PREC):
        fees, exact = Decimal(outcome.fees_text), Decimal(outcome.exact_fees_text)
        if abs(fees - exact) > abs(exact) * _ROUNDED_AWAY:
            currency = outcome.config.instrument.settlement_currency
            sums = f"the fees add up to {fees:f} {currency}, without rounding to {exact:f} {currency} (fees_exact)"
            yield _warning("FEES_ROUNDED", f"{sums}: {_FEES_ROUNDED}")


def _of_engine(outcome: Outcome) -> Iterator[Finding]:
    differing = dict(outcome.cross_check.disagreements())
    if outcome.config.instrument.is_inverse:
        # How much it is off by depends on how the window was sliced, so that it is not said.
        off = [differing.pop(name) for name in [*differing] if name == "pnl" or name.startswith("balance")]
        if off:
            yield _info("ENGINE_DISAGREES", _INVERSE_PNL)
    if differing:
        figures = "; ".join(f"{name} {figure.ours:f}, by the engine {figure.engine:f}" for name, figure in differing.items())
        yield _warning("ENGINE_DISAGREES", f"{_DISAGREES}: {figures}")


def _of_fills(outcome: Outcome, snapshot_mode: result_pb2.SnapshotMode) -> Iterator[Finding]:
    latency = outcome.config.venue.latency
    if snapshot_mode == result_pb2.SNAPSHOT_MODE_BOOK:
        yield _warning("NO_TRADE_ROWS", _NO_TRADES)
    elif snapshot_mode == result_pb2.SNAPSHOT_MODE_BOTH and not outcome.config.venue.liquidity_consumption:
        book = outcome.fill_audit.book if outcome.fill_audit else None
        reused = _percent(float(book.reused_share)) if book and book.fills else ""
        share = f", and {reused} of the filled size had been filled before" if reused else ""
        yield _info("LIQUIDITY_REUSED", f"{_REUSED}{share}; {_CONSUME}")
    elif snapshot_mode == result_pb2.SNAPSHOT_MODE_TRADES and not latency.base_latency_nanos + latency.insert_latency_nanos:
        yield _info("FILLS_AGAINST_OWN_PRINT", _OWN_PRINT)


def _of_evidence(outcome: Outcome) -> Iterator[Finding]:
    audit = outcome.fill_audit
    if audit is None:
        return
    if audit.unbacked_fills:
        # The share of the audit is rounded to six decimals.
        backed, unbacked = Decimal(audit.backed_volume), Decimal(audit.unbacked_volume)
        share = float(unbacked / (backed + unbacked))
        text = f"{_percent(share)} of the filled size ({audit.unbacked_volume}, of {audit.unbacked_fills} fills) {_BEYOND}"
        yield (_warning if share >= _SERIOUS else _info)("FILLS_BEYOND_EVIDENCE", text)
    if old := audit.book.fills_on_old_book:
        text = f"{old} of {outcome.fills} fills {_OLD_BOOK} (up to {float(audit.book.longest_book_age_seconds):.1f} s)"
        yield (_warning if old >= _SERIOUS * outcome.fills else _info)("FILLS_ON_OLD_BOOK", text)


def _percent(share: float) -> str:
    """A share of at most 1, with three significant digits below one percent. Only zero reads as zero."""
    return f"{share:.1%}" if share >= 0.01 or share == 0 else f"{100 * share:.3g}%"


def _info(code: str, text: str) -> Finding:
    return Finding(severity=result_pb2.SEVERITY_INFO, code=code, message=" ".join(text.split()))


def _warning(code: str, text: str) -> Finding:
    return Finding(severity=result_pb2.SEVERITY_WARNING, code=code, message=" ".join(text.split()))
