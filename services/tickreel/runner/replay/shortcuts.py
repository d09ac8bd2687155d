"""The checks that the engine can skip in the replay of a window, by rule."""

from tickreel.engine.copying_strategy import CopyingStrategy
from tickreel.engine.replay import Shortcuts
from tickreel.runner.window.mark_rows import MarkRows
from tickreel.v1 import run_config_pb2


def may_deny_orders(config: run_config_pb2.RunConfig) -> bool:
    """Return whether an account above zero may deny orders for lack of money: a CASH account, or one with a margin rate."""
    instrument = config.instrument
    return config.venue.account_type != "MARGIN" or instrument.margin_init > 0 or instrument.margin_maint > 0


def shortcuts_of(config: run_config_pb2.RunConfig, strategy: type, rows: MarkRows) -> Shortcuts:
    """Return the shortcuts that do not change the outcome while the account stays above zero, which the ledger checks.

    A strategy that does not only copy rows may look at its account, and may send any order.

    Args:
        config: Resolved.
    """
    if not issubclass(strategy, CopyingStrategy):
        return Shortcuts(frozen_account=config.venue.frozen_account)
    unconstrained = not may_deny_orders(config)
    # The order that closes the position does not copy a row.
    copies = not config.strategy.close_positions_on_stop
    return Shortcuts(
        frozen_account=unconstrained or config.venue.frozen_account,
        no_risk_checks=unconstrained and copies and not rows.more_in_a_second(config.risk.throttling_per_sec),
    )
