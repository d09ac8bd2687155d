"""`tickreel results`: filters, notes, tags, and deletion with its confirmation."""

import sys
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from io import StringIO
from pathlib import Path

import pytest

from live import live
from serving import serving, settings_in
from terminal import Terminal
from tickreel.results.service import ResultsServicer
from tickreel.rpc.channel import ServiceClient
from tickreel.stores.results import ResultStore
from tickreel.v1 import result_pb2


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """A terminal that reaches a service with the results A, B and C."""
    store = ResultStore(tmp_path / "results", tmp_path / "tickdata")
    store.check_writable()
    for run_id in "ABC":
        result = result_pb2.Result(run_id=run_id, mode=result_pb2.RUN_MODE_FAST)
        result.summary.pnl, result.summary.max_drawdown = "-1.50", "2.00"
        store.commit(result, None, None)

    def serve() -> AbstractAsyncContextManager[ServiceClient]:
        return serving("results", ResultsServicer, settings_in(tmp_path))

    with live(serve) as client:
        yield Terminal(tmp_path, {"TICKREEL_RESULTS_ADDRESS": client.address})


def listed(terminal: Terminal, *arguments: str) -> list[str]:
    return sorted(entry["run_id"] for entry in terminal.json("results", *arguments)["results"])


def test_control_characters_are_printed_as_escapes(terminal: Terminal) -> None:
    out = terminal.call("results", "note", "A", "good\x1b[2J\x1b]0;title\x07\u202e\u009b1m\ttext\nmore").out
    assert "good\\x1b[2J\\x1b]0;title\\x07\\u202e\\x9b1m" in out
    assert not set("\x1b\x07\u202e\x9b") & set(out)


def test_a_refused_filter_is_printed_once(terminal: Terminal) -> None:
    err = terminal.call("results", "--filter", "summary.pnl <", code=2).err
    assert err.startswith("error: filter: ")
    assert err.count("filter: ") == 1


def test_notes_and_tags_are_shown_and_found(terminal: Terminal) -> None:
    assert terminal.json("results", "note", "A", "Too good.") == {"run_id": "A", "notes": "Too good.", "tags": []}
    assert terminal.json("results", "tag", "A", "keep", "btc")["tags"] == ["keep", "btc"]
    assert terminal.json("results", "tag", "A", "keep", "twice")["tags"] == ["keep", "btc", "twice"]
    assert terminal.json("results", "tag", "A", "twice", "--remove") == {
        "run_id": "A",
        "notes": "Too good.",
        "tags": ["keep", "btc"],
    }
    assert listed(terminal, "--filter", "tags:keep AND notes = 'Too*'") == ["A"]
    assert "keep btc" in terminal.call("results").out
    shown = terminal.call("show", "A").out
    assert shown.endswith("Tags\n  keep  btc\n\nNotes\n  Too good.\n")
    assert terminal.call("results", "note", "A", "").out == "A\n\nTags\n  keep  btc\n"
    assert "a tag has 1 to 64 letters" in terminal.call("results", "tag", "B", "two words", code=2).err


def test_a_deletion_asks_for_confirmation(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", StringIO("n\n"))
    asked = terminal.call("results", "delete", "A", code=130)
    assert asked.err == "Delete A (fast, pnl -1.50) for good? [y/N]: A was not deleted\n"
    monkeypatch.setattr(sys, "stdin", StringIO("y\n"))
    assert terminal.call("results", "delete", "A").err.endswith("A was deleted\n")
    assert listed(terminal) == ["B", "C"]


def test_yes_skips_the_confirmation(terminal: Terminal) -> None:
    assert terminal.json("results", "delete", "A", "C", "--yes") == {"deleted": ["A", "C"]}
    assert listed(terminal) == ["B"]
    assert "the result A was deleted at " in terminal.call("results", "delete", "A", "--yes", code=2).err
    assert "there is no result 'X'" in terminal.call("results", "delete", "X", "--yes", code=2).err
    assert "the result A was deleted at " in terminal.call("show", "A", code=2).err
