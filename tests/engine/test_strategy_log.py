"""The log of a strategy: every level, with the replay time. An error in it does not stop the replay."""

from pathlib import Path

import pytest

import plain_strategies
from small_catalog import START, instrument, replay_config, write_rows
from tickreel.engine.error_log import first_error
from tickreel.engine.replay import catalog_view, replay
from tickreel.engine.tape import Tape


def test_a_strategy_logs_at_every_level_and_goes_on(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = write_rows(tmp_path / "files", [START + row * 1_000_000_000 for row in range(10)])
    (tmp_path / "view").mkdir()
    lanes = catalog_view(tmp_path / "view", instrument(), [file])
    text = "an error\n2024-07-18T10:53:22.000000000Z [ERROR] TRADER-001.nautilus_core::x: not the engine"
    strategy = replay(
        replay_config(),
        instrument(),
        plain_strategies.Talking,
        lambda recorded: recorded(instrument().id, 3, text=text),
        lanes,
        100,
        Tape(),
    )
    log = capfd.readouterr().err
    at = "2024-07-18T10:53:22.000000000Z"
    made, also_made, printed, continued, *lines = log.splitlines()
    assert (made, also_made) == ("[INFO] Talking: made", "[PRINT] Talking: made, too")
    assert (printed, continued) == (f"{at} [PRINT] Talking-000: printed", "    in one")
    assert lines[:6] == [
        f"{at} [DEBUG] Talking-000: a detail",
        f"{at} [INFO] Talking-000: some news",
        f"{at} [WARN] Talking-000: a warning",
        f"{at} [ERROR] Talking-000: an error",
        f"    {text.splitlines()[1]}",
        f"{at} [ERROR] Talking-000: caught",
    ]
    assert lines[6] == "    Traceback (most recent call last):"
    assert lines[-1] == "    ValueError: no value"
    assert strategy.rows == 10
    assert first_error(log) is None
