"""`tickreel up`: start, restarts, refusals, and no orphan process after its end."""

import os
import shutil
import signal
import socket
from pathlib import Path

import pytest

from terminal import SERVICES, Terminal, is_alive, wait_until_empty

pytestmark = pytest.mark.usefixtures("measured_processes")


@pytest.fixture
def here(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, {})


def test_up_prints_addresses_and_paths_and_stops_all_services_on_sigterm(here: Terminal) -> None:
    with here.up() as up:
        assert all(is_alive(pid) for pid in up.pids)
        assert set(up.said["services"]) == {*(name.lower() for name in SERVICES), "frontend"}
        assert up.said["url"] == f"http://{up.said['services']['gateway']['address']}"
        assert up.said["paths"]["raw_data"] == str(here.folder / "data_downloads")
        # The folder of raw data exists, but is empty.
        assert up.terminal.json("datasets") == {"datasets": []}
        assert up.said["paths"]["catalog"] == str(here.folder / "data/parquet")
        for service in up.said["services"].values():
            assert Path(service["log"]).exists()
            assert Path(service["log"]).is_relative_to(here.folder / "data/state/logs")
        up.process.send_signal(signal.SIGTERM)
        _, err = up.process.communicate(timeout=100)
    assert up.process.returncode == 0
    assert "UNIFIED_CLOUD_LOCAL_PATH is not set; using data_downloads" in err
    assert "all services have stopped" in err
    wait_until_empty(here.folder)


def test_a_process_that_dies_is_restarted_at_its_address(here: Terminal) -> None:
    with here.up(jobs=False) as up:
        assert up.process.stderr is not None
        for name in ("runner", "gateway", "frontend"):
            died = up.said["services"][name]
            os.kill(died["pid"], signal.SIGKILL)
            printed = ""
            while f"the {name} service is back" not in printed:
                line = up.process.stderr.readline()
                assert line, f"up ended: {printed}"
                printed += line
            assert f"the {name} service was killed by signal 9" in printed
            host, _, port = died["address"].rpartition(":")
            with socket.create_connection((host, int(port))):
                pass
        up.terminal.call("runs")


def test_up_gives_up_after_five_deaths_in_a_row(here: Terminal) -> None:
    with here.up(jobs=False) as up:
        # From now on the converter cannot start.
        state = here.folder / "data/state/converter"
        shutil.rmtree(state)
        state.write_text("no folder")
        os.kill(up.said["services"]["converter"]["pid"], signal.SIGKILL)
        _, err = up.process.communicate(timeout=100)
    assert up.process.returncode == 2
    assert "given up after 5 deaths in a row: the converter service refuses to start" in err
    assert str(state) in err
    wait_until_empty(here.folder)


def test_a_killed_up_leaves_no_orphan_process(here: Terminal) -> None:
    with here.up() as up:
        up.process.kill()
    wait_until_empty(here.folder)


def test_a_port_in_use_is_refused_with_its_variable(here: Terminal) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        variables = {f"TICKREEL_{name}_ADDRESS": "127.0.0.1:0" for name in SERVICES} | {"TICKREEL_RUNNER_ADDRESS": address}
        failed = Terminal(here.folder, variables).call("up", code=1)
    assert f"{address} (runner): Address already in use; set TICKREEL_RUNNER_ADDRESS" in failed.err
    wait_until_empty(here.folder)


def test_a_second_up_on_the_same_state_is_refused_and_writes_nothing(here: Terminal) -> None:
    with here.up(jobs=False) as first:
        log = here.folder / "data/state/logs/runner.log"
        before = log.stat()
        variables = {f"TICKREEL_{name}_ADDRESS": "127.0.0.1:0" for name in SERVICES}
        second = Terminal(here.folder, variables).call("up", code=2).err
        assert f"another `tickreel up` (process {first.process.pid}) uses the state folder {here.folder}/data/state" in second
        assert "TICKREEL_STATE_PATH" in second
        assert (log.stat().st_ino, log.stat().st_size) == (before.st_ino, before.st_size)
        first.terminal.call("runs")


@pytest.mark.parametrize(("name", "subject"), [("logs", "the log catalog.log"), ("gateway", "the config of the gateway")])
def test_an_unwritable_part_of_the_state_is_named(here: Terminal, name: str, subject: str) -> None:
    path = here.folder / "data/state" / name
    path.parent.mkdir(parents=True)
    path.write_text("a file is in the way")
    variables = {f"TICKREEL_{service}_ADDRESS": "127.0.0.1:0" for service in SERVICES}
    assert f"{subject} cannot be written in {path}: File exists" in Terminal(here.folder, variables).call("up", code=2).err
    wait_until_empty(here.folder)


def test_invalid_settings_are_refused(here: Terminal) -> None:
    refused = Terminal(here.folder, {"UNIFIED_CLOUD_SERVICES_USE_PARQUET": "perhaps"}).call("up", code=2)
    assert "UNIFIED_CLOUD_SERVICES_USE_PARQUET" in refused.err
