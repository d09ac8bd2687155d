"""The journal keeps every job, whatever happens to the process that wrote it."""

import contextlib
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from disks import disk
from tickreel.jobs import job as jobs
from tickreel.jobs.journal import Journal
from tickreel.rpc.errors import TickreelError
from tickreel.rpc.paging import Page
from tickreel.v1 import job_pb2
from tickreel.v1.conversion_pb2 import Conversion
from tickreel.v1.converter_service_pb2 import ListConversionsRequest

# Writes a job in every unfinished state and two ended ones, and waits to be killed.
CRASHES = """
import sys, time
from pathlib import Path
from tickreel.jobs import job as jobs
from tickreel.jobs.journal import Journal
from tickreel.v1 import conversion_pb2, job_pb2

journal = Journal(Path(sys.argv[1]), conversion_pb2.Conversion)
for state in (jobs.SUCCEEDED, jobs.QUEUED, jobs.RUNNING, jobs.CANCELLING, jobs.FAILED):
    name = jobs.state_name(state)
    job = conversion_pb2.Conversion(conversion_id=name, state=state)
    journal.add(name, job, f"request {name}", "digest")
job.CopyFrom(journal.get("RUNNING"))
job.progress.phase = job_pb2.JOB_PHASE_CONVERTING
journal.save("RUNNING", job)
print("ready", flush=True)
time.sleep(3600)
"""


def add(journal: Journal[Conversion], name: str, state: job_pb2.JobState = jobs.QUEUED, request_id: str = "") -> None:
    journal.add(name, Conversion(conversion_id=name, state=state), request_id, "digest")


def open_descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def page(journal: Journal[Conversion], size: int, token: str = "") -> tuple[list[str], str]:
    asked = Page.of(ListConversionsRequest(page_size=size, page_token=token), "conversions")
    rows, more = journal.page(asked)
    return [job_id for _, job_id, _ in rows], asked.token(str(rows[-1][0])) if more else ""


def test_a_saved_job_is_read_back(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "state" / "converter", Conversion)
    job = Conversion(conversion_id="a", state=jobs.QUEUED)
    journal.add("a", job, "", "")
    job.state = jobs.RUNNING
    job.files.add(source="day-2020-02-22/Ü.parquet", rows=137_988)
    journal.save("a", job)
    journal.close()
    journal = Journal(tmp_path / "state" / "converter", Conversion)
    assert journal.get("a") == job
    assert journal.get("b") is None
    journal.close()


