"""`tickreel up`: four services until it is asked to stop, and not one process afterwards."""

import os
import signal
import socket
from pathlib import Path

import pytest

from terminal import SERVICES, Terminal, is_alive, wait_until_empty


@pytest.fixture
def here(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, {})


def test_it_says_where_everything_is_and_stops_all_services_when_asked(here: Terminal) -> None:
    with here.up() as up:
        assert all(is_alive(pid) for pid in up.pids)
        assert set(up.said["services"]) == {name.lower() for name in SERVICES}
        assert up.said["paths"]["raw_data"] == str(here.folder / "data_downloads")
        assert up.said["paths"]["catalog"] == str(here.folder / "data/parquet")
        for service in up.said["services"].values():
            assert "serving on" in Path(service["log"]).read_text()
            assert Path(service["log"]).is_relative_to(here.folder / "data/state/logs")
        up.process.send_signal(signal.SIGTERM)
        _, err = up.process.communicate(timeout=30)
    assert up.process.returncode == 0
    assert "UNIFIED_CLOUD_LOCAL_PATH is not set; it is data_downloads" in err
    assert "all services have stopped" in err
    wait_until_empty(here.folder)


def test_a_service_that_dies_is_named_and_the_others_stopped(here: Terminal) -> None:
    with here.up() as up:
        os.kill(up.said["services"]["converter"]["pid"], signal.SIGKILL)
        _, err = up.process.communicate(timeout=30)
    assert up.process.returncode == 1
    assert "the converter service was ended by signal 9" in err
    assert "serving on" in err
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


def test_settings_that_cannot_be_are_refused(here: Terminal) -> None:
    refused = Terminal(here.folder, {"UNIFIED_CLOUD_SERVICES_USE_PARQUET": "perhaps"}).call("up", code=2)
    assert "UNIFIED_CLOUD_SERVICES_USE_PARQUET" in refused.err
