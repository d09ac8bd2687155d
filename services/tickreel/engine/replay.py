"""A replay: one BacktestNode over the files of a window."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from nautilus_trader.backtest import (
    BacktestDataConfig,
    BacktestEngineConfig,
    BacktestNode,
    BacktestRunConfig,
    BacktestVenueConfig,
)
from nautilus_trader.common import LoggerConfig, LogLevel
from nautilus_trader.execution import MakerTakerFeeModel
from nautilus_trader.model import Currency, NautilusDataType
from nautilus_trader.persistence import ParquetDataCatalog
from nautilus_trader.risk import RiskEngineConfig

from tickreel.engine.instruments import Instrument, decimal_of
from tickreel.engine.strategy import ReplayStrategy
from tickreel.rpc.errors import TickreelError
from tickreel.v1 import run_config_pb2

_RUN = "replay"


@dataclass(frozen=True)
class TradeFile:
    """A converted file: where it lies, and the replay times of its first and last row, UNIX nanoseconds."""

    path: Path
    first: int
    last: int


def catalog_view(root: Path, instrument: Instrument, files: Sequence[TradeFile]) -> list[Path]:
    """Makes catalogs that hold just the files of a run, as links, and the run's own instrument.

    The engine refuses files of one catalog that overlap in time, which recordings do around midnight: such files go to
    catalogs of their own ("lanes"), whose rows the engine merges by time.

    Args:
        root: An empty folder; the engine cannot read from a path with a "#" in it.

    Returns:
        The folders of the lanes.
    """
    ends: list[int] = []
    for file in sorted(files, key=lambda file: file.first):
        lane = next((number for number, end in enumerate(ends) if end < file.first), len(ends))
        if lane == len(ends):
            ends.append(0)
            (root / str(lane)).mkdir()
            write_instrument(root / str(lane), instrument)
        ends[lane] = file.last
        folder = root / str(lane) / "data" / "trades" / str(instrument.id)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / file.path.name).symlink_to(file.path)
    return [root / str(lane) for lane in range(len(ends))]


def write_instrument(catalog: Path, instrument: Instrument) -> None:
    """Puts an instrument into a catalog, where the engine looks for it."""
    ParquetDataCatalog(str(catalog)).write_instruments([instrument.engine])


def replay(
    config: run_config_pb2.RunConfig,
    strategy: ReplayStrategy,
    lanes: Sequence[Path],
    start: int,
    end: int,
    chunk_size: int,
    *,
    frozen_account: bool = False,
) -> None:
    """Replays a window through a strategy, whose tape then holds what happened.

    Args:
        config: Resolved: every optional key is there.
        lanes: The catalogs of `catalog_view`.
        start, end: The first and last instant, both inclusive, UNIX nanoseconds of the replay clock.
        chunk_size: How many rows the engine holds at a time; the outcome does not depend on it.
        frozen_account: Whether the engine leaves the account as it is at the start, which spares it a fifth of its work.
            Fills are the same as long as the account would never have refused an order.

    Raises:
        TickreelError: REPLAY_FAILED, with the traceback of the strategy or the engine's message.
    """
    venue = config.venue
    run_config = BacktestRunConfig(
        id=_RUN,
        venues=[
            BacktestVenueConfig(
                name=venue.name,
                oms_type=venue.oms_type,
                account_type=venue.account_type,
                book_type="L1_MBP",
                base_currency=Currency.from_str(venue.base_currency),
                starting_balances=[f"{decimal_of(venue.starting_balance):f} {venue.base_currency}"],
                default_leverage=Decimal(1),
                frozen_account=frozen_account,
                fee_model=MakerTakerFeeModel(decimal_of(venue.maker_fee), decimal_of(venue.taker_fee)),
            )
        ],
        data=[
            BacktestDataConfig(
                data_type=NautilusDataType.TradeTick,
                catalog_path=str(lane),
                instrument_id=strategy.instrument.id,
                start_time=start,
                end_time=end,
            )
            for lane in lanes
        ],
        engine=BacktestEngineConfig(
            # No banner, and only errors, which end up in the log of the run.
            logging=LoggerConfig(stdout_level=LogLevel.ERROR, is_colored=False),
            # Without it the engine replays on after an error in a callback, and says nothing.
            shutdown_on_error=True,
            run_analysis=False,
            risk_engine=RiskEngineConfig(max_order_submit_rate=f"{config.risk.throttling_per_sec}/00:00:01"),
        ),
        chunk_size=chunk_size,
        raise_exception=True,
        dispose_on_completion=False,
    )
    node = BacktestNode([run_config])
    try:
        node.build()
        node.add_strategy(_RUN, strategy)
        node.run()
    except Exception as error:
        raise TickreelError("REPLAY_FAILED", f"the engine stopped: {error}") from error
    finally:
        node.dispose()
    if strategy.tape.error:
        traceback = strategy.tape.error.strip()
        cause = traceback.splitlines()[-1]
        raise TickreelError("REPLAY_FAILED", f"the strategy raised {cause}", log=traceback)
