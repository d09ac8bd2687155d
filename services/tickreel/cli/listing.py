"""The lists of the services, page after page."""

from dataclasses import dataclass
from typing import Any

from tickreel.cli.display import screen
from tickreel.rpc.channel import ServiceClient
from tickreel.rpc.paging import MAX_SIZE


@dataclass(frozen=True)
class Listing:
    """A list that a service keeps.

    Args:
        method: The List method.
        request: The message that asks it for a page.
        field: The field of its response that holds the entries.
    """

    service: str
    method: str
    request: type[Any]
    field: str

    async def entries(self, address: str, limit: int | None, **fields: str) -> list[Any]:
        """The first entries, as many pages as that takes; says so where there are more, or where some cannot be read.

        Args:
            limit: How many. None for all.
            fields: More fields of the request: its filter, for example.
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
            screen.say(f"the first {limit} of more; --limit shows as many as you say")
        if unreadable := getattr(page, "unreadable_run_ids", None):
            screen.say(f"not listed, because it cannot be read (tickreel show says why): {', '.join(unreadable)}")
        return found


async def one(service: str, address: str, method: str, request: Any) -> Any:
    """The answer to one call."""
    client = ServiceClient(service, address)
    try:
        return await client.call(method, request)
    finally:
        await client.close()