def test_the_jobs_of_a_killed_process_are_kept(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", CRASHES, str(tmp_path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    with pytest.raises(TickreelError, match="another process keeps its journal") as caught:
        Journal(tmp_path, Conversion)
    assert caught.value.reason == "STORE_NOT_WRITABLE"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()

    journal = Journal(tmp_path, Conversion)
    assert [(name, job.state) for name, job in journal.unfinished()] == [
        ("QUEUED", jobs.QUEUED),
        ("RUNNING", jobs.RUNNING),
        ("CANCELLING", jobs.CANCELLING),
    ]
    running = journal.get("RUNNING")
    assert running is not None
    assert running.progress.phase == job_pb2.JOB_PHASE_CONVERTING
    assert journal.find_request("request RUNNING") == ("RUNNING", "digest")
    journal.close()


def test_closing_releases_the_folder(tmp_path: Path) -> None:
    for _ in range(3):
        Journal(tmp_path, Conversion).close()


def test_a_second_journal_in_a_folder_is_refused_and_leaves_no_descriptor(tmp_path: Path) -> None:
    journal = Journal(tmp_path, Conversion)
    before = open_descriptors()
    for _ in range(5):
        with pytest.raises(TickreelError, match=f"{tmp_path}.*TICKREEL_STATE_PATH"):
            Journal(tmp_path, Conversion)
    assert open_descriptors() == before
    journal.close()


def test_a_folder_that_cannot_be_created_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(TickreelError, match=f"{tmp_path}/file/converter") as caught:
        Journal(tmp_path / "file" / "converter", Conversion)
    assert caught.value.reason == "STORE_NOT_WRITABLE"
    assert caught.value.metadata == {"path": f"{tmp_path}/file/converter"}


@pytest.mark.parametrize("damage", ["no journal", "cut short", "overwritten", "other columns"])
def test_the_error_of_a_corrupt_journal_says_what_to_do_and_the_folder_is_released(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "journal.sqlite"
    journal = Journal(tmp_path, Conversion)
    for number in range(200):
        add(journal, f"job {number}")
    journal.close()
    content = path.read_bytes()
    match damage:
        case "no journal":
            path.write_text("these are not the rows that you are looking for" * 100)
        case "cut short":
            path.write_bytes(content[: len(content) // 2])
        case "overwritten":
            path.write_bytes(content[:4096] + bytes(len(content) - 4096))
        case "other columns":
            with contextlib.closing(sqlite3.connect(path, autocommit=True)) as database:
                database.execute("ALTER TABLE job RENAME COLUMN id TO name")
    for _ in range(2):
        with pytest.raises(TickreelError, match=f"move journal.sqlite\\* out of {tmp_path}, and start it again") as caught:
            journal = Journal(tmp_path, Conversion)
            with contextlib.closing(journal):
                journal.unfinished()
        assert caught.value.reason == "STORE_CORRUPT"
        assert caught.value.metadata == {"path": str(path)}
    for file in tmp_path.glob("journal.sqlite*"):
        file.unlink()
    with contextlib.closing(Journal(tmp_path, Conversion)) as anew:
        add(anew, "a")


def test_a_corrupt_entry_is_a_failed_job_and_hides_no_other(tmp_path: Path) -> None:
    journal = Journal(tmp_path, Conversion)
    for name in ("a", "b", "c"):
        add(journal, name)
    journal.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "journal.sqlite", autocommit=True)) as database:
        database.execute("UPDATE job SET resource = x'ffffff' WHERE id = 'b'")
    with contextlib.closing(Journal(tmp_path, Conversion)) as journal:
        assert page(journal, 10) == (["c", "b", "a"], "")
        assert [job_id for job_id, _ in journal.unfinished()] == ["a", "c"]
        job = journal.get("b")
        assert job is not None
        assert (job.conversion_id, job.state, job.failure.reason) == ("b", jobs.FAILED, "STORE_CORRUPT")
        assert job.failure.message.startswith(f"the entry of b in {tmp_path}/journal.sqlite is corrupt")


def test_opening_and_writing_on_a_full_disk_raise_store_full(tmp_path: Path) -> None:
    with disk(tmp_path / "state") as mounted:
        folder = tmp_path / "state" / "runner"
        with mounted.full(), pytest.raises(TickreelError, match="no space is left") as caught:
            Journal(folder, Conversion)
        assert caught.value.reason == "STORE_FULL"
        journal = Journal(folder, Conversion)
        with mounted.full(), pytest.raises(TickreelError, match="free some and try again") as caught:
            for number in range(10_000):
                add(journal, f"job {number}")
        assert caught.value.reason == "STORE_FULL"
        journal.close()
        with mounted.full(), pytest.raises(TickreelError) as caught:
            Journal(folder, Conversion)
        assert caught.value.reason == "STORE_FULL"


def test_a_request_is_found_by_its_id_but_not_by_an_empty_one(tmp_path: Path) -> None:
    journal = Journal(tmp_path, Conversion)
    add(journal, "a", request_id="r")
    add(journal, "b")
    add(journal, "c")
    assert journal.find_request("r") == ("a", "digest")
    assert journal.find_request("other") is None
    assert journal.find_request("") is None
    journal.close()


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 25), st.integers(1, 30))
def test_pages_together_have_all_jobs_newest_first(tmp_path_factory: pytest.TempPathFactory, count: int, size: int) -> None:
    journal = Journal(tmp_path_factory.mktemp("journal"), Conversion)
    names = [str(number) for number in range(count)]
    for name in names:
        add(journal, name)
    seen, token = page(journal, size)
    while token:
        # Jobs that are added now are newer than all remaining pages.
        add(journal, f"late {token}")
        more, token = page(journal, size, token)
        seen += more
    assert seen == names[::-1]
    journal.close()


@pytest.mark.parametrize("after", ["the beginning", "-1", "9223372036854775808", "9" * 4_000])
def test_a_forged_token_is_refused(tmp_path: Path, after: str) -> None:
    journal = Journal(tmp_path, Conversion)
    forged = Page("conversions", 1, None).token(after)
    with pytest.raises(TickreelError) as caught:
        page(journal, 1, forged)
    assert caught.value.reason == "INVALID_REQUEST"
    journal.close()


def test_the_request_digest_depends_on_all_bytes() -> None:
    assert len({jobs.request_digest(content) for content in (b"", b"\0", b"a", b"ab")}) == 4
