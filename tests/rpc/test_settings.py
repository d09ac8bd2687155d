"""Settings are read from the environment, and all faults are reported at once."""

import os
from pathlib import Path

import pytest

from tickreel.rpc.errors import TickreelError
from tickreel.rpc.settings import CSV, PARQUET, Settings, default_address, parse_switch

NEEDED = {"UNIFIED_CLOUD_LOCAL_PATH": "raw", "DATA_CATALOG_PATH": "catalog"}


def refused(environ: dict[str, str]) -> dict[str, str]:
    """Return the violations by variable."""
    with pytest.raises(TickreelError) as caught:
        Settings.from_env(environ)
    assert caught.value.reason == "ENVIRONMENT_MISMATCH"
    for violation in caught.value.violations:
        assert violation.field in caught.value.message
    return {violation.field: violation.description for violation in caught.value.violations}


def test_unset_variables_have_their_documented_defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings.from_env(NEEDED)
    assert settings.data_root == tmp_path / "raw"
    assert settings.catalog_root == tmp_path / "catalog"
    assert settings.results_root == tmp_path / "data/backtest_results"
    assert settings.tickdata_root == tmp_path / "frontend/public/tickdata"
    assert settings.configs_root == tmp_path / "configs"
    assert settings.state_root == tmp_path / "data/state"
    assert settings.ui_root == tmp_path / "frontend/dist"
    assert settings.listen == ""
    assert settings.addresses == {
        "catalog": "127.0.0.1:50051",
        "converter": "127.0.0.1:50052",
        "runner": "127.0.0.1:50053",
        "results": "127.0.0.1:50054",
        "gateway": "127.0.0.1:8000",
    }
    assert settings.log_level == "INFO"
    assert (settings.runner_slots, settings.replay_chunk) == (2 * (os.cpu_count() or 1), 50_000)
    assert (settings.runner_memory, settings.max_attempts, settings.hang_seconds) == (None, 3, 300)
    assert settings.spare_workers


def test_every_setting_is_a_variable(tmp_path: Path) -> None:
    settings = Settings.from_env(
        NEEDED
        | {
            "TICKREEL_RESULTS_PATH": str(tmp_path / "r"),
            "TICKREEL_TICKDATA_PATH": str(tmp_path / "t"),
            "TICKREEL_CONFIGS_PATH": str(tmp_path / "c"),
            "TICKREEL_STATE_PATH": "~/s",
            "TICKREEL_LISTEN": "0.0.0.0:1",
            "TICKREEL_CONVERTER_ADDRESS": "converter:2",
            "TICKREEL_RUNNER_SLOTS": "3",
            "TICKREEL_RUNNER_MEMORY": "4096",
            "TICKREEL_CONVERTER_MEMORY": "2048",
            "TICKREEL_MAX_ATTEMPTS": "5",
            "TICKREEL_HANG_SECONDS": "60",
            "TICKREEL_SPARE_WORKERS": "0",
            "TICKREEL_REPLAY_CHUNK": "7",
            "TICKREEL_LOG_LEVEL": "debug",
        }
    )
    assert (settings.results_root, settings.tickdata_root) == (tmp_path / "r", tmp_path / "t")
    assert (settings.configs_root, settings.state_root) == (tmp_path / "c", Path.home() / "s")
    assert (settings.listen, settings.addresses["converter"]) == ("0.0.0.0:1", "converter:2")
    assert settings.addresses["catalog"] == default_address("catalog")
    assert (settings.runner_slots, settings.replay_chunk, settings.log_level) == (3, 7, "DEBUG")
    assert (settings.runner_memory, settings.converter_memory) == (4096, 2048)
    assert (settings.max_attempts, settings.hang_seconds) == (5, 60)
    assert not settings.spare_workers


def test_the_environment_has_the_variables_that_a_config_may_name() -> None:
    settings = Settings.from_env(NEEDED | {"UNIFIED_CLOUD_SERVICES_USE_PARQUET": "YES"})
    assert settings.environment == {
        "UNIFIED_CLOUD_LOCAL_PATH": "raw",
        "UNIFIED_CLOUD_SERVICES_USE_PARQUET": "true",
        "UNIFIED_CLOUD_SERVICES_USE_DIRECT_GCS": "false",
        "DATA_CATALOG_PATH": "catalog",
    }


@pytest.mark.parametrize(("text", "ending", "told"), [("", PARQUET, "true"), ("1", PARQUET, "true"), ("No", CSV, "false")])
def test_raw_data_is_parquet_or_csv(text: str, ending: str, told: str) -> None:
    settings = Settings.from_env(NEEDED | {"UNIFIED_CLOUD_SERVICES_USE_PARQUET": text})
    assert (settings.raw_ending, settings.environment["UNIFIED_CLOUD_SERVICES_USE_PARQUET"]) == (ending, told)


def test_all_faults_are_reported_at_once() -> None:
    wrong = refused(
        {
            "DATA_CATALOG_PATH": "",
            "UNIFIED_CLOUD_SERVICES_USE_PARQUET": "perhaps",
            "UNIFIED_CLOUD_SERVICES_USE_DIRECT_GCS": "true",
            "TICKREEL_RESULTS_PATH": "~nobody-of-this-name/results",
            "TICKREEL_RUNNER_SLOTS": "-1",
            "TICKREEL_RUNNER_MEMORY": "4G",
            "TICKREEL_CONVERTER_MEMORY": "0",
            "TICKREEL_MAX_ATTEMPTS": "0",
            "TICKREEL_HANG_SECONDS": "never",
            "TICKREEL_SPARE_WORKERS": "2",
            "TICKREEL_REPLAY_CHUNK": "1e4",
            "TICKREEL_LOG_LEVEL": "loud",
        }
    )
    assert set(wrong) == {
        "UNIFIED_CLOUD_LOCAL_PATH",
        "DATA_CATALOG_PATH",
        "UNIFIED_CLOUD_SERVICES_USE_PARQUET",
        "UNIFIED_CLOUD_SERVICES_USE_DIRECT_GCS",
        "TICKREEL_RESULTS_PATH",
        "TICKREEL_RUNNER_SLOTS",
        "TICKREEL_RUNNER_MEMORY",
        "TICKREEL_CONVERTER_MEMORY",
        "TICKREEL_MAX_ATTEMPTS",
        "TICKREEL_HANG_SECONDS",
        "TICKREEL_SPARE_WORKERS",
        "TICKREEL_REPLAY_CHUNK",
        "TICKREEL_LOG_LEVEL",
    }


@pytest.mark.parametrize("text", ["0", "-3", "2.0", "٣", "many", "1_000"])
def test_a_count_is_a_whole_number_above_zero(text: str) -> None:
    assert set(refused(NEEDED | {"TICKREEL_REPLAY_CHUNK": text})) == {"TICKREEL_REPLAY_CHUNK"}


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), (" ON ", True), ("1", True), ("yes", True), ("False", False), ("off", False), ("0", False), ("", None)],
)
def test_a_switch_accepts_the_usual_words(text: str, value: bool | None) -> None:
    assert parse_switch(text) is value
