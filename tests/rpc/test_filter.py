"""Filters match the right messages, and errors of invalid filters show the correct form."""

import pytest

from tickreel.rpc.errors import TickreelError
from tickreel.rpc.fields import Fields
from tickreel.rpc.filter import parse_filter, predicate
from tickreel.v1 import job_pb2, result_pb2, run_pb2

RUNS = Fields(run_pb2.Run)
RESULTS = Fields(result_pb2.NotedResult, "result")


def entry() -> result_pb2.NotedResult:
    entry = result_pb2.NotedResult()
    result = entry.result
    result.run_id, result.instrument = "BNF_BTC_1", "BINANCE-FUTURES:PERPETUAL:BTC-USDT@LIN"
    result.mode, result.metadata.snapshot_mode = result_pb2.RUN_MODE_FULL, result_pb2.SNAPSHOT_MODE_BOTH
    result.start = "2024-07-18T00:00:00.000000000Z"
    result.summary.pnl, result.summary.orders, result.summary.max_drawdown = "-0.10", 7, "12.5"
    result.metadata.replay_seconds = 1.5
    entry.tags[:] = ["keep", "v1.2"]
    entry.created_at.FromJsonString("2024-07-20T12:00:00.000000001Z")
    return entry


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        'run_id = "BNF_BTC_1"',
        "run_id = BNF_BTC_1",
        "run_id = 'BNF_BTC_1'",
        "run_id=BNF_BTC_1",
        'run_id = "BNF*"',
        'run_id = "*BTC*"',
        'run_id = "*_1"',
        'run_id != "*ETH*"',
        'instrument = "BINANCE-FUTURES:PERPETUAL:BTC-USDT@LIN" AND summary.pnl < 0',
        "summary.pnl = -0.1",
        "summary.pnl > -0.11 AND summary.pnl <= -0.1",
        "summary.max_drawdown > 5",
        "summary.orders >= 7 AND summary.orders != 8",
        "metadata.replay_seconds > 1.25",
        'start = "2024-07-18T00:00:00Z"',
        "start < 2024-07-18T02:00:01+02:00",
        "created_at > 2024-07-20T12:00:00Z",
        'created_at <= "2024-07-20T12:00:00.000000001Z"',
        "mode = fast OR mode = full",
        # OR binds tighter than AND.
        "mode = full OR mode = full AND NOT mode = fast OR mode = full",
        "NOT (mode = fast AND summary.orders = 7)",
        "NOT NOT mode = full",
        "((mode = full))",
        'mode = "full" AND mode = FULL AND mode = RUN_MODE_FULL AND mode != "fast"',
        'metadata.snapshot_mode = "both" AND metadata.snapshot_mode != trades',
        # A comparison with an unset field is false.
        "NOT summary.pnl_usd > 0 AND NOT summary.pnl_usd <= 0 AND NOT summary.pnl_usd != 0",
        'dataset = ""',
        'NOT run_id = "a \\" b"',
        "tags:keep",
        "tags: keep",
        "tags :keep",
        "tags : 'keep'",
        "tags:v1* AND tags:*ee*",
        "NOT tags:kee",
    ],
)
def test_a_filter_that_matches(text: str) -> None:
    assert predicate(parse_filter(text, RESULTS))(entry())


@pytest.mark.parametrize(
    "text",
    [
        "run_id = BNF",
        'run_id = "BTC*"',
        'run_id != "*BTC*"',
        "summary.pnl >= 0",
        "summary.pnl != -0.1",
        "summary.pnl_usd = 0",
        "mode = full AND mode = fast",
        "mode = full AND mode = fast OR run_id = slow",
        "created_at > 2024-07-21T00:00:00Z",
        "tags:kee",
        "tags:*x",
    ],
)
def test_a_filter_that_does_not_match(text: str) -> None:
    assert not predicate(parse_filter(text, RESULTS))(entry())


