"""The findings of a run: what limits the trust in its figures."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import MAX_PREC, Decimal, localcontext

from tickreel.engine.copying_strategy import NOT_IN_LOTS
from tickreel.engine.instrument import decimal_of
from tickreel.runner.ledger.outcome import Outcome
from tickreel.v1 import result_pb2
from tickreel.v1.result_pb2 import Finding

# By a part of the engine's reason.
_DENIED = {
    "balance": "raise the starting balance",
    "precision": "round prices and sizes to the precisions of the instrument",
    "rate_limit": "raise risk.throttling_per_sec",
}
_IN_FLIGHT = "IN_FLIGHT: still on the way to the venue because of venue.latency; OPEN_AT_END: resting at the venue"
_NOT_CLOSED = """
is still held at the end: the closing order (the last of the run) did not fill completely, see its reason; or the strategy sent
orders in on_stop, and then closes its position itself
"""
_LESS_THAN_A_LOT = "is still held at the end: the closing order trades whole lots only, and a lot is"
_NOT_IN_LOTS = "were denied because their quantity is not a multiple of instrument.lot_size"
_OTHER_LOTS = "have a size that is not a multiple of instrument.lot_size"
_CHECK_LOTS = "the engine accepts such orders, a venue would not; round the sizes in the strategy, or correct lot_size"
_LOT_REMEDY = "remove lot_size, or set it to the lot of the recording"
_BELOW_ZERO = "equity fell to zero or below; a real account would have been liquidated"
_INVERSE = """
the engine's balance of an inverse contract is not exact, and the engine denies orders by that balance; the money reported here
is exact
"""
_BETWEEN_ROWS = """
happened at a timer of the strategy, between two rows: the timer released delayed orders, which met the market that the last row
before it had left; without the timer they would have met the next row
"""
_ENGINE_FEES = """
the column engine_fee of the fills shows by how much; for inverse contracts the last decimal may differ by one
"""
_FEES_ROUNDED = """
each fee is rounded to the decimals of the currency, as in the engine, and these fees are so small that the rounding adds up;
pnl, equity and all other figures use the rounded fees
"""
_INVERSE_PNL = """
the engine's profit of an inverse contract is not exact and differs from the profit reported here
"""
_DISAGREES = "figures differ from the engine's figures by more than rounding, so one of them is wrong; please report it"
_FROZEN = "venue.frozen_account is true: no order was denied for lack of money"
_NO_MARGIN = """
margin_init is 0: no order was denied for lack of margin; set instrument.margin_init to limit the size of the position
"""
_NO_TRADES = """
only book snapshots were replayed, so no order was submitted; set snapshot_mode to "both" to replay trades as well
"""
_ONLY_BOOKS = """
only book snapshots were replayed: orders are matched against snapshots alone, and equity is sampled at the snapshots; set
snapshot_mode to "both" to replay trades as well
"""
_OWN_PRINT = """
orders are submitted without latency at the price of the trade that triggered them and fill against that same print: this
replays the recorded flow and does not show what could have been traded
"""
_REUSED = "orders do not consume the displayed sizes: until the next snapshot every order meets the same sizes"
_CONSUME = "set venue.liquidity_consumption to fill each displayed size once"
_BEYOND = """
exceeds the size that earlier fills left in the print and in the displayed level: the data does not show that it could have been
traded; use smaller or fewer orders, or set venue.liquidity_consumption
"""
_OLD_BOOK = "met a book snapshot older than one second: the displayed sizes may have been gone"
# Rounding is reported from this share of the exact fees.
_ROUNDED_AWAY = Decimal("0.001")
# A finding is a warning from this share of the filled size, or of the fills.
_SERIOUS = 0.01


def findings(outcome: Outcome, snapshot_mode: result_pb2.SnapshotMode, notes: Sequence[Finding]) -> list[Finding]:
    """Return all findings, most severe first.

    Args:
        notes: The findings about the data, made before the replay.
    """
    found = [*notes, *_of_orders(outcome), *_of_account(outcome), *_of_fills(outcome, snapshot_mode), *_of_evidence(outcome)]
    return sorted(found, key=lambda finding: -finding.severity)


def _of_orders(outcome: Outcome) -> Iterator[Finding]:
    statuses, instrument, orders = outcome.statuses, outcome.config.instrument, outcome.orders
    denials = dict(outcome.unfilled["denied"])
    if not_in_lots := denials.pop(NOT_IN_LOTS, 0):
        text = f"{not_in_lots} of {orders} orders ({_percent(not_in_lots / orders)})"
        yield _warning("ORDERS_NOT_IN_LOTS", f"{text} {_NOT_IN_LOTS} {decimal_of(instrument.lot_size):f}; {_LOT_REMEDY}")
    if accepted := outcome.not_in_lots:
        text = f"{accepted} of {orders} orders ({_percent(accepted / orders)})"
        yield _warning("ORDERS_NOT_IN_LOTS", f"{text} {_OTHER_LOTS} {decimal_of(instrument.lot_size):f}; {_CHECK_LOTS}")
    if denied := statuses["denied"] - not_in_lots:
        remedies = [remedy for part, remedy in _DENIED.items() if any(part in reason.lower() for reason in denials)]
        advice = f"; to avoid this, {', and '.join(remedies)}" if remedies else ""
        text = f"{denied} of {orders} orders were denied by the risk engine ({_listed(denials)})"
        yield _warning("ORDERS_DENIED", f"{text}{advice}")
    if rejected := statuses["rejected"]:
        reasons = _listed(outcome.unfilled["rejected"])
        yield _warning("ORDERS_REJECTED", f"{rejected} of {orders} orders were rejected by the venue ({reasons})")
    if in_flight := statuses["in_flight"]:
        yield _warning("ORDERS_IN_FLIGHT", f"{in_flight} orders were still active at the end of the window ({_IN_FLIGHT})")
    cancelled, partial = statuses["cancelled"], statuses["partially_filled"]
    if cancelled + partial:
        text = f"{cancelled + partial} of {orders} orders ({_percent((cancelled + partial) / orders)}) did not fill completely"
        reasons = _listed(outcome.unfilled["cancelled"])
        counted = f" ({reasons})" if reasons else ""
        yield _info("ORDERS_UNFILLED", f"{text}: {partial} filled in part, {cancelled} not at all{counted}")
    # The closing order leaves the position that a CASH account held at the start.
    left = outcome.final_position - outcome.starting_position
    if left and outcome.config.strategy.close_positions_on_stop:
        lot = decimal_of(instrument.lot_size)
        less = abs(Decimal(left).scaleb(-instrument.size_precision)) < lot
        yield _warning("POSITION_NOT_CLOSED", f"{outcome.size(left)} {f'{_LESS_THAN_A_LOT} {lot:f}' if less else _NOT_CLOSED}")


def _listed(reasons: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {reason}" for reason, number in sorted(reasons.items()))


def _of_account(outcome: Outcome) -> Iterator[Finding]:
    instrument, venue = outcome.config.instrument, outcome.config.venue
    constrained = instrument.margin_init > 0 or instrument.margin_maint > 0
    if differing := outcome.fees_that_differ:
        text = f"the engine's fee of {differing} fills differs from the exact fee reported here"
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
            sums = f"the fees add up to {fees:f} {currency}, and to {exact:f} {currency} without rounding (fees_exact)"
            yield _warning("FEES_ROUNDED", f"{sums}: {_FEES_ROUNDED}")


def _of_engine(outcome: Outcome) -> Iterator[Finding]:
    differing = dict(outcome.cross_check.disagreements())
    if outcome.config.instrument.is_inverse:
        # The finding gives no amounts, because they depend on how the window was sliced.
        off = [differing.pop(name) for name in [*differing] if name == "pnl" or name.startswith("balance")]
        if off:
            yield _info("ENGINE_DISAGREES", _INVERSE_PNL)
    if differing:
        figures = "; ".join(f"{name} {figure.ours:f}, engine {figure.engine:f}" for name, figure in differing.items())
        yield _warning("ENGINE_DISAGREES", f"{_DISAGREES}: {figures}")


def _of_fills(outcome: Outcome, snapshot_mode: result_pb2.SnapshotMode) -> Iterator[Finding]:
    latency = outcome.config.venue.latency
    if between := outcome.fills_between_rows:
        text = f"{between} of {outcome.fills} fills ({_percent(between / outcome.fills)})"
        yield _info("FILLS_BETWEEN_ROWS", f"{text} {_BETWEEN_ROWS}")
    if snapshot_mode == result_pb2.SNAPSHOT_MODE_BOOK:
        yield _warning("NO_TRADE_ROWS", _ONLY_BOOKS if outcome.orders else _NO_TRADES)
    elif snapshot_mode == result_pb2.SNAPSHOT_MODE_BOTH and not outcome.config.venue.liquidity_consumption:
        book = outcome.fill_audit.book if outcome.fill_audit else None
        reused = _percent(float(book.reused_share)) if book and book.fills else ""
        share = f", and {reused} of the filled size had already been filled by earlier orders" if reused else ""
        yield _info("LIQUIDITY_REUSED", f"{_REUSED}{share}; {_CONSUME}")
    elif snapshot_mode == result_pb2.SNAPSHOT_MODE_TRADES and not latency.base_latency_nanos + latency.insert_latency_nanos:
        yield _info("FILLS_AGAINST_OWN_PRINT", _OWN_PRINT)


def _of_evidence(outcome: Outcome) -> Iterator[Finding]:
    audit = outcome.fill_audit
    if audit is None:
        return
    if audit.unbacked_fills:
        # Computed here because the share in the audit is rounded to six decimals.
        backed, unbacked = Decimal(audit.backed_volume), Decimal(audit.unbacked_volume)
        share = float(unbacked / (backed + unbacked))
        text = f"{_percent(share)} of the filled size ({audit.unbacked_volume}, in {audit.unbacked_fills} fills) {_BEYOND}"
        yield (_warning if share >= _SERIOUS else _info)("FILLS_BEYOND_EVIDENCE", text)
    if old := audit.book.fills_on_old_book:
        text = f"{old} of {outcome.fills} fills {_OLD_BOOK} (up to {float(audit.book.longest_book_age_seconds):.1f} s)"
        yield (_warning if old >= _SERIOUS * outcome.fills else _info)("FILLS_ON_OLD_BOOK", text)


def _percent(share: float) -> str:
    """Return a share of at most 1 as a percentage, with three significant digits below 1 %, so that only zero reads as zero."""
    return f"{share:.1%}" if share >= 0.01 or share == 0 else f"{100 * share:.3g}%"


def _info(code: str, text: str) -> Finding:
    return Finding(severity=result_pb2.SEVERITY_INFO, code=code, message=" ".join(text.split()))


def _warning(code: str, text: str) -> Finding:
    return Finding(severity=result_pb2.SEVERITY_WARNING, code=code, message=" ".join(text.split()))
