"""`tickreel up`: services and gateway until it is asked to stop, whatever dies, and not one process afterwards."""

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


def test_it_says_where_everything_is_and_stops_all_services_when_asked(here: Terminal) -> None:
    with here.up() as up:
        assert all(is_alive(pid) for pid in up.pids)
        assert set(up.said["services"]) == {*(name.lower() for name in SERVICES), "frontend"}
        assert up.said["url"] == f"http://{up.said['services']['gateway']['address']}"
        assert up.said["paths"]["raw_data"] == str(here.folder / "data_downloads")
        # There is nothing in it yet, which is no fault.
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


def test_what_dies_is_named_and_started_again_where_it_was(here: Terminal) -> None:
    with here.up() as up:
        assert up.process.stderr is not None
        for name in ("runner", "gateway", "frontend"):
            died = up.said["services"][name]
            os.kill(died["pid"], signal.SIGKILL)
            said = ""
            while f"the {name} service is back" not in said:
                line = up.process.stderr.readline()
                assert line, f"up ended: {said}"
                said += line
            assert f"the {name} service was killed by signal 9" in said
            host, _, port = died["address"].rpartition(":")
            with socket.create_connection((host, int(port))):
                pass
        up.terminal.call("runs")


def test_what_dies_again_and_again_is_given_up(here: Terminal) -> None:
    with here.up() as up:
        # From now on it cannot start.
        state = here.folder / "data/state/converter"
        shutil.rmtree(state)
        state.write_text("no folder")
        os.kill(up.said["services"]["converter"]["pid"], signal.SIGKILL)
        _, err = up.process.communicate(timeout=100)
    assert up.process.returncode == 2
    assert "given up after 5 deaths in a row: the converter service refuses to start" in err
    assert str(state) in err
    wait_until_empty(here.folder)


def test_killed_it_leaves_no_process_either(here: Terminal) -> None:
    with here.up() as up:
        up.process.kill()
    wait_until_empty(here.folder)


def test_a_port_in_use_is_named_with_its_variable(here: Terminal) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        variables = {f"TICKREEL_{name}_ADDRESS": "127.0.0.1:0" for name in SERVICES} | {"TICKREEL_RUNNER_ADDRESS": address}
        failed = Terminal(here.folder, variables).call("up", code=1)
    assert f"{address} (runner): Address already in use; set TICKREEL_RUNNER_ADDRESS" in failed.err
    wait_until_empty(here.folder)


def test_a_second_one_on_the_same_state_is_refused_and_touches_nothing(here: Terminal) -> None:
    with here.up() as first:
        log = here.folder / "data/state/logs/runner.log"
        before = log.stat()
        variables = {f"TICKREEL_{name}_ADDRESS": "127.0.0.1:0" for name in SERVICES}
        second = Terminal(here.folder, variables).call("up", code=2).err
        assert f"another `tickreel up` (process {first.process.pid}) uses the state folder {here.folder}/data/state" in second
        assert "TICKREEL_STATE_PATH" in second
        assert (log.stat().st_ino, log.stat().st_size) == (before.st_ino, before.st_size)
        first.terminal.call("runs")


@pytest.mark.parametrize(("name", "what"), [("logs", "the log catalog.log"), ("gateway", "the config of the gateway")])
def test_a_part_of_the_state_that_cannot_be_written_is_named(here: Terminal, name: str, what: str) -> None:
    path = here.folder / "data/state" / name
    path.parent.mkdir(parents=True)
    path.write_text("a file is in the way")
    variables = {f"TICKREEL_{service}_ADDRESS": "127.0.0.1:0" for service in SERVICES}
    assert f"{what} cannot be written in {path}: File exists" in Terminal(here.folder, variables).call("up", code=2).err
    wait_until_empty(here.folder)


def test_settings_that_cannot_be_are_refused(here: Terminal) -> None:
    refused = Terminal(here.folder, {"UNIFIED_CLOUD_SERVICES_USE_PARQUET": "perhaps"}).call("up", code=2)
    assert "UNIFIED_CLOUD_SERVICES_USE_PARQUET" in refused.err
