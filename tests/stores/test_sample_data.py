import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recordings import trades
from tickreel.rpc.errors import TickreelError
from tickreel.stores import sample_data
from tickreel.stores.raw import RawStore
from tickreel.stores.raw_schema import BOOK_SNAPSHOT_5, TRADES
from tickreel.stores.sample_data import SKIPPED, WRITTEN, write_sample_data

ROWS = 6_000
# Names of instruments, with the number of ticks and of lots in one unit.
INSTRUMENTS = [("BTC-USDT", 10, 1_000), ("ETH-USDT", 100, 1_000), ("SOL-USDT", 1_000, 10**8)]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sample") / "data"
    write_sample_data(root, 7, ROWS)
    return root


def _columns(sample: Path, name: str, data_type: str) -> dict[str, np.ndarray]:
    """Return the rows of both days; the side is a mask of buys."""
    paths = sorted(sample.rglob(f"data_type-{data_type}/*{name}.parquet"))
    whole = pa.concat_tables(pq.ParquetFile(path).read() for path in paths)
    columns = {column: whole[column].to_numpy() for column in whole.column_names}
    return columns | {"side": columns["side"] == "buy"} if "side" in columns else columns


def test_instruments_over_midnight_in_the_raw_layout(sample: Path) -> None:
    store = RawStore(sample)
    datasets = [store.dataset(name) for name in sorted(store.dataset_ids())]
    assert [dataset.dataset_id for dataset in datasets] == ["day-2024-05-17", "day-2024-05-18"]
    files = [file for dataset in datasets for file in dataset.files]
    assert not any(dataset.warnings for dataset in datasets) and not any(file.warnings for file in files)
    names = {f"SAMPLE-FUTURES:PERPETUAL:{coin}-USDT": ROWS for coin in ("BTC", "ETH")} | {
        "SAMPLE-SPOT:SPOT_PAIR:SOL-USDT": 1_000
    }
    for data_type in (TRADES, BOOK_SNAPSHOT_5):
        assert sorted(file.instrument for file in files if file.data_type == data_type) == sorted([*names, *names])
    for name, rows in names.items():
        trades, books = (
            sum(file.rows for file in files if file.instrument == name and file.data_type == data_type)
            for data_type in (TRADES, BOOK_SNAPSHOT_5)
        )
        assert trades == rows
        assert 2 < trades / books < 3.5


@pytest.mark.parametrize(("name", "tick", "lot"), INSTRUMENTS)
def test_trades_resemble_a_recording(sample: Path, name: str, tick: int, lot: int) -> None:
    table = _columns(sample, name, "trades")
    local, exchange = table["local_timestamp"], table["timestamp"]
    assert (np.diff(local) >= 0).all()
    assert np.mean(np.diff(local) == 0) > 0.2, "ties"
    assert 0.05 < np.mean(local < exchange) < 0.95, "a recorder's clock beside the exchange's"
    gaps = np.diff(np.unique(exchange))
    assert gaps.std() > 1.2 * gaps.mean(), "bursts"
    ticks = table["price"] * tick
    assert np.array_equal(table["price"], np.rint(ticks) / tick)
    assert 0.001 < table["price"].std() / table["price"].mean() * 3 < 0.2
    lots = np.rint(table["amount"] * lot)
    assert np.array_equal(table["amount"], lots / lot)
    assert lots.min() >= 1
    assert lots.max() > 50 * np.median(lots), "a heavy tail"


@pytest.mark.parametrize(("name", "tick", "lot"), INSTRUMENTS)
def test_books_are_complete_and_resemble_a_recording(sample: Path, name: str, tick: int, lot: int) -> None:
    books, trades = _columns(sample, name, "book_snapshot_5"), _columns(sample, name, "trades")
    local = books["local_timestamp"]
    assert (np.diff(local) >= 0).all()
    assert local[0] < trades["local_timestamp"][0], "every trade has a book before it"
    assert 0.1 < np.mean(np.isin(local, trades["local_timestamp"])) < 0.6, "ties between trades and books"
    levels = {part: np.stack([books[f"{part}[{level}].price"] for level in range(5)]) for part in ("asks", "bids")}
    assert (np.diff(levels["asks"], axis=0) > 0).all() and (np.diff(levels["bids"], axis=0) < 0).all()
    assert (levels["asks"][0] > levels["bids"][0]).all()
    for prices in levels.values():
        assert np.array_equal(prices, np.rint(prices * tick) / tick)
    for column in (column for column in books if column.endswith("amount")):
        assert np.array_equal(books[column], np.rint(books[column] * lot) / lot)
        assert books[column].min() > 0
    content = np.stack([books[column] for column in books if "[" in column])
    assert 0.01 < np.mean((np.diff(content, axis=1) == 0).all(axis=0)) < 0.15, "repeated books"


