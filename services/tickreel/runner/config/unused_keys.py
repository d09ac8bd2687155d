"""Keys of a config that are set but cannot change its run.

Some keys need others: only resting orders have a queue position, and only a fill model that draws random numbers uses the
seed. Such a config is valid. A finding tells the reader that the figures are the same without the key.
"""

from collections.abc import Iterator

from tickreel.runner.config.strategy_registry import StrategyEntry
from tickreel.v1 import result_pb2, run_config_pb2


def idle_keys(config: run_config_pb2.RunConfig, strategy: StrategyEntry) -> Iterator[tuple[str, str]]:
    """Yield the keys that differ from their default without effect, each with the reason.

    Args:
        config: A resolved config.
    """
    instrument, venue, orders = config.instrument, config.venue, config.strategy
    chances = venue.fill_model
    unmargined = "instrument.margin_init is 0, so no order needs margin"
    if not instrument.margin_init and venue.account_type == "MARGIN":
        if instrument.margin_maint:
            yield "instrument.margin_maint", unmargined
        if venue.default_leverage != 1:
            yield "venue.default_leverage", unmargined
    draws = venue.HasField("fill_model") and (chances.prob_fill_on_limit < 1 or chances.prob_slippage)
    if config.seed and not draws and not strategy.reads_seed:
        yield "seed", f"venue.fill_model draws no random numbers, and {orders.name} does not take the seed"
    # The keys below may affect a strategy that builds its own orders.
    if not strategy.copies_rows:
        return
    if orders.order_type == "MARKET" or orders.time_in_force != "GTC":
        resting = f"{orders.order_type} {orders.time_in_force} orders never rest"
        if venue.queue_position:
            yield "venue.queue_position", resting
        if venue.HasField("fill_model") and chances.prob_fill_on_limit < 1:
            yield "venue.fill_model.prob_fill_on_limit", resting
    for command, key in (("cancels", "cancel_latency_nanos"), ("modifies", "update_latency_nanos")):
        if getattr(venue.latency, key):
            yield f"venue.latency.{key}", f"{orders.name} never {command} an order"
    for defaults in orders.orders:
        for key in ("price", "amount"):
            if defaults.HasField(key):
                yield f"strategy.orders[0].{key}", f"every trade row has its own {key}; data without one is refused"


def idle_keys_finding(config: run_config_pb2.RunConfig, strategy: StrategyEntry) -> Iterator[result_pb2.Finding]:
    """Yield one finding that names all idle keys, or nothing if there are none."""
    if idle := [f"{key} ({why})" for key, why in idle_keys(config, strategy)]:
        message = f"these keys of the config have no effect in this run: {', '.join(idle)}"
        yield result_pb2.Finding(severity=result_pb2.SEVERITY_INFO, code="KEYS_WITHOUT_EFFECT", message=message)
