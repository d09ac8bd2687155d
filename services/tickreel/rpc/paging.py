"""Pages of a list (AIP-158): a size, and an opaque token that holds the last key of the page before.

A token contains the name of its list, so that a token of another list is refused instead of giving wrong entries.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from google.protobuf.message import Message

from tickreel.rpc.bounds import requested_limit
from tickreel.rpc.errors import TickreelError, invalid_request

DEFAULT_SIZE = 50
MAX_SIZE = 500
# Limit of all entries of a response together. gRPC clients accept messages of 4 MiB.
MESSAGE_BYTES = 3 * 2**20


class ListRequest(Protocol):
    """A request for a page."""

    page_size: int
    page_token: str


@dataclass(frozen=True)
class Page:
    """A requested page: at most `size` entries of the list `name`, after the key `after`."""

    name: str
    size: int
    after: str | None

    @classmethod
    def of(cls, request: ListRequest, name: str, *arguments: str) -> "Page":
        """Return the page that a request names.

        Args:
            arguments: All arguments that the list depends on, its filter for example.

        Raises:
            TickreelError: INVALID_REQUEST for a negative size, or a token of another list or of other arguments.
        """
        if any(arguments):
            name = f"{name} {hashlib.sha256(json.dumps(arguments).encode()).hexdigest()[:16]}"
        size = requested_limit(request, "page_size", DEFAULT_SIZE, MAX_SIZE)
        after = None
        if request.page_token:
            try:
                token = json.loads(base64.urlsafe_b64decode(request.page_token.encode()))
            except (ValueError, RecursionError):
                token = None
            if not isinstance(token, dict) or token.get("list") != name or not isinstance(token.get("after"), str):
                raise invalid_token()
            after = token["after"]
        return cls(name, size, after)

    @property
    def offset(self) -> int:
        """The number after which the page begins, in a list with numbers as keys; 0 for the first page.

        Raises:
            TickreelError: INVALID_REQUEST for a token of another list.
        """
        if self.after is None:
            return 0
        if not (self.after.isascii() and self.after.isdigit() and len(self.after) < 19):
            raise invalid_token()
        return int(self.after)

    def token(self, last_key: str) -> str:
        """Return the token of the page that begins after `last_key`."""
        return base64.urlsafe_b64encode(json.dumps({"list": self.name, "after": last_key}).encode()).decode()

    def cut[T](self, items: Iterable[T], key: Callable[[T], str], *, descending: bool = False) -> tuple[list[T], str]:
        """Cut the page out of a whole list. Returns its entries in key order and the token of the next page ("" at the end)."""
        ordered = sorted(items, key=key, reverse=descending)
        if self.after is not None:
            after = self.after
            ordered = [item for item in ordered if (key(item) < after if descending else key(item) > after)]
        entries = ordered[: self.size]
        return entries, self.token(key(entries[-1])) if len(ordered) > self.size else ""

    def fit[M: Message](self, entries: Sequence[M], token: str, key: Callable[[M], str]) -> tuple[Sequence[M], str]:
        """Shorten a page from `cut` to the entries that fit into one response. Returns it and the token of the next page.

        Args:
            token: The token of the next page if all entries fit.
        """
        fitted = fitting(entries)
        return fitted, token if len(fitted) == len(entries) else self.token(key(fitted[-1]))


def fitting[M: Message](entries: Sequence[M]) -> Sequence[M]:
    """Return the first entries that fit into one response together, at least one if there is any."""
    room = MESSAGE_BYTES
    for count, entry in enumerate(entries):
        room -= entry.ByteSize()
        if room < 0:
            return entries[: max(1, count)]
    return entries


def invalid_token() -> TickreelError:
    """Return the error of a page token that this list did not issue."""
    return invalid_request("page_token", "is not from this list with these arguments; start again without a page_token")
