"""A command connects to the given service, to one that is up, or to one that it starts."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from serving import serving, settings_in
from tickreel.cli.connection import connect
from tickreel.cli.interrupts import Interrupts
from tickreel.cli.supervision.own_services import environment_for
from tickreel.results.service import ResultsServicer
from tickreel.rpc import settings
from tickreel.rpc.errors import TickreelError
from tickreel.rpc.settings import CSV, PARQUET, USE_PARQUET, parse_switch

VARIABLES = ("UNIFIED_CLOUD_LOCAL_PATH", "DATA_CATALOG_PATH")


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


async def test_the_gateway_at_its_default_address_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with serving("results", ResultsServicer, settings_in(tmp_path)) as running:
        monkeypatch.setitem(settings.DEFAULT_PORTS, "gateway", int(running.address.rpartition(":")[2]))
        async with connect("results", ("results",), None, {}, standalone=False) as connection:
            assert connection.client.address == running.address
    assert f"using the results service at {running.address}" in capsys.readouterr().err


async def test_a_given_address_is_used_without_a_check(capsys: pytest.CaptureFixture[str]) -> None:
    async with connect("results", ("results",), "127.0.0.1:1", {}, standalone=False) as connection:
        assert connection.client.address == "127.0.0.1:1"
    assert capsys.readouterr().err == ""


async def test_a_service_is_started_if_none_is_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Nothing listens on port 1.
    monkeypatch.setitem(settings.DEFAULT_PORTS, "gateway", 1)
    for name in ("RESULTS", "TICKDATA", "CONFIGS"):
        monkeypatch.setenv(f"TICKREEL_{name}_PATH", str(tmp_path / name))
    document = {"environment": {name: str(tmp_path / name) for name in VARIABLES}}
    async with connect("results", ("results",), None, document, standalone=False) as connection:
        assert connection.client.address != "127.0.0.1:1"
        assert connection.document == document


def test_the_environment_of_the_process_overrides_the_config(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_CATALOG_PATH", "/mine")
    named = {"UNIFIED_CLOUD_LOCAL_PATH": "raw", "DATA_CATALOG_PATH": "/theirs", "UNIFIED_CLOUD_SERVICES_USE_PARQUET": True}
    environ, document = environment_for({"environment": named, "risk": {}})
    assert (environ["UNIFIED_CLOUD_LOCAL_PATH"], environ["DATA_CATALOG_PATH"]) == ("raw", "/mine")
    assert document == {"environment": named | {"DATA_CATALOG_PATH": "/mine"}, "risk": {}}


@pytest.mark.parametrize(
    ("own", "configured", "effective"), [("", False, "false"), ("", True, "true"), ("no", True, "no"), ("1", False, "1")]
)
def test_the_config_sets_the_raw_file_type_unless_the_process_does(
    monkeypatch: pytest.MonkeyPatch, own: str, configured: bool, effective: str
) -> None:
    monkeypatch.setenv(USE_PARQUET, own)
    named = {"UNIFIED_CLOUD_LOCAL_PATH": "raw", "DATA_CATALOG_PATH": "catalog", USE_PARQUET: configured}
    environ, document = environment_for({"environment": named})
    assert environ[USE_PARQUET] == effective
    assert document == {"environment": named | {USE_PARQUET: parse_switch(effective)}}
    assert settings.Settings.from_env(environ).raw_ending == (PARQUET if parse_switch(effective) else CSV)


def test_without_a_raw_file_type_in_the_config_the_environment_sets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(USE_PARQUET, "off")
    named = {"UNIFIED_CLOUD_LOCAL_PATH": "raw", "DATA_CATALOG_PATH": "catalog"}
    environ, document = environment_for({"environment": named})
    assert (environ[USE_PARQUET], document) == ("off", {"environment": named})


@pytest.mark.parametrize("block", [None, {}, [], {"DATA_CATALOG_PATH": 5}, {"DATA_CATALOG_PATH": ""}])
def test_every_unset_variable_is_named(block: object) -> None:
    with pytest.raises(TickreelError) as caught:
        environment_for({"environment": block})
    assert [violation.field for violation in caught.value.violations] == list(VARIABLES)


async def test_the_first_signal_sets_the_event_and_the_second_cancels_the_task() -> None:
    async def work() -> None:
        with Interrupts() as interrupts:
            interrupts.check()
            os.kill(os.getpid(), signal.SIGINT)
            await interrupts.asked.wait()
            with pytest.raises(asyncio.CancelledError):
                interrupts.check()
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(60)

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(work())
