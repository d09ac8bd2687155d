"""The API of the engine in a replay: table, document, classes of the engine and runs agree."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from nautilus_trader.common import Cache, Clock, DataActor, Logger, OrderFactory
from nautilus_trader.portfolio import Portfolio
from nautilus_trader.trading import ExecutionAlgorithm, Strategy, StrategyConfig

from documents import ROOT
from small_catalog import START, instrument, replay_config, write_trades
from strategy_api.api_table import ADDED, ENDS, NO_MEANING, REFUSED, ROWS, WORKS, Row, document
from strategy_api.example_runs import ID, Example, Examples, Seen, by_engine_alone, market, replayed
from tickreel.engine.refusals import REFUSED as REFUSALS
from tickreel.engine.replay import Lane, catalog_view, replay
from tickreel.engine.tape import Tape
from tickreel.rpc.errors import TickreelError
from tickreel.v1.result_pb2 import SNAPSHOT_MODE_BOTH as BOTH

EXAMPLES = [(place, row, example) for place, (row, example) in enumerate((row, e) for row in ROWS for e in row.examples)]
SHARED = [(place, row, example) for place, row, example in EXAMPLES if example.at.split()[0] not in ("alone", "trades")]
# The prefix of a call, the class that has it, and classes whose calls have no prefix or another one.
CLASSES = (
    ("", Strategy, ()),
    ("cache.", Cache, ()),
    ("portfolio.", Portfolio, ()),
    ("clock.", Clock, ()),
    ("order_factory.", OrderFactory, ()),
    ("config.", StrategyConfig, ()),
    ("log.", Logger, ()),
    ("actor.", DataActor, (Strategy,)),
    ("algorithm.", ExecutionAlgorithm, (Strategy,)),
)


@dataclass(frozen=True)
class Runs:
    """The catalogs of a market with and without books, and the runs that examples share."""

    lanes: list[Lane]
    replay: Seen
    without_books: Seen
    engine_alone: Seen
    engine_alone_added: Seen


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    lanes = market(tmp_path_factory.mktemp("market"))
    without_books = market(tmp_path_factory.mktemp("trades"), books=False)
    at_trades = [(place, example) for place, _, example in EXAMPLES if example.at == "trades"]
    same = [(place, example) for place, row, example in SHARED if row.outcome not in (ADDED, REFUSED)]
    added = [(place, example) for place, row, example in SHARED if row.outcome == ADDED]
    return Runs(
        lanes,
        replayed([(place, example) for place, _, example in SHARED], lanes),
        replayed(at_trades, without_books),
        by_engine_alone(same, lanes),
        by_engine_alone(added, lanes),
    )


@pytest.mark.parametrize(
    ("place", "row", "example"), EXAMPLES, ids=[f"{place}-{example.call}" for place, _, example in EXAMPLES]
)
def test_a_call_does_what_the_table_says(place: int, row: Row, example: Example, runs: Runs) -> None:
    if example.at.startswith("alone"):
        assert replayed([(place, example)], runs.lanes).answers[place] == example.answer
        assert by_engine_alone([(place, example)], runs.lanes).answers[place] == example.answer
        return
    seen = runs.without_books if example.at == "trades" else runs.replay
    assert seen.answers[place] == example.answer
    if row.outcome == REFUSED:
        assert example.answer == f"raised ValueError: {example.call.partition('(')[0]}: {row.text}"
    elif row.outcome != ADDED:
        assert runs.engine_alone.answers[place] == example.answer


@pytest.mark.parametrize("row", [row for row in ROWS if row.outcome == ADDED], ids=lambda row: row.calls[0])
def test_the_engine_alone_lacks_what_the_table_calls_added(row: Row, runs: Runs) -> None:
    answers = {example: runs.engine_alone_added.answers.get(place) for place, of, example in EXAMPLES if of is row}
    assert any(answer != example.answer for example, answer in answers.items())


@pytest.mark.parametrize(("prefix", "of_engine", "without"), CLASSES)
def test_the_table_has_every_call_of_the_engine(prefix: str, of_engine: type, without: tuple[type, ...]) -> None:
    calls = {call.partition("(")[0] for row in ROWS for call in row.calls}
    prefixes = [other for other, _, _ in CLASSES if other]
    if prefix:
        listed = {call.removeprefix(prefix) for call in calls if call.startswith(prefix)}
    else:
        listed = {call for call in calls if not call.startswith(tuple(prefixes))}
    offered = {name for name in dir(of_engine) if not name.startswith("_")}
    assert listed == offered - {name for other in without for name in dir(other)}


def test_the_table_has_every_refusal() -> None:
    refused = {call: row.text for row in ROWS if row.outcome == REFUSED for call in row.calls}
    assert {name: refused.get(name) for name in REFUSALS} == dict(REFUSALS)


def test_the_document_has_the_table() -> None:
    # `python -m strategy_api.api_table` in tests/ prints the table of the document.
    assert document() in (ROOT / "docs/BACKTEST_SPEC.md").read_text()
    assert {row.outcome for row in ROWS} == {WORKS, ADDED, REFUSED, NO_MEANING, ENDS}


def test_books_at_an_interval_come_without_snapshots_until_they_end(tmp_path: Path) -> None:
    counts = "seen.counts['on_book'], seen.counts['on_book_depth']"
    steps = {
        "5": "s.subscribe_book_at_interval(ID, BookType.L2_MBP, 1000)",
        "9": counts,
        "10": "s.unsubscribe_book_at_interval(ID, 1000)",
        "13": counts,
        "14": "s.subscribe_book_depth(ID, BookType.L2_MBP), s.subscribe_book_at_interval(ID, BookType.L2_MBP, 500)",
        "16": "s.unsubscribe_book_depth(ID)",
        "17": counts,
        "18": "s.unsubscribe_book_at_interval(ID, 500)",
        "20": counts,
    }
    examples = [(place, Example("", at, step, "")) for place, (at, step) in enumerate(steps.items())]
    answers = replayed(examples, market(tmp_path)).answers
    # Subscribed at 4 s, so the first book comes at 6 s. At the instant of a row, the row comes first.
    assert answers[1] == "['2', '0']"
    assert answers[3] == "['3', '0']"
    assert answers[6] == "['7', '2']"
    assert answers[8] == "['9', '2']"


def test_requests_read_files_that_follow_one_another(tmp_path: Path) -> None:
    parts = [
        write_trades(tmp_path / str(part), [(START + row * 10**9, 0, 640_000, 1) for row in rows]) for part, rows in _PARTS
    ]
    (tmp_path / "view").mkdir()
    seen = replayed([(0, _REQUEST), (1, _REQUESTED)], catalog_view(tmp_path / "view", instrument(), parts))
    assert seen.answers[1] == str([str(float(row)) for _, rows in _PARTS for row in rows][:6])


def test_requests_read_rows_before_the_window(tmp_path: Path) -> None:
    trades = write_trades(tmp_path, [(START + row * 10**9, 0, 640_000, 1) for row in range(20)])
    (tmp_path / "view").mkdir()
    later = catalog_view(tmp_path / "view", instrument(), [replace(trades, start=START + 5 * 10**9)])
    request, requested = replace(_REQUEST, at="start"), replace(_REQUESTED, at="1")
    # The row of the very instant of the request is among them.
    assert replayed([(0, request), (1, requested)], later).answers[1] == str([str(float(row)) for row in range(6)])


def test_requests_are_refused_where_files_overlap(tmp_path: Path) -> None:
    parts = [
        write_trades(tmp_path / str(part), [(START + row * 10**9, 0, 640_000, 1) for row in rows]) for part, rows in _PARTS
    ]
    cut = START + 5 * 10**9
    spans = [(parts[0].start, cut), (cut + 1, parts[0].end)]
    files = [replace(part, start=start, end=end) for part, (start, end) in zip(parts, spans, strict=True)]
    (tmp_path / "view").mkdir()
    seen = replayed([(0, _REQUEST)], catalog_view(tmp_path / "view", instrument(), files))
    assert seen.answers[0].startswith("raised ValueError: request_trades: the files of the run overlap in time")


@pytest.mark.parametrize("trigger", ["BID_ASK", "DEFAULT"])
def test_an_order_that_waits_for_quotes_is_refused_without_books(trigger: str, tmp_path: Path) -> None:
    example = Example("submit_order", "5", f"s.limit(BUY, 63000.0, emulation_trigger=TriggerType.{trigger})", "")
    seen = replayed([(0, example)], market(tmp_path, books=False))
    assert seen.answers[0].startswith("raised ValueError: submit_order: snapshot mode trades has no quotes")
    assert f"the emulation trigger {trigger} waits for" in seen.answers[0]


class Asking(DataActor):
    """An actor that asks for data that no run has."""

    def on_start(self) -> None:
        self.subscribe_mark_prices(ID)


class Unmade(Strategy):
    """A strategy whose actors cannot be made."""

    def actors(self) -> list[DataActor]:
        raise LookupError("no such actor")


def test_calls_of_an_actor_are_refused_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Examples, "actors", lambda self: [Asking()])
    with pytest.raises(TickreelError, match="ValueError: subscribe_mark_prices: the data has no mark prices"):
        replayed([(0, Example("", "end", "1", ""))], market(tmp_path))


def test_an_order_for_an_algorithm_that_the_run_lacks_fails_the_run(tmp_path: Path) -> None:
    example = Example("submit_order", "5", 's.market(BUY, exec_algorithm_id=ExecAlgorithmId("TWAP"))', "")
    with pytest.raises(TickreelError, match="the run has no execution algorithm of this name; a strategy brings algorithms"):
        replayed([(0, example)], market(tmp_path))


def test_manage_stop_fails_the_run_at_the_end_of_the_window(tmp_path: Path) -> None:
    example = Example("config.manage_stop", "alone manage_stop=True", "s.market(BUY)", "")
    with pytest.raises(TickreelError, match="manage_stop of the strategy's config asks; close positions in on_stop"):
        replayed([(0, example)], market(tmp_path))


def test_an_error_in_actors_fails_the_run_with_its_traceback(tmp_path: Path) -> None:
    lanes = market(tmp_path)
    with pytest.raises(TickreelError, match="actors of Unmade raised LookupError: no such actor") as failure:
        replay(replay_config(mode=BOTH), instrument(), Unmade, lambda of_run: of_run(), lanes, 100, Tape())
    assert failure.value.metadata["log"].startswith("Traceback")


# Names of files and the seconds of their trades. There is a gap between the files.
_PARTS = (("first", range(4)), ("second", range(7, 20)))
_REQUEST = Example("request_trades", "6", "s.request_trades(ID)", "")
_REQUESTED = Example("on_historical_trades", "7", "[seconds(t.ts_init) for t in seen.notes['on_historical_trades'][0]]", "")
