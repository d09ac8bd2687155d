"""The rules of a run config's venue, and the defaults of its optional keys."""

from tickreel.engine.instrument import SPOT, currency_precision, places_of
from tickreel.rpc.violations import Violations
from tickreel.stores.instrument_name import InstrumentName
from tickreel.v1 import result_pb2, run_config_pb2

# The largest starting balance. The engine's money type holds 17 times as much.
MAX_MONEY = 1_000_000_000_000
MAX_LEVERAGE = 1_000
# A day in nanoseconds. A longer latency is a typing error.
MAX_LATENCY = 86_400_000_000_000
_BOOK_TYPES = {
    result_pb2.SNAPSHOT_MODE_TRADES: "L1_MBP",
    result_pb2.SNAPSHOT_MODE_BOOK: "L2_MBP",
    result_pb2.SNAPSHOT_MODE_BOTH: "L2_MBP",
}


def check_venue(config: run_config_pb2.RunConfig, snapshot_mode: result_pb2.SnapshotMode, violations: Violations) -> None:
    """Check the venue against the instrument and the snapshot mode, and fill in its optional keys."""
    venue, instrument = config.venue, config.instrument
    if violations.clean("venue.name", "instrument.id"):
        expected = InstrumentName.parse(instrument.id).venue
        if venue.name != expected:
            violations.add("venue.name", f"is {venue.name!r}, but the venue of instrument.id is {expected!r}; change one")
    if violations.clean("venue.oms_type") and venue.oms_type not in ("NETTING", "HEDGING"):
        problem = f"is {venue.oms_type!r}; it must be 'NETTING', one position per instrument, or 'HEDGING', any number"
        violations.add("venue.oms_type", problem)
    if violations.clean("venue.account_type"):
        _check_account(config, violations)
    if (
        venue.oms_type == "HEDGING"
        and venue.account_type == "CASH"
        and violations.clean("venue.oms_type", "venue.account_type")
    ):
        violations.add("venue.oms_type", "is 'HEDGING', but a CASH account holds coins and no positions; it must be 'NETTING'")
    for key in ("maker_fee", "taker_fee"):
        fee = getattr(venue, key)
        if violations.clean(f"venue.{key}") and not -1 < fee < 1:
            problem = f"is {fee}; it must be above -1 and below 1, a fraction of the notional, 0.0004 for example"
            violations.add(f"venue.{key}", problem)
    if not venue.HasField("default_leverage"):
        venue.default_leverage = 1.0
    elif violations.clean("venue.default_leverage") and not 1 <= venue.default_leverage <= MAX_LEVERAGE:
        violations.add("venue.default_leverage", f"is {venue.default_leverage}; it must be 1 to {MAX_LEVERAGE}")
    for key in ("liquidity_consumption", "queue_position", "frozen_account"):
        setattr(venue, key, getattr(venue, key))
    _check_realism(venue, snapshot_mode, violations)


def _check_account(config: run_config_pb2.RunConfig, violations: Violations) -> None:
    venue, instrument = config.venue, config.instrument
    if venue.account_type == "MARGIN":
        _check_margin_account(venue, instrument, violations)
    elif venue.account_type != "CASH":
        violations.add("venue.account_type", f"is {venue.account_type!r}; it must be 'MARGIN', or 'CASH' for a spot pair")
    elif violations.clean("instrument.id") and instrument.type != SPOT:
        problem = "is 'CASH', but a perpetual is traded on margin; it must be 'MARGIN'"
        violations.add("venue.account_type", problem)
    elif violations.clean("instrument.id", "instrument.base_currency", "instrument.quote_currency"):
        _check_cash_account(venue, instrument, violations)


def _check_margin_account(
    venue: run_config_pb2.VenueConfig, instrument: run_config_pb2.InstrumentConfig, violations: Violations
) -> None:
    if venue.starting_balances and violations.clean("venue.starting_balances"):
        problem = "is set, but a MARGIN account has one currency; use starting_balance instead"
        violations.add("venue.starting_balances", problem)
    for key in ("base_currency", "starting_balance"):
        if violations.clean(f"venue.{key}") and not venue.HasField(key):
            violations.add(f"venue.{key}", "is missing; a MARGIN account needs it")
    currencies = (f"instrument.{key}_currency" for key in ("base", "quote", "settlement"))
    if violations.clean("venue.base_currency", "instrument.id", *currencies):
        if venue.base_currency != instrument.settlement_currency:
            settled = instrument.settlement_currency
            problem = f"is {venue.base_currency!r}, but the instrument settles in {settled!r}; it must be {settled!r}"
            violations.add("venue.base_currency", problem)
        elif violations.clean("venue.starting_balance"):
            if not venue.starting_balance > 0:
                violations.add("venue.starting_balance", f"is {venue.starting_balance}; it must be above zero")
            else:
                _check_money("venue.starting_balance", venue.starting_balance, venue.base_currency, violations)


