"""`tickreel export`: names, formats, refusals, and resumed downloads."""

import io
import signal
import threading
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from live import live
from serving import serving, settings_in
from terminal import Terminal
from tickreel.results.artifact import Artifact
from tickreel.results.service import ResultsServicer
from tickreel.rpc.channel import ServiceClient
from tickreel.stores.results import ResultStore
from tickreel.v1 import result_pb2
from tickreel.v1.results_service_pb2 import ExportArtifactResponse

ROWS = 108_000


def _fills() -> bytes:
    numbers = pa.array(range(ROWS), pa.int64())
    file = io.BytesIO()
    table = pa.table(dict.fromkeys(("id", "order_id", "ts"), numbers))
    pq.write_table(table, file, use_dictionary=False, compression="none")
    return file.getvalue()


FILLS = _fills()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ResultStore:
    """A store with the full run F, which has fills."""
    folder = tmp_path_factory.mktemp("deployment")
    store = ResultStore(folder / "results", folder / "tickdata")
    store.check_writable()
    result = result_pb2.Result(run_id="F", mode=result_pb2.RUN_MODE_FULL)
    result.summary.fills = ROWS
    staging = store.staging("F")
    (staging / "fills.parquet").write_bytes(FILLS)
    for name in ("fills.parquet", "summary.json"):
        result.metadata.outputs[name] = str(store.root / "full/F" / name)
    store.commit(result, staging, None)
    return store


@pytest.fixture(scope="module")
def address(store: ResultStore) -> Iterator[str]:
    def serve() -> AbstractAsyncContextManager[ServiceClient]:
        return serving("results", ResultsServicer, settings_in(store.root.parent))

    with live(serve) as client:
        yield client.address


@pytest.fixture
def terminal(tmp_path: Path, address: str) -> Terminal:
    return Terminal(tmp_path, {"TICKREEL_RESULTS_ADDRESS": address})


def test_a_file_is_named_after_its_run_or_by_the_user(terminal: Terminal) -> None:
    assert terminal.call("export", "F", "fills.parquet").out == "F.fills.parquet  2.6 MB\n"
    (terminal.folder / "sub").mkdir()
    answer = terminal.json("export", "F", "fills.parquet", "--to", "sub")
    assert answer == {"path": "sub/F.fills.parquet", "bytes": len(FILLS)}
    terminal.call("export", "F", "summary.json", "--to", "mine.json")
    assert (terminal.folder / "F.fills.parquet").read_bytes() == FILLS
    assert (terminal.folder / "sub/F.fills.parquet").read_bytes() == FILLS
    assert '"run_id": "F"' in (terminal.folder / "mine.json").read_text()
    assert len(list(terminal.folder.rglob("*"))) == 4


def test_a_table_is_exported_in_the_requested_format(terminal: Terminal) -> None:
    assert terminal.call("export", "F", "fills").out == "F.fills.parquet  2.6 MB\n"
    assert terminal.json("export", "F", "summary", "--format", "csv")["path"] == "F.summary.csv"
    assert (terminal.folder / "F.summary.csv").read_text().startswith("run_id,mode,instrument,")
    terminal.call("export", "F", "summary.csv", "--format", "csv", "--to", "again.csv")
    assert (terminal.folder / "again.csv").read_bytes() == (terminal.folder / "F.summary.csv").read_bytes()
    refused = terminal.call("export", "F", "summary.csv", "--format", "json", code=2).err
    assert "summary.csv and --format json differ; use summary --format json" in refused


def test_an_unknown_table_is_refused_with_the_known_ones(terminal: Terminal) -> None:
    assert "it has fills.parquet, summary.json" in terminal.call("export", "F", "orders.parquet", code=2).err
    assert "there is no result 'G'" in terminal.call("export", "G", "fills.parquet", code=2).err
    assert "cannot be written" in terminal.call("export", "F", "fills.parquet", "--to", "none/f", code=2).err
    assert list(terminal.folder.iterdir()) == []


def test_without_a_service_the_error_tells_how_to_start_one(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, {"TICKREEL_RESULTS_ADDRESS": "127.0.0.1:1"})
    assert "`tickreel up` starts the services" in terminal.call("export", "F", "fills.parquet", code=1).err


def test_ctrl_c_leaves_no_incomplete_file_and_the_same_command_resumes(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts, resume = Artifact.parts, threading.Event()

    def paused(artifact: Artifact, offset: int) -> Iterator[ExportArtifactResponse]:
        for number, part in enumerate(parts(artifact, offset)):
            if number == 2:
                resume.wait(60)
            yield part

    monkeypatch.setattr(Artifact, "parts", paused)
    process = terminal.start("export", "F", "fills.parquet")
    try:
        while not (partials := list(terminal.folder.iterdir())) or partials[0].stat().st_size < 1 << 20:
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
        resume.set()
    assert process.returncode == 130
    assert err == "interrupted; repeat the command to resume the download\n"
    monkeypatch.undo()
    (partial,) = terminal.folder.iterdir()
    assert partial.name.startswith(".F.fills.parquet.")
    with partial.open("r+b") as file:
        file.truncate(1 << 20)
    terminal.call("export", "F", "fills.parquet")
    (path,) = terminal.folder.iterdir()
    assert path.name == "F.fills.parquet"
    assert path.read_bytes() == FILLS
