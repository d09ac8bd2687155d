"""Results are committed atomically, and found by their exact ids only."""

import os
import stat
from pathlib import Path

import pytest

from permissions import bound_by_permissions
from tickreel.rpc.errors import TickreelError
from tickreel.rpc.message_json import read_json
from tickreel.stores.result_layout import ResultFile
from tickreel.stores.results import ResultStore, to_json
from tickreel.v1.result_pb2 import RUN_MODE_FAST, RUN_MODE_FULL, SEVERITY_INFO, Result, RunMode

RUN = "BNF_BTC_20240718_235700_018dd7_c54988"


@pytest.fixture
def store(tmp_path: Path) -> ResultStore:
    made = ResultStore(tmp_path / "results", tmp_path / "tickdata")
    made.check_writable()
    return made


def result(run_id: str = RUN, mode: RunMode = RUN_MODE_FAST) -> Result:
    made = Result(run_id=run_id, mode=mode, instrument="Ünstrument")
    made.summary.orders = 3
    made.summary.pnl = "-284990.58292734"
    made.summary.orders_unfilled["IN_FLIGHT"] = 1
    made.findings.add(severity=SEVERITY_INFO, code="NO_MARGIN", message="«no margin»")
    return made


def files(store: ResultStore) -> set[str]:
    """Return all files, committed or not."""
    root = store.root.parent
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def visible(store: ResultStore) -> list[str]:
    return sorted(stored.run_id for stored in store.stored())


def commit_full(store: ResultStore, run_id: str = RUN) -> None:
    staging = store.staging(run_id)
    (staging / "orders.json").write_text("[]")
    ticks = store.tickdata_root / f".{run_id}.json"
    ticks.write_text("{}")
    store.commit(result(run_id, RUN_MODE_FULL), staging, ticks)


def test_a_fast_result_is_one_file_that_reads_as_it_was_written(store: ResultStore) -> None:
    store.commit(result(), None, None)
    assert files(store) == {f"results/fast/{RUN}.json"}
    stored = store.find(RUN)
    assert (stored.run_id, stored.summary) == (RUN, store.path(RUN, ResultFile.SUMMARY, full=False))
    assert stored.committed_at == stored.summary.stat().st_mtime_ns
    assert store.load(stored) == result()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only /proc tells which file a descriptor is of")
def test_a_result_is_synced_before_it_is_visible(store: ResultStore, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    fsync = os.fsync

    def told(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink().relative_to(store.root.parent)))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", told)
    commit_full(store, "a")
    assert synced[:2] == ["tickdata/.a.json", "tickdata"]
    assert sorted(synced[2:]) == [
        "results/full",
        "results/full/.a",
        "results/full/.a/orders.json",
        "results/full/.a/summary.json",
    ]
    assert synced[-1] == "results/full"
    synced.clear()
    store.commit(result("b"), None, None)
    assert synced == ["results/fast/.b.json", "results/fast"]


def test_a_full_result_is_a_folder_and_its_ticks(store: ResultStore) -> None:
    commit_full(store)
    assert files(store) == {f"results/full/{RUN}/summary.json", f"results/full/{RUN}/orders.json", f"tickdata/{RUN}.json"}
    assert store.find(RUN).summary == store.path(RUN, ResultFile.SUMMARY, full=True)
    assert store.load(store.find(RUN)) == result(mode=RUN_MODE_FULL)
    assert store.ticks_path(RUN).read_text() == "{}"


def test_a_fast_result_keeps_a_folder_beside_it(store: ResultStore) -> None:
    staging = store.staging(RUN)
    (staging / "config.json").write_text("{}")
    store.commit(result(), staging, None)
    assert files(store) == {f"results/fast/{RUN}.json", f"results/fast/{RUN}/config.json"}
    assert (store.find(RUN).folder / "config.json").read_text() == "{}"
    store.discard(RUN)
    assert files(store) == set()


def test_a_fast_result_may_have_ticks(store: ResultStore) -> None:
    ticks = store.tickdata_root / ".half.json"
    ticks.write_text("{}")
    store.commit(result(), None, ticks)
    assert files(store) == {f"results/fast/{RUN}.json", f"tickdata/{RUN}.json"}


def test_all_results_are_listed_whatever_their_mode(store: ResultStore) -> None:
    assert visible(store) == []
    store.commit(result("a"), None, None)
    commit_full(store, "b")
    assert visible(store) == ["a", "b"]
    assert {stored.run_id: stored.summary.name for stored in store.stored()} == {"a": "a.json", "b": "summary.json"}


def test_nothing_is_visible_before_it_is_committed(store: ResultStore) -> None:
    """A process that dies while it writes leaves only files whose names begin with a dot."""
    staging = store.staging(RUN)
    (staging / "summary.json").write_text(to_json(result()))
    (store.root / "fast" / f".{RUN}.json").write_text('{"run_id"')
    (store.tickdata_root / f".{RUN}.json").write_text("{")
    assert visible(store) == []
    with pytest.raises(TickreelError, match=f"there is no result '{RUN}'"):
        store.find(RUN)
    assert not store.ticks_path(RUN).exists()


