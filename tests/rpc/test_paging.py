"""The pages of a list together have every entry once, in order."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickreel.rpc.errors import TickreelError
from tickreel.rpc.paging import DEFAULT_SIZE, MAX_SIZE, Page
from tickreel.v1.catalog_service_pb2 import ListDatasetsRequest

_keys = st.lists(st.text(), unique=True, max_size=40)


def all_pages(keys: list[str], size: int, *, descending: bool = False) -> list[list[str]]:
    """Return all pages by following the tokens."""
    pages, token = [], ""
    while True:
        page = Page.of(ListDatasetsRequest(page_size=size, page_token=token), "datasets")
        entries, token = page.cut(keys, str, descending=descending)
        pages.append(entries)
        if not token:
            return pages


@given(_keys, st.integers(1, 50), st.booleans())
def test_following_the_tokens_delivers_every_entry_once_and_in_order(keys: list[str], size: int, descending: bool) -> None:
    pages = all_pages(keys, size, descending=descending)
    assert [key for page in pages for key in page] == sorted(keys, reverse=descending)
    assert all(len(page) == size for page in pages[:-1])
    assert len(pages) == max(1, -(-len(keys) // size))


@given(_keys, _keys, st.integers(1, 10))
def test_entries_added_or_removed_between_pages_never_repeat_or_hide_others(
    before: list[str], after: list[str], size: int
) -> None:
    request = ListDatasetsRequest(page_size=size)
    first, token = Page.of(request, "datasets").cut(before, str)
    if not token:
        return
    request.page_token, request.page_size = token, 500
    rest, _ = Page.of(request, "datasets").cut(after, str)
    assert set(first).isdisjoint(rest)
    staying = set(before) & set(after)
    assert staying <= {*first, *rest}


def test_pages_have_a_default_and_a_maximum_size() -> None:
    assert Page.of(ListDatasetsRequest(), "datasets").size == DEFAULT_SIZE
    assert Page.of(ListDatasetsRequest(page_size=2_000_000_000), "datasets").size == MAX_SIZE


def refused_field(request: ListDatasetsRequest) -> str:
    with pytest.raises(TickreelError) as caught:
        Page.of(request, "datasets")
    assert caught.value.reason == "INVALID_REQUEST"
    (violation,) = caught.value.violations
    return violation.field


def test_a_negative_size_is_refused() -> None:
    assert refused_field(ListDatasetsRequest(page_size=-1)) == "page_size"


def test_a_token_of_another_list_is_refused() -> None:
    _, token = Page.of(ListDatasetsRequest(page_size=1), "runs").cut(["a", "b"], str)
    assert token
    assert refused_field(ListDatasetsRequest(page_token=token)) == "page_token"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b'"datasets"',
        b'{"list": "datasets"}',
        b'{"list": "datasets", "after": 3}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
    ids=["empty", "null", "list", "text", "no key", "a number", "no text", "deep"],
)
def test_a_token_with_other_content_is_refused(content: bytes) -> None:
    token = base64.urlsafe_b64encode(content).decode() or "===="
    assert refused_field(ListDatasetsRequest(page_token=token)) == "page_token"


@given(st.text(min_size=1))
def test_garbage_is_refused(token: str) -> None:
    assert refused_field(ListDatasetsRequest(page_token=token)) == "page_token"


def test_a_token_contains_its_list_and_its_key() -> None:
    page = Page.of(ListDatasetsRequest(page_size=1), "datasets")
    token = page.token("ключ")
    assert Page.of(ListDatasetsRequest(page_token=token), "datasets").after == "ключ"
    assert json.loads(base64.urlsafe_b64decode(token)) == {"list": "datasets", "after": "ключ"}
