"""Sample data: synthetic trades and book snapshots in the raw layout, to try Tickreel without a recording.

There are two perpetuals and a spot pair, recorded over midnight, with as many trades as in two busy hours. The rows follow
from a seed; `sample_market` describes them.
"""

import errno
import io
import os
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tickreel.rpc.errors import TickreelError, is_full, not_writable
from tickreel.rpc.settings import PARQUET
from tickreel.stores.footers import Footers
from tickreel.stores.raw import BY_DATE, DATA_TYPE_FOLDERS
from tickreel.stores.raw_schema import BOOK_SNAPSHOT_5, EXCHANGE, REPLAY_CLOCKS, TRADES
from tickreel.stores.sample_market import END, START, SampleMarket, sample_rows

ROWS = 120_000
SEED = 7

WRITTEN = "written"
SKIPPED = "already there"

# Metadata key that marks sample files, so that no recording is ever overwritten. The value identifies the set of a file.
_MARK = "tickreel.sample"
# Version of the rows. Increase it with any change of the rows by `sample_market`.
_VERSION = 1
_DAY_US = 86_400_000_000

MARKETS: tuple[SampleMarket, ...] = (
    SampleMarket("SAMPLE-FUTURES:PERPETUAL:BTC-USDT", "sample-futures", "BTCUSDT", 1, 3, 66_912.4, 0.02),
    SampleMarket("SAMPLE-FUTURES:PERPETUAL:ETH-USDT", "sample-futures", "ETHUSDT", 2, 3, 3_084.57, 0.25),
    # Like an exchange whose sizes have as many decimals as the coin itself.
    SampleMarket("SAMPLE-SPOT:SPOT_PAIR:SOL-USDT", "sample-spot", "SOLUSDT", 3, 8, 172.304, 1.6, share=1 / 6),
)


def check_writable(root: Path) -> None:
    """Check the permissions for writing sample files below a data root, without writing.

    Raises:
        TickreelError: STORE_NOT_WRITABLE.
    """
    layout = root / BY_DATE
    nearest = next(folder for folder in (layout, *layout.parents) if folder.exists())
    if not os.access(nearest, os.W_OK | os.X_OK):
        is_read_only = os.statvfs(nearest).f_flag & os.ST_RDONLY
        raise _cannot_be_written(layout, errno.EROFS if is_read_only else errno.EACCES)


def write_sample_data(
    root: Path, seed: int = SEED, rows: int = ROWS, on_progress: Callable[[Path, str], None] = lambda *_: None
) -> list[Path]:
    """Write the sample files below a data root. Equal seeds and row counts give equal bytes.

    All files are first written to a temporary folder and then moved into place. Concurrent calls do not disturb each other.

    Args:
        root: The data root; created if it does not exist.
        rows: Trades of each perpetual. The spot pair has a sixth of that, and there is about one book for three trades.
        on_progress: Called with each path and WRITTEN or SKIPPED. A complete set is not generated again, and a file with the
            same bytes is not replaced.

    Returns:
        The paths of all files, written or skipped.

    Raises:
        TickreelError: STORE_NOT_WRITABLE if a file that is not a sample is in the way or the root cannot be written;
            STORE_FULL. No file has been written then.
        ValueError: `rows` is less than one.
    """
    if rows < 1:
        raise ValueError(f"rows is {rows}; it must be at least one")
    if present := _complete_set(root, seed, rows):
        for path in present:
            on_progress(path, SKIPPED)
        return present
    wanted = dict(_files(root, seed, rows))
    for path in wanted:
        if path.exists() and _MARK not in Footers().read(path).metadata:
            message = f"{path} is in the way: it is not a sample file, so it is not replaced; move it or choose another root"
            raise TickreelError("STORE_NOT_WRITABLE", message, path=path)
    new = {path: content for path, content in wanted.items() if not path.exists() or path.read_bytes() != content}
    if new:
        _write(root / BY_DATE, new)
    for path in wanted:
        on_progress(path, WRITTEN if path in new else SKIPPED)
    return list(wanted)


def _write(folder: Path, files: Mapping[Path, bytes]) -> None:
    """Write all files into a temporary folder, then move each into place."""
    aside = folder / f".sample.{uuid.uuid4().hex}"
    try:
        aside.mkdir(parents=True)
        for number, content in enumerate(files.values()):
            (aside / str(number)).write_bytes(content)
        for path in files:
            path.parent.mkdir(parents=True, exist_ok=True)
        for number, path in enumerate(files):
            (aside / str(number)).replace(path)
    except OSError as error:
        if is_full(error):
            raise not_writable("sample data", folder, error) from None
        raise _cannot_be_written(folder, error.errno or errno.EIO) from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _cannot_be_written(folder: Path, code: int) -> TickreelError:
    message = (
        f"sample data cannot be written in {folder}: {os.strerror(code)}; "
        "make the folder writable, or run `tickreel sample-data` on a machine where it is"
    )
    return TickreelError("STORE_NOT_WRITABLE", message, path=folder)


def _complete_set(root: Path, seed: int, rows: int) -> list[Path]:
    """Return the paths of an existing set with this seed and row count; none unless all its files exist."""
    days = (START.date(), END.date())
    paths = [_path(root, str(day), folder, market.name) for market in MARKETS for folder in DATA_TYPE_FOLDERS for day in days]
    there = [path for path in paths if path.exists()]
    mark = _mark(seed, rows, len(there))
    return there if there and all(footer.metadata.get(_MARK) == mark for footer in Footers().read_all(there)) else []


def _mark(seed: int, rows: int, files: int) -> str:
    return f"version {_VERSION}, seed {seed}, {rows} rows, {files} files"


def _path(root: Path, day: str, folder: str, name: str) -> Path:
    return root / BY_DATE / f"day-{day}" / folder / (name + PARQUET)


def _files(root: Path, seed: int, rows: int) -> Iterator[tuple[Path, bytes]]:
    parts: dict[Path, pa.Table] = {}
    for number, market in enumerate(MARKETS):
        tables = sample_rows(market, np.random.default_rng([seed, number]), max(1, round(rows * market.share)))
        for data_type, table in zip((TRADES, BOOK_SNAPSHOT_5), tables, strict=True):
            folder = next(name for name, found in DATA_TYPE_FOLDERS.items() if found == data_type)
            for day, part in _by_day(table):
                parts[_path(root, str(day), folder, market.name)] = part
    for path, part in parts.items():
        content = io.BytesIO()
        marked = part.replace_schema_metadata({_MARK: _mark(seed, rows, len(parts))})
        pq.write_table(marked, content, compression="zstd", row_group_size=65_536)
        yield path, content.getvalue()


def _by_day(table: pa.Table) -> Iterator[tuple[np.datetime64, pa.Table]]:
    """Yield the part of a table recorded on each UTC day, with the day."""
    days = table[REPLAY_CLOCKS[EXCHANGE]].to_numpy() // _DAY_US
    for day in np.unique(days):
        first, last = np.searchsorted(days, [day, day + 1])
        yield np.datetime64(int(day), "D"), table.slice(first, last - first)
