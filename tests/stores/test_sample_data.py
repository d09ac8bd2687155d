import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recordings import trades
from tickreel.rpc.errors import TickreelError
from tickreel.stores.raw import RawStore
from tickreel.stores.sample_data import SKIPPED, WRITTEN, write_sample_data

ROWS = 6_000


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sample") / "data"
    write_sample_data(root, 7, ROWS)
    return root


def test_two_instruments_over_midnight_in_the_raw_layout(sample: Path) -> None:
    store = RawStore(sample)
    datasets = [store.dataset(name) for name in sorted(store.dataset_ids())]
    assert [dataset.dataset_id for dataset in datasets] == ["day-2024-05-17", "day-2024-05-18"]
    names = {"SAMPLE-FUTURES:PERPETUAL:BTC-USDT", "SAMPLE-FUTURES:PERPETUAL:ETH-USDT"}
    assert all({file.instrument for file in dataset.files} == names for dataset in datasets)
    assert all(not dataset.warnings and not any(file.warnings for file in dataset.files) for dataset in datasets)
    assert sum(file.rows for dataset in datasets for file in dataset.files) == 2 * ROWS


def test_it_looks_like_a_recording_where_a_replay_cares(sample: Path) -> None:
    for name, tick in (("BTC-USDT", 10), ("ETH-USDT", 100)):
        paths = sorted(sample.rglob(f"*{name}.parquet"))
        names = ["local_timestamp", "timestamp", "price", "amount"]
        whole = pa.concat_tables(pq.ParquetFile(path).read(names) for path in paths)
        table = {name: whole[name].to_numpy() for name in names}
        local, exchange = table["local_timestamp"], table["timestamp"]
        assert (np.diff(local) >= 0).all()
        assert np.mean(np.diff(local) == 0) > 0.2, "ties"
        assert 0.05 < np.mean(local < exchange) < 0.95, "a recorder's clock beside the exchange's"
        gaps = np.diff(np.unique(exchange))
        assert gaps.std() > 1.2 * gaps.mean(), "bursts"
        ticks = table["price"] * tick
        assert np.array_equal(table["price"], np.rint(ticks) / tick)
        assert 0.001 < table["price"].std() / table["price"].mean() * 3 < 0.2
        lots = np.rint(table["amount"] * 1000)
        assert np.array_equal(table["amount"], lots / 1000)
        assert lots.min() >= 1
        assert lots.max() > 50 * np.median(lots), "a heavy tail"


def test_the_same_seed_gives_the_same_bytes_and_another_gives_others(sample: Path, tmp_path: Path) -> None:
    def digests(root: Path) -> dict[str, str]:
        return {str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in root.rglob("*.parquet")}

    write_sample_data(tmp_path / "same", 7, ROWS)
    write_sample_data(tmp_path / "other", 8, ROWS)
    assert digests(tmp_path / "same") == digests(sample)
    assert not set(digests(tmp_path / "other").values()) & set(digests(sample).values())


def test_what_is_there_is_left_alone_and_said(tmp_path: Path) -> None:
    said: list[tuple[Path, str]] = []
    paths = write_sample_data(tmp_path, 1, 50, lambda *told: said.append(told))
    times = [path.stat().st_mtime_ns for path in paths]
    paths[-1].unlink()
    again = write_sample_data(tmp_path, 1, 50, lambda *told: said.append(told))
    assert again == paths
    assert [state for _, state in said] == [WRITTEN] * len(paths) + [SKIPPED] * (len(paths) - 1) + [WRITTEN]
    assert [path.stat().st_mtime_ns for path in paths[:-1]] == times[:-1]
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path not in paths]


def test_a_sample_of_another_seed_is_replaced(tmp_path: Path) -> None:
    paths = write_sample_data(tmp_path, 1, 50)
    before = paths[0].read_bytes()
    assert write_sample_data(tmp_path, 2, 50) == paths
    assert paths[0].read_bytes() != before


@pytest.mark.parametrize("content", ["recording", "broken"])
def test_a_file_that_was_not_made_here_is_never_overwritten(tmp_path: Path, content: str) -> None:
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


def test_rows_must_be_asked_for(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one"):
        write_sample_data(tmp_path, 7, 0)
    assert sum(pq.read_metadata(path).num_rows for path in write_sample_data(tmp_path, 7, 1)) == 2
