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
from nautilus_trader.persistence import DataCatalogConfig
from nautilus_trader.risk import RiskEngineConfig
from nautilus_trader.trading import Strategy

from tickreel.engine.catalog_format import FOLDERS, file_name
from tickreel.engine.copy_recorder import CopyRecorder, only_copies
from tickreel.engine.copying_strategy import CopyingStrategy
from tickreel.engine.error_log import EngineError, ErrorLog
from tickreel.engine.instrument import Instrument, decimal_of, write_instrument
from tickreel.engine.recorded_tape import RecordedTape
from tickreel.engine.refusals import ReplayData
from tickreel.engine.replay_api import companions, with_replay_api
from tickreel.engine.strategy_log import PrintLog, StrategyLog, write_record
from tickreel.engine.tape import Tape
from tickreel.rpc.errors import TickreelError
from tickreel.v1 import market_data_pb2, run_config_pb2

_RUN = "replay"
# 2262-01-01T00:00:00Z
_LAST_NAME = 9_214_646_400_000_000_000
_TRADES, _BOOKS = market_data_pb2.DATA_TYPE_TRADES, market_data_pb2.DATA_TYPE_BOOK_SNAPSHOT_5
_ENGINE_TYPES = {_TRADES: NautilusDataType.TradeTick, _BOOKS: NautilusDataType.OrderBookDepth}


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

    The name of each link reaches to the start of the next file, that of the first one back to 1970, that of the last one to
    2262. For the engine answers a request for earlier rows only if the names cover the span without a gap, and is silent
    otherwise.

    Args:
        root: An empty folder. Its path must not contain a "#", which the engine cannot read.

    Returns:
        The lanes, trades first: the engine keeps this order for rows of equal times.
    """
    lanes: list[Lane] = []
    members: list[list[ReplayFile]] = []
    for file in sorted(files, key=lambda file: (file.data_type, file.first)):
        terms = (file.data_type, file.start, file.end)
        fitting = (
            number
            for number, lane in enumerate(lanes)
            if (lane.data_type, lane.start, lane.end) == terms and members[number][-1].last < file.first
        )
        number = next(fitting, len(lanes))
        if number == len(lanes):
            lanes.append(Lane(root / str(number), *terms))
            members.append([])
        members[number].append(file)
    for lane, of_lane in zip(lanes, members, strict=True):
        folder = lane.path / FOLDERS[lane.data_type] / str(instrument.id)
        folder.mkdir(parents=True)
        write_instrument(lane.path, instrument)
        starts = [0, *(file.first for file in of_lane[1:]), _LAST_NAME]
        for file, start, following in zip(of_lane, starts, starts[1:], strict=False):
            (folder / file_name(start, following - 1)).symlink_to(file.path)
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
    types = [lane.data_type for lane in lanes]
    data = ReplayData((str(instrument.id),), types.count(_TRADES), types.count(_BOOKS))
    of_engine = _run_config(config, instrument, lanes, chunk_size, shortcuts, general=isinstance(recorder, RecordedTape))
    errors, printed = ErrorLog(), PrintLog(strategy.__name__)
    with contextlib.redirect_stdout(printed):
        try:
            made = construct(recorder.replay_class(with_replay_api(strategy, data)))
        except TickreelError as error:
            printed.end_line()
            raise _logged(error, strategy.__name__) from None
        finally:
            printed.end_line()
        printed.log = StrategyLog(made)
        failure = _run(made, data, recorder, of_engine, tape)
        printed.end_line()
    # What an error in the strategy leaves behind may look like another error, so the first one in the log counts.
    if (logged := errors.first()) is not None:
        raise _failed(logged) from failure
    if isinstance(failure, TickreelError):
        raise failure
    if failure is not None:
        raise _logged(_failed(EngineError.of(str(failure))), strategy.__name__) from failure
    return made


def _run(
    strategy: Strategy, data: ReplayData, recorder: CopyRecorder | RecordedTape, config: BacktestRunConfig, tape: Tape
) -> Exception | None:
    """Run a node, and complete the tape. Return what failed in it."""
    node = BacktestNode([config])
    try:
        actors, algorithms = companions(strategy, data)
        node.build()
        node.add_strategy(_RUN, strategy)
        for actor in actors:
            node.add_actor(_RUN, actor)
        for algorithm in algorithms:
            node.add_exec_algorithm(_RUN, algorithm)
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


def _logged(failure: TickreelError, name: str) -> TickreelError:
    """Return a failure, after writing its traceback to the log of the run: the engine logs no error before the first row."""
    if trace := failure.metadata.get("log"):
        write_record("ERROR", str(trace), name=name, instant="")
    return failure


def _run_config(
    config: run_config_pb2.RunConfig,
    instrument: Instrument,
    lanes: Sequence[Lane],
    chunk_size: int,
    shortcuts: Shortcuts,
    *,
    general: bool,
) -> BacktestRunConfig:
    """Return the config of the engine.

    Args:
        general: Whether the strategy may ask for quotes and for earlier rows.
    """
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
            data_engine=DataEngineConfig(time_bars_time_zone="UTC", emit_quotes_from_book_depths=general),
            catalogs=_catalogs(lanes) if general else [],
            risk_engine=RiskEngineConfig(
                bypass=shortcuts.no_risk_checks, max_order_submit_rate=f"{config.risk.throttling_per_sec}/00:00:01"
            ),
        ),
        chunk_size=chunk_size,
        raise_exception=True,
        dispose_on_completion=False,
    )


def _catalogs(lanes: Sequence[Lane]) -> list[DataCatalogConfig]:
    """Return the catalogs from which the engine answers requests for earlier rows.

    It answers up to the instant of the request, and refuses a later end. It reads one catalog of a data type, and the whole
    files: so files that overlap in time cannot answer.
    """
    types = [lane.data_type for lane in lanes]
    single = [lane.path for lane in lanes if types.count(lane.data_type) == 1]
    return [DataCatalogConfig(path=str(path), read_only=True, name=path.name) for path in single]


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
