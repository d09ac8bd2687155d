"""Errors in the engine's log, which alone says why it stopped."""

import subprocess
import sys
from pathlib import Path

import pytest

from tickreel.engine.error_log import MAX_MONEY, explained, first_error

LINE = "2024-07-18T10:53:20.000000001Z [{level}] TRADER-001.{component}: {text}"
BEYOND = f"Raw value 1 exceeded bounds [-{MAX_MONEY}, {MAX_MONEY}] for Money"
PANIC = """
thread '<unnamed>' (8924) panicked at crates/model/src/types/quantity.rs:196:45:
Condition failed: invalid f64 for 'value' not in range [0, 34028236692093], was 40000000000000
stack backtrace:
"""


def line(text: str, level: str = "ERROR", component: str = "nautilus_execution::matching_engine") -> str:
    return LINE.format(level=level, component=component, text=text) + "\n"


def test_the_first_error_is_reported_with_its_time_and_limit() -> None:
    found = first_error("warming up\n" + line("low", "WARN") + line(BEYOND) + line("later"))
    assert found is not None
    assert (found.text, found.instant) == (BEYOND, "2024-07-18T10:53:20.000000001Z")
    assert str(found).startswith(
        f"the engine stopped at 2024-07-18T10:53:20.000000001Z: {BEYOND}; the engine's money holds at most"
    )
    assert "instrument.multiplier" in str(found)


def test_an_error_of_a_logger_of_user_code_names_the_logger() -> None:
    assert str(first_error(line("no signal", component="mine"))) == (
        "the engine stopped at 2024-07-18T10:53:20.000000001Z because of an error in the log of 'mine': no signal;"
        " an error of a Logger stops a replay, one of self.log does not"
    )


def test_an_abort_is_reported_by_its_panic() -> None:
    found = first_error(line("before") + PANIC)
    assert found is not None
    assert str(found).startswith(
        "the engine stopped: Condition failed: invalid f64 for 'value' not in range [0, 34028236692093]"
    )
    assert "the position exceeded it" in str(found)


@pytest.mark.parametrize("log", ["", "2024 [INFO] all is well\n", line("low", "WARN")])
def test_a_log_without_errors_has_no_first_error(log: str) -> None:
    assert first_error(log) is None


def test_an_unknown_error_is_reported_unchanged() -> None:
    assert explained("Something else") == "Something else"


# Runs in a separate process, whose standard error is the log.
_REPLAY = """
import sys
from pathlib import Path
from small_catalog import START, replay_config, replay_files, write_trades
from tickreel.engine.replay import Shortcuts
from tickreel.engine.tape import Tape
from tickreel.runner.strategies.temp_backtest import TempBacktestStrategy

folder = Path(sys.argv[1])
file = write_trades(folder / "files", [(START, 1, 10, 10), (START + 1, 1, 18 * 10**12, 10**5)])
shortcuts, tape = Shortcuts(frozen_account=True, no_risk_checks=True), Tape()
try:
    replay_files(TempBacktestStrategy, replay_config(), folder / "view", [file], shortcuts=shortcuts, tape=tape)
except Exception as error:
    print(tape.rows, error)
"""


def test_an_error_at_the_last_row_fails_the_replay(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as log:
        done = subprocess.run(
            [sys.executable, "-c", _REPLAY, str(tmp_path)],
            stdout=subprocess.PIPE,
            stderr=log,
            check=True,
            text=True,
            cwd=Path(__file__).parents[1],
        )
    assert done.stdout.startswith(
        "2 the engine stopped at 2024-07-18T10:53:20.000000001Z: Cannot fill limit order O-2: Raw value"
    )
    assert str(MAX_MONEY) in done.stdout


TRACEBACK = """Traceback (most recent call last):
  File "mine.py", line 12, in on_trade
    self.prices[-1]
    ~~~~~~~~~~~^^^^
IndexError: list index out of range
and a second line

"""


@pytest.mark.parametrize(
    ("component", "head"),
    [
        ("nautilus_common::actor::data_actor", "Python on_trade failed:"),
        ("nautilus_common::timer", "Python time event callback raised exception:"),
        ("nautilus_system::kernel", "Error stopping trader: Python on_stop failed:"),
        ("Mine-000", "Python on_order_filled failed:"),
    ],
)
def test_an_exception_of_user_code_is_reported_with_its_traceback_and_time(component: str, head: str) -> None:
    found = first_error(line(f"{head}\n{TRACEBACK}", component=component) + line("Python on_stop failed:\n" + TRACEBACK))
    assert found is not None
    assert str(found) == "the strategy raised IndexError: list index out of range at 2024-07-18T10:53:20.000000001Z"
    assert found.traceback == TRACEBACK.rstrip()


def test_a_traceback_begins_in_the_strategy() -> None:
    ours = """  File "/opt/site-packages/tickreel/engine/recorded_tape.py", line 3, in noted
    theirs(this, event)
    ~~~~~~^^^^^^^^^^^^^
"""
    head, first, *rest = TRACEBACK.splitlines(keepends=True)
    found = first_error(line("Python on_trade failed:\n" + "".join([head, ours, first, *rest])))
    assert found is not None
    assert found.traceback == TRACEBACK.rstrip()


def test_an_error_after_the_replay_has_no_replay_time() -> None:
    found = first_error(line(f"Error disposing trader: Python on_dispose failed:\n{TRACEBACK}"))
    assert str(found) == "the strategy raised IndexError: list index out of range"


def test_of_chained_exceptions_the_last_one_is_named() -> None:
    chained = (
        TRACEBACK
        + "During handling of the above exception, another exception occurred:\n\n"
        + TRACEBACK.replace("Index", "Key")
    )
    found = first_error(line(f"Python on_trade failed:\n{chained}"))
    assert "raised KeyError: list index out of range" in str(found)


def test_an_exception_in_a_handler_of_messages_is_one_of_the_strategy() -> None:
    found = first_error(
        line("Python handler python-component:ce64 failed: ValueError: boom", component="nautilus_common::python::msgbus")
    )
    assert str(found) == "the strategy raised ValueError: boom at 2024-07-18T10:53:20.000000001Z"