def test_enums_and_booleans_are_compared_by_name() -> None:
    run = run_pb2.Run(state=job_pb2.JOB_STATE_FAILED, options=run_pb2.RunOptions(export_ticks=True))
    for text in (
        "state = FAILED",
        'state = "FAILED"',
        "state = JOB_STATE_FAILED",
        "state != QUEUED",
        "options.export_ticks = true",
    ):
        assert predicate(parse_filter(text, RUNS))(run), text
    assert not predicate(parse_filter("state = QUEUED OR options.export_ticks = false", RUNS))(run)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("pnl > 0", "'pnl' is not a field; the fields are created_at, dataset, end, findings"),
        (
            "summary.profit > 0",
            "'summary.profit' is not a field; the fields of RunSummary are book_rows, closed_positions",
        ),
        ("summary > 0", "'summary' is a message; name one of its fields: book_rows, closed_positions, costs, fees"),
        ("run_id.x = 1", "'run_id.x' is not a field; run_id has no fields"),
        ("findings = 1", "'findings' cannot be compared: findings has many values"),
        ("summary.orders_unfilled.X = 1", "orders_unfilled has many values"),
        ("summary.pnl ~ 0", "an operator is expected after summary.pnl instead of ~; the operators are = != < <= > >="),
        ("summary.pnl", "an operator is expected after summary.pnl instead of the end"),
        ("summary.pnl >", "a value is expected after summary.pnl > instead of the end"),
        ("summary.pnl > > 0", "a value is expected after summary.pnl > instead of >"),
        ("summary.pnl > high", "summary.pnl is compared with 'high'; it must be a decimal, like 64000.5"),
        ("summary.pnl > NaN", "it must be a decimal"),
        ("summary.orders > many", "summary.orders is compared with 'many'; it must be a number, like 17 or 0.5"),
        ("created_at > yesterday", 'it must be a time, like "2024-07-18T23:57:00Z"'),
        ("created_at > 2024-07-18", "it must be a time"),
        ('run_id > "BNF*"', "* can only be used with = and !="),
        ("tags = keep", "tags has many values; test for one of them with tags:keep"),
        ("tags:", "a value is expected after tags : instead of the end"),
        ("tags.x:keep", "tags has many values"),
        ("mode:full", "mode has one value; compare it with one of = != < <= > >="),
        (":keep", "a field is expected instead of :keep"),
        ("mode = full summary.pnl > 0", "summary.pnl is not expected here; join comparisons with AND or OR"),
        ("mode = full AND", "a field is expected instead of the end; an example is price >= 64000"),
        ("AND mode = full", "'AND' is not a field"),
        ("(mode = full", "a parenthesis is not closed"),
        ("mode = full)", ") is not expected here"),
        ('mode = "full', '"full is not valid; a text needs a closing quote'),
        ("(" * 100 + "mode = full" + ")" * 100, "nested deeper than 50 levels"),
        ("NOT " * 2000 + "mode = full", "nested deeper than 50 levels"),
    ],
)
def test_errors_show_the_correct_form(text: str, problem: str) -> None:
    with pytest.raises(TickreelError) as caught:
        parse_filter(text, RESULTS)
    assert caught.value.reason == "INVALID_REQUEST"
    (violation,) = caught.value.violations
    assert violation.field == "filter"
    assert problem in violation.description


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("state = DONE", "state is compared with 'DONE'; it must be QUEUED, RUNNING, CANCELLING, SUCCEEDED, FAILED, CANCELLED"),
        ("state > QUEUED", "state has no order; compare it with = or != instead of >"),
        ("options.export_ticks = yes", "options.export_ticks is compared with 'yes'; it must be true or false"),
    ],
)
def test_errors_list_the_known_values(text: str, problem: str) -> None:
    with pytest.raises(TickreelError) as caught:
        parse_filter(text, RUNS)
    assert problem in caught.value.violations[0].description


def test_a_filter_that_is_too_long_is_refused() -> None:
    with pytest.raises(TickreelError, match="filter: has 1,200,000 characters; it must have 10,000 at most"):
        parse_filter("run_id = a " * 100_000 + "x" * 100_000, RUNS)
