"""Sorted lists and their pages: every message appears once, even if others are added or removed between pages."""

from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickreel.rpc.errors import TickreelError
from tickreel.rpc.fields import Fields
from tickreel.rpc.ordering import cut_page, in_order, parse_order
from tickreel.rpc.paging import Page
from tickreel.v1.result_pb2 import NotedResult
from tickreel.v1.results_service_pb2 import ListResultsRequest

FIELDS = Fields(NotedResult, "result")

Row = tuple[int, int | None, int]


def entries_of(rows: list[Row]) -> list[NotedResult]:
    """Make results with different ids from (orders, pnl in hundredths or None, created at)."""
    entries = []
    for number, (orders, pnl, created) in enumerate(rows):
        entry = NotedResult()
        entry.result.run_id = f"R{number:03d}"
        entry.result.summary.orders = orders
        entry.result.summary.pnl = "" if pnl is None else str(Decimal(pnl) / 100)
        entry.created_at.seconds = created
        entries.append(entry)
    return entries


_rows = st.lists(st.tuples(st.integers(0, 3), st.none() | st.integers(-200, 200), st.integers(1, 4)), max_size=30).map(
    entries_of
)
_orders = st.sampled_from(["", "summary.pnl", "summary.pnl desc, summary.orders", "summary.orders desc, created_at"])


NEWEST_FIRST = parse_order("created_at desc, run_id desc", FIELDS)


def sorted_by(entries: list[NotedResult], order: str) -> list[NotedResult]:
    return in_order(entries, (*parse_order(order, FIELDS), *NEWEST_FIRST))


def page(entries: list[NotedResult], order: str, token: str, size: int) -> tuple[Sequence[NotedResult], str]:
    request = ListResultsRequest(page_size=size, page_token=token, order_by=order)
    page = Page.of(request, "results", order)
    return cut_page(page, in_order(entries, NEWEST_FIRST), parse_order(order, FIELDS), NEWEST_FIRST, lambda entry: entry)


@given(_rows, _orders, st.integers(1, 9))
def test_following_the_tokens_delivers_every_entry_once_and_in_order(entries: list[NotedResult], order: str, size: int) -> None:
    found, token = page(entries, order, "", size)
    while token:
        more, token = page(entries, order, token, size)
        found = [*found, *more]
    assert found == sorted_by(entries, order)


@given(_rows, _orders, st.integers(1, 9), st.data())
def test_entries_added_or_removed_between_pages_never_repeat_or_hide_others(
    entries: list[NotedResult], order: str, size: int, data: st.DataObject
) -> None:
    before = data.draw(st.lists(st.sampled_from(entries), unique_by=lambda entry: entry.result.run_id)) if entries else []
    first, token = page(before, order, "", size)
    if not token:
        return
    after = data.draw(st.lists(st.sampled_from(entries), unique_by=lambda entry: entry.result.run_id))
    rest, _ = page(after, order, token, 500)
    seen = [entry.result.run_id for entry in (*first, *rest)]
    assert len(seen) == len(set(seen))
    staying = {entry.result.run_id for entry in before} & {entry.result.run_id for entry in after}
    assert staying <= set(seen)


def test_decimals_are_sorted_as_numbers_and_unset_ones_come_last() -> None:
    entries = entries_of([(0, 900, 1), (0, None, 1), (0, -1000, 1), (0, 10_000, 1)])
    ids = [
        [entry.result.run_id for entry in in_order(entries, parse_order(order, FIELDS))]
        for order in ("summary.pnl", "summary.pnl desc")
    ]
    assert ids == [["R002", "R000", "R003", "R001"], ["R003", "R000", "R002", "R001"]]


@pytest.mark.parametrize(
    ("order", "problem"),
    [
        ("profit", "'profit' is not a field"),
        ("summary.pnl down", "down is not expected after summary.pnl; use asc or desc"),
        ("summary.pnl,,run_id", "a field is missing; an example is status, price desc"),
        ("summary", "'summary' is a message"),
    ],
)
def test_an_invalid_order_is_refused(order: str, problem: str) -> None:
    with pytest.raises(TickreelError) as caught:
        parse_order(order, FIELDS)
    assert [violation.field for violation in caught.value.violations] == ["order_by"]
    assert problem in caught.value.message


@pytest.mark.parametrize(
    "after", ["", "{}", "3", "[]", "[1]", '["x", 1, "R1"]', '["1", "x", "R1"]', "[null, null, null, null]"]
)
def test_a_forged_token_is_refused(after: str) -> None:
    entries = entries_of([(0, 1, 1), (0, 2, 2)])
    token = Page.of(ListResultsRequest(), "results", "summary.pnl").token(after)
    with pytest.raises(TickreelError) as caught:
        page(entries, "summary.pnl", token, 1)
    assert [violation.field for violation in caught.value.violations] == ["page_token"]


def test_a_token_of_another_order_is_refused() -> None:
    entries = entries_of([(0, 1, 1), (0, 2, 2)])
    _, token = page(entries, "summary.pnl", "", 1)
    with pytest.raises(TickreelError, match="is not from this list with these arguments"):
        page(entries, "summary.orders", token, 1)


def test_an_order_that_is_too_long_is_refused() -> None:
    with pytest.raises(TickreelError, match="order_by: has 17,999 characters; it must have 10,000 at most"):
        parse_order(",".join(["notes"] * 3_000), FIELDS)
