"""Paginated lists of the services."""

from dataclasses import dataclass
from typing import Any

from tickreel.cli.display import screen
from tickreel.rpc.channel import ServiceClient
from tickreel.rpc.paging import MAX_SIZE


@dataclass(frozen=True)
class Listing:
    """A paginated list of a service.

    Args:
        method: The method that returns a page.
        request: The request message of the method.
        field: The field of the response that holds the entries.
    """

    service: str
    method: str
    request: type[Any]
    field: str

    async def entries(self, address: str, limit: int | None, **fields: str) -> list[Any]:
        """Fetch the first entries. Prints a note if there are more, or if some cannot be read.

        Args:
            limit: Maximum number of entries; None fetches all.
            fields: Further fields of the request, e.g. its filter.
        """
        found: list[Any] = []
        client = ServiceClient(self.service, address)
        try:
            token = ""
            while True:
                size = MAX_SIZE if limit is None else min(limit - len(found), MAX_SIZE)
                page = await client.call(self.method, self.request(page_size=size, page_token=token, **fields))
                found.extend(getattr(page, self.field))
                token = page.next_page_token
                if not token or len(found) == limit:
                    break
        finally:
            await client.close()
        if token:
            screen.say(f"only the first {limit} are shown; --limit shows more")
        if unreadable := getattr(page, "unreadable_run_ids", None):
            screen.say(f"not listed because unreadable (`tickreel show` prints why): {', '.join(unreadable)}")
        return found


async def one(service: str, address: str, method: str, request: Any) -> Any:
    """Call a method once and return its response."""
    client = ServiceClient(service, address)
    try:
        return await client.call(method, request)
    finally:
        await client.close()