def _check_cash_account(
    venue: run_config_pb2.VenueConfig, instrument: run_config_pb2.InstrumentConfig, violations: Violations
) -> None:
    base, quote = instrument.base_currency, instrument.quote_currency
    remedy = f'a CASH account holds both currencies of the pair: give starting_balances, {{"{quote}": 10000, "{base}": 0}}'
    for key in ("base_currency", "starting_balance"):
        if venue.HasField(key) and violations.clean(f"venue.{key}"):
            violations.add(f"venue.{key}", f"is set, but only a MARGIN account has it; {remedy}, and leave {key} out")
    for key in ("margin_init", "margin_maint"):
        if getattr(instrument, key) and violations.clean(f"instrument.{key}"):
            violations.add(
                f"instrument.{key}", f"is {getattr(instrument, key)}; it must be 0, because a CASH account has no margin"
            )
    if venue.HasField("default_leverage") and venue.default_leverage != 1 and violations.clean("venue.default_leverage"):
        problem = f"is {venue.default_leverage}; it must be 1, because a CASH account has no leverage"
        violations.add("venue.default_leverage", problem)
    if not violations.clean("venue.starting_balances"):
        return
    if not any(balance > 0 for balance in venue.starting_balances.values()):
        violations.add("venue.starting_balances", f"has no balance above zero, so no order can be paid for; {remedy}")
    for currency, balance in venue.starting_balances.items():
        field = f"venue.starting_balances.{currency}"
        if currency not in (base, quote):
            violations.add(field, f"is not a currency of the pair; it must be {quote} or {base}")
        elif balance < 0:
            violations.add(field, f"is {balance}; it must be zero or above")
        elif currency == base and places_of(balance) > instrument.size_precision:
            places = instrument.size_precision
            violations.add(field, f"is {balance}; it may have at most {places} decimals, instrument.size_precision")
        else:
            _check_money(field, balance, currency, violations)
    for currency in (base, quote):
        if currency not in venue.starting_balances:
            venue.starting_balances[currency] = 0.0


def _check_money(field: str, amount: float, currency: str, violations: Violations) -> None:
    if amount > MAX_MONEY:
        violations.add(field, f"is {amount}; it must be at most {MAX_MONEY}")
    elif places_of(amount) > currency_precision(currency):
        violations.add(field, f"is {amount}; {currency} has only {currency_precision(currency)} decimals")


def _check_realism(venue: run_config_pb2.VenueConfig, snapshot_mode: result_pb2.SnapshotMode, violations: Violations) -> None:
    book_type = _BOOK_TYPES.get(snapshot_mode)
    if violations.clean("venue.book_type"):
        if venue.HasField("book_type") and venue.book_type not in _BOOK_TYPES.values():
            violations.add("venue.book_type", f"is {venue.book_type!r}; it must be L1_MBP for trades, L2_MBP for book and both")
        elif book_type is not None and venue.HasField("book_type") and venue.book_type != book_type:
            mode = result_pb2.SnapshotMode.Name(snapshot_mode).removeprefix("SNAPSHOT_MODE_").lower()
            problem = f"is {venue.book_type!r}, but snapshot_mode {mode} is replayed on {book_type!r}; leave book_type out"
            violations.add("venue.book_type", problem)
        elif book_type is not None:
            venue.book_type = book_type
    if venue.HasField("latency"):
        for key in ("base_latency_nanos", "insert_latency_nanos", "cancel_latency_nanos", "update_latency_nanos"):
            nanoseconds = getattr(venue.latency, key)
            setattr(venue.latency, key, nanoseconds)
            if violations.clean(f"venue.latency.{key}") and not (0 <= nanoseconds <= MAX_LATENCY and nanoseconds % 1 == 0):
                problem = f"is {nanoseconds}; it must be a whole number of nanoseconds from 0 to {MAX_LATENCY}, a day"
                violations.add(f"venue.latency.{key}", problem)
        if not venue.latency.update_latency_nanos:
            # This key is newer than the others. Unset at zero, it leaves the digests of older configs as they were.
            venue.latency.ClearField("update_latency_nanos")
    if venue.HasField("fill_model"):
        model = venue.fill_model
        for key, default in (("prob_fill_on_limit", 1.0), ("prob_slippage", 0.0)):
            if not model.HasField(key):
                setattr(model, key, default)
            elif violations.clean(f"venue.fill_model.{key}") and not 0 <= getattr(model, key) <= 1:
                violations.add(f"venue.fill_model.{key}", f"is {getattr(model, key)}; it must be a probability, 0 to 1")
        if book_type == "L2_MBP" and model.prob_slippage and violations.clean("venue.fill_model.prob_slippage"):
            problem = (
                f"is {model.prob_slippage}, but it has no effect on an L2 book, where orders walk the levels; leave it out"
            )
            violations.add("venue.fill_model.prob_slippage", problem)