def test_a_second_attempt_starts_from_an_empty_folder(store: ResultStore) -> None:
    (store.staging(RUN) / "left over").write_text("x")
    assert list(store.staging(RUN).iterdir()) == []
    store.drop_staging(RUN)
    assert files(store) == set()


def test_discarding_a_run_removes_its_files_and_no_others(store: ResultStore) -> None:
    for run_id in ("a", "b"):
        commit_full(store, run_id)
        store.commit(result(run_id), None, None)
        (store.staging(run_id) / "orders.parquet").write_text("half")
        for name in (f".{run_id}.json", f".{run_id}.json.rows"):
            (store.tickdata_root / name).write_text("half")
        (store.root / "fast" / f".{run_id}.json").write_text("half")
    store.discard("a")
    left = files(store)
    assert len(left) == 8
    assert not [name for name in left if "/a" in name or "/.a" in name]
    store.discard("a")
    store.discard("never_there")
    assert files(store) == left


def test_discarding_without_folders_does_nothing(tmp_path: Path) -> None:
    store = ResultStore(tmp_path / "results", tmp_path / "tickdata")
    store.discard(RUN)
    assert list(store.stored()) == []


@pytest.mark.parametrize(
    "run_id",
    [
        "",
        ".",
        "..",
        "../secret",
        "../fast/a",
        "a/../../secret",
        ".a",
        "full/a",
        "a\0",
        "a" * 5000,
        "a.json",
        "[ab]",
        "*",
    ],
)
def test_an_id_finds_only_its_own_result(store: ResultStore, run_id: str) -> None:
    store.commit(result("a"), None, None)
    (store.root / "secret.json").write_text("{}")
    (store.root.parent / "secret.json").write_text("{}")
    with pytest.raises(TickreelError) as caught:
        store.find(run_id)
    assert caught.value.reason == "NOT_FOUND"


@pytest.mark.parametrize("name", ["", ".", "..", "../kept", "../../kept", "a/../../kept", "*", ".a", "absolute"])
@pytest.mark.parametrize("act", ["discard", "staging", "drop_staging", "ticks_path"])
def test_an_invalid_id_removes_and_creates_nothing(tmp_path: Path, act: str, name: str) -> None:
    """All paths are below tmp_path, so that even a faulty store cannot damage anything else."""
    store = ResultStore(tmp_path / "box" / "results", tmp_path / "box" / "tickdata")
    store.check_writable()
    for folder in (tmp_path / "box" / "kept", store.root / "kept"):
        folder.mkdir()
        (folder / "file").write_text("")
    commit_full(store, "a")
    run_id = str(tmp_path / "box" / "kept") if name == "absolute" else name
    before = files(store)
    with pytest.raises(TickreelError, match="there is no result"):
        getattr(store, act)(run_id)
    assert files(store) == before


@pytest.mark.parametrize("content", ["", "{", "[]", '{"run_id": 3}', "\xff"])
def test_a_damaged_result_file_is_named(store: ResultStore, content: str) -> None:
    store.commit(result(), None, None)
    path = store.path(RUN, ResultFile.SUMMARY, full=False)
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(TickreelError, match=f"{path} cannot be read") as caught:
        store.load(store.find(RUN))
    assert caught.value.reason == "DATA_CHANGED"


def test_a_result_that_is_deleted_before_it_is_read_is_named(store: ResultStore) -> None:
    store.commit(result(), None, None)
    stored = store.find(RUN)
    store.discard(RUN)
    with pytest.raises(TickreelError, match="cannot be read"):
        store.load(stored)


def test_unknown_fields_of_a_later_version_are_ignored(store: ResultStore) -> None:
    store.commit(result(), None, None)
    path = store.path(RUN, ResultFile.SUMMARY, full=False)
    path.write_text(path.read_text().replace('"run_id"', '"sharpe": 1.5,\n  "run_id"'))
    assert store.load(store.find(RUN)) == result()


def test_the_file_has_readable_figures_and_texts(store: ResultStore) -> None:
    text = to_json(result())
    assert '"max_drawdown": ""' in text
    assert '"fills": 0' in text
    assert '"instrument": "Ünstrument"' in text
    assert '"mode": "fast"' in text
    assert read_json(Result, text) == result()


def test_a_folder_without_write_permission_is_named(store: ResultStore) -> None:
    (store.root / "full").chmod(stat.S_IRUSR | stat.S_IXUSR)
    with bound_by_permissions(), pytest.raises(TickreelError, match=f"{store.root}/full: Permission denied"):
        store.check_writable()


@pytest.mark.parametrize("name", ["results", "results/full", "tickdata"])
def test_a_folder_that_cannot_be_created_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("a file is in the way")
    with pytest.raises(TickreelError, match=f"results cannot be written in {tmp_path}/{name}") as caught:
        ResultStore(tmp_path / "results", tmp_path / "tickdata").check_writable()
    assert caught.value.reason == "STORE_NOT_WRITABLE"
    assert str(tmp_path / name) in caught.value.metadata["path"]


def test_checking_for_write_access_leaves_no_files(store: ResultStore) -> None:
    assert files(store) == set()
