"""A replay: one BacktestNode over the files of a window."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nautilus_trader.backtest import (
    BacktestDataConfig,
    BacktestEngineConfig,
    BacktestNode,
    BacktestRunConfig,
    BacktestVenueConfig,
)
from nautilus_trader.common import LoggerConfig, LogLevel, logger_flush
from nautilus_trader.data import DataEngineConfig
from nautilus_trader.execution import DefaultFillModel, MakerTakerFeeModel, StaticLatencyModel
from nautilus_trader.model import Currency, NautilusDataType
from nautilus_trader.risk import RiskEngineConfig
from nautilus_trader.trading import Strategy

from tickreel.engine.catalog_format import FOLDERS
from tickreel.engine.copy_recorder import CopyRecorder, only_copies
from tickreel.engine.copying_strategy import CopyingStrategy
from tickreel.engine.error_log import EngineError, ErrorLog
from tickreel.engine.instrument import Instrument, decimal_of, write_instrument
from tickreel.engine.recorded_tape import RecordedTape
from tickreel.engine.strategy_log import PrintLog, StrategyLog
from tickreel.engine.tape import Tape
from tickreel.rpc.errors import TickreelError
from tickreel.v1 import market_data_pb2, run_config_pb2

_RUN = "replay"
_ENGINE_TYPES = {
    market_data_pb2.DATA_TYPE_TRADES: NautilusDataType.TradeTick,
    market_data_pb2.DATA_TYPE_BOOK_SNAPSHOT_5: NautilusDataType.OrderBookDepth,
}


@dataclass(frozen=True)
class ReplayFile:
    """A converted file, and the span of it to replay. Times are UNIX nanoseconds on the replay clock.

    Attributes:
        first, last: Times of its first and last row.
        start, end: First and last instant to replay, both inclusive.
    """

    path: Path
    data_type: market_data_pb2.DataType
    first: int
    last: int
    start: int
    end: int


@dataclass(frozen=True)
class Lane:
    """A catalog of files of one data type that do not overlap in time, and the span of it to replay."""

    path: Path
    data_type: market_data_pb2.DataType
    start: int
    end: int


@dataclass(frozen=True)
class Shortcuts:
    """Work that the engine skips in a replay because it cannot change the outcome.

    Attributes:
        frozen_account: Do not update the account, which is a fifth of the engine's work. Fills are the same if the account
            would never have refused an order.
        no_risk_checks: Do not check orders before they go to the venue, which is an eighth of the engine's work. Fills are the
            same if no order would have been denied.
    """

    frozen_account: bool = False
    no_risk_checks: bool = False


def catalog_view(root: Path, instrument: Instrument, files: Sequence[ReplayFile]) -> list[Lane]:
    """Make catalogs that hold links to the files of a run, and the run's instrument.

    The engine refuses files in one catalog that overlap in time, as recordings do around midnight. Such files are put into
    separate catalogs ("lanes"), whose rows the engine merges by time.

    Args:
        root: An empty folder. Its path must not contain a "#", which the engine cannot read.

    Returns:
        The lanes, trades first: the engine keeps this order for rows of equal times.
    """
    lanes: list[Lane] = []
    reach: list[int] = []
    for file in sorted(files, key=lambda file: (file.data_type, file.first)):
        terms = (file.data_type, file.start, file.end)
        fitting = (
            number
            for number, lane in enumerate(lanes)
            if (lane.data_type, lane.start, lane.end) == terms and reach[number] < file.first
        )
        number = next(fitting, len(lanes))
        if number == len(lanes):
            lanes.append(Lane(root / str(number), *terms))
            reach.append(0)
            lanes[number].path.mkdir()
            write_instrument(lanes[number].path, instrument)
        reach[number] = file.last
        folder = lanes[number].path / FOLDERS[file.data_type] / str(instrument.id)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / file.path.name).symlink_to(file.path)
    return lanes


def replay[S: Strategy](
    config: run_config_pb2.RunConfig,
    instrument: Instrument,
    strategy: type[S],
    construct: Callable[[type[S]], S],
    lanes: Sequence[Lane],
    chunk_size: int,
    tape: Tape,
    *,
    shortcuts: Shortcuts = Shortcuts(),
    first_book: int | None = None,
) -> S:
    """Replay a window through a strategy, and record it on a tape.

    The engine stops after any logged error, which fails the replay.

    Args:
        config: A resolved config: every optional key is set.
        construct: Makes the strategy of a subclass of its class. `replay` does not handle its errors.
        lanes: The catalogs of `catalog_view`.
        chunk_size: Number of rows that the engine loads at a time. The outcome does not depend on it.
        tape: An empty tape.
        first_book: Time of the first book, UNIX nanoseconds; None if orders are not matched against books.

    Returns:
        The strategy after the replay.

    Raises:
        TickreelError: REPLAY_FAILED, with the traceback of the strategy or the engine's message.
    """
    end = max(lane.end for lane in lanes)
    recorder: CopyRecorder | RecordedTape
    if only_copies(strategy, config):
        recorder = CopyRecorder(instrument, config, tape, end)
    else:
        recorder = RecordedTape(instrument, config, tape, (min(lane.start for lane in lanes), end), first_book)
    errors, printed = ErrorLog(), PrintLog(strategy.__name__)
    with contextlib.redirect_stdout(printed):
        try:
            made = construct(recorder.replay_class(strategy))
        finally:
            printed.end_line()
        printed.log = StrategyLog(made)
        failure = _run(made, recorder, _run_config(config, instrument, lanes, chunk_size, shortcuts), tape)
        printed.end_line()
    # What an error in the strategy leaves behind may look like another error, so the first one in the log counts.
    if (logged := errors.first()) is not None:
        raise _failed(logged) from failure
    if isinstance(failure, TickreelError):
        raise failure
    if failure is not None:
        raise _failed(EngineError.of(str(failure))) from failure
    return made


def _run(strategy: Strategy, recorder: CopyRecorder | RecordedTape, config: BacktestRunConfig, tape: Tape) -> Exception | None:
    """Run a node, and complete the tape. Return what failed in it."""
    node = BacktestNode([config])
    try:
        node.build()
        node.add_strategy(_RUN, strategy)
        (result,) = node.run()
        (venue,) = config.venues
        recorder.finish(node.get_engine_cache(_RUN), with_balances=not venue.frozen_account)
        tape.iterations = result.iterations
    except Exception as error:
        return error
    finally:
        node.dispose()
        if isinstance(strategy, CopyingStrategy):
            strategy.drop_cycles()
        logger_flush()
    return None


def _failed(error: EngineError) -> TickreelError:
    """Return the failure of a replay after an error, with the traceback of user code if it was at fault."""
    return TickreelError("REPLAY_FAILED", str(error), **({"log": error.traceback} if error.traceback else {}))


def _run_config(
    config: run_config_pb2.RunConfig, instrument: Instrument, lanes: Sequence[Lane], chunk_size: int, shortcuts: Shortcuts
) -> BacktestRunConfig:
    return BacktestRunConfig(
        id=_RUN,
        venues=[_venue(config, frozen_account=shortcuts.frozen_account)],
        data=[
            BacktestDataConfig(
                data_type=_ENGINE_TYPES[lane.data_type],
                catalog_path=str(lane.path),
                instrument_id=instrument.id,
                start_time=lane.start,
                end_time=lane.end,
                # No effect here: the catalogs hold no deltas. Set because the default is new.
                batch_deltas=False,
            )
            for lane in lanes
        ],
        engine=BacktestEngineConfig(
            # No banner, and only errors, which go to the log of the run.
            logging=LoggerConfig(stdout_level=LogLevel.ERROR, is_colored=False),
            # Without this, the engine silently continues after an error in a callback.
            shutdown_on_error=True,
            run_analysis=False,
            # For bars that a strategy builds.
            data_engine=DataEngineConfig(time_bars_time_zone="UTC"),
            risk_engine=RiskEngineConfig(
                bypass=shortcuts.no_risk_checks, max_order_submit_rate=f"{config.risk.throttling_per_sec}/00:00:01"
            ),
        ),
        chunk_size=chunk_size,
        raise_exception=True,
        dispose_on_completion=False,
    )


def _venue(config: run_config_pb2.RunConfig, *, frozen_account: bool) -> BacktestVenueConfig:
    venue = config.venue
    options: dict[str, Any] = {}
    if venue.account_type == "CASH":
        balances = [f"{decimal_of(balance):f} {currency}" for currency, balance in sorted(venue.starting_balances.items())]
    else:
        options["base_currency"] = Currency.from_str(venue.base_currency)
        balances = [f"{decimal_of(venue.starting_balance):f} {venue.base_currency}"]
    if venue.HasField("latency"):
        latency = venue.latency
        options["latency_model"] = StaticLatencyModel(
            base_latency_nanos=int(latency.base_latency_nanos),
            insert_latency_nanos=int(latency.insert_latency_nanos),
            update_latency_nanos=int(latency.update_latency_nanos),
            cancel_latency_nanos=int(latency.cancel_latency_nanos),
        )
    if venue.HasField("fill_model"):
        chances = venue.fill_model
        options["fill_model"] = DefaultFillModel(chances.prob_fill_on_limit, chances.prob_slippage, config.seed)
    return BacktestVenueConfig(
        name=venue.name,
        oms_type=venue.oms_type,
        account_type=venue.account_type,
        book_type=venue.book_type,
        starting_balances=balances,
        default_leverage=decimal_of(venue.default_leverage),
        liquidity_consumption=venue.liquidity_consumption,
        queue_position=venue.queue_position,
        frozen_account=frozen_account,
        fee_model=MakerTakerFeeModel(decimal_of(venue.maker_fee), decimal_of(venue.taker_fee)),
        **options,
    )