@pytest.mark.parametrize(("name", "tick", "lot"), INSTRUMENTS)
def test_books_explain_the_trades(sample: Path, name: str, tick: int, lot: int) -> None:
    """Check row by row that each order takes the levels that the last book before it displays, up to the trade's price."""
    books, trades = _columns(sample, name, "book_snapshot_5"), _columns(sample, name, "trades")
    whole = walked = 0
    book = -1
    for time, buys, price, amount in zip(*(trades[n] for n in ("local_timestamp", "side", "price", "amount")), strict=True):
        while book + 1 < len(books["local_timestamp"]) and books["local_timestamp"][book + 1] < time:
            book += 1
        side = "asks" if buys else "bids"
        levels = [(books[f"{side}[{level}].price"][book], books[f"{side}[{level}].amount"][book]) for level in range(5)]
        assert price >= levels[0][0] if buys else price <= levels[0][0]
        taken = [size for limit, size in levels if (limit <= price if buys else limit >= price)]
        filled = round(sum(taken) * lot) >= round(amount * lot)
        whole += filled
        walked += filled and amount > levels[0][1]
    rows = len(trades["price"])
    assert 0.8 < whole / rows < 0.99
    assert 0.005 < walked / rows < 0.2


def test_the_same_seed_gives_the_same_bytes_and_another_gives_others(sample: Path, tmp_path: Path) -> None:
    def digests(root: Path) -> dict[str, str]:
        return {str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in root.rglob("*.parquet")}

    write_sample_data(tmp_path / "same", 7, ROWS)
    write_sample_data(tmp_path / "other", 8, ROWS)
    assert digests(tmp_path / "same") == digests(sample)
    assert not set(digests(tmp_path / "other").values()) & set(digests(sample).values())


def test_existing_files_are_skipped_and_reported(tmp_path: Path) -> None:
    said: list[tuple[Path, str]] = []
    paths = write_sample_data(tmp_path, 1, 50, lambda *told: said.append(told))
    times = [path.stat().st_mtime_ns for path in paths]
    paths[-1].unlink()
    again = write_sample_data(tmp_path, 1, 50, lambda *told: said.append(told))
    assert again == paths
    assert [state for _, state in said] == [WRITTEN] * len(paths) + [SKIPPED] * (len(paths) - 1) + [WRITTEN]
    assert [path.stat().st_mtime_ns for path in paths[:-1]] == times[:-1]
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path not in paths]


def test_a_complete_set_is_not_generated_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = write_sample_data(tmp_path, 1, 50)
    monkeypatch.setattr(sample_data, "sample_rows", lambda *_: pytest.fail("rows were made"))
    assert sorted(write_sample_data(tmp_path, 1, 50)) == sorted(paths)


def test_a_sample_of_another_seed_is_replaced(tmp_path: Path) -> None:
    paths = write_sample_data(tmp_path, 1, 500)
    before = paths[0].read_bytes()
    assert write_sample_data(tmp_path, 2, 500) == paths
    assert paths[0].read_bytes() != before


@pytest.mark.parametrize("content", ["recording", "broken"])
def test_a_file_that_is_not_a_sample_is_never_overwritten(tmp_path: Path, content: str) -> None:
    path = tmp_path / "raw_tick_data/by_date/day-2024-05-18/data_type-trades/SAMPLE-FUTURES:PERPETUAL:ETH-USDT.parquet"
    path.parent.mkdir(parents=True)
    if content == "recording":
        pq.write_table(trades(), path)
    else:
        path.write_bytes(b"mine")
    before = path.read_bytes()
    with pytest.raises(TickreelError, match="is in the way") as refused:
        write_sample_data(tmp_path, 7, 50)
    assert refused.value.reason == "STORE_NOT_WRITABLE"
    assert [found for found in tmp_path.rglob("*") if found.is_file()] == [path]
    assert path.read_bytes() == before


def test_a_root_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(TickreelError, match="cannot be written"):
        write_sample_data(tmp_path / "file", 7, 50)


def test_at_least_one_row_is_required(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one"):
        write_sample_data(tmp_path, 7, 0)
    paths = write_sample_data(tmp_path, 7, 1)
    assert [pq.read_metadata(path).num_rows for path in paths if "trades" in str(path.parent)] == [1, 1, 1]
