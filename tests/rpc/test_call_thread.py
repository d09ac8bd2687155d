"""Work in a thread sees that its call was cancelled; work outside of calls is never abandoned."""

import asyncio
import threading

import pytest

from tickreel.rpc.call_thread import abandoned, call_in_thread


async def test_the_work_of_a_cancelled_call_sees_the_cancellation() -> None:
    begun, seen = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        if abandoned().wait(60):
            seen.set()

    task = asyncio.create_task(call_in_thread(work))
    await asyncio.to_thread(begun.wait)
    assert not seen.is_set()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(seen.wait, 60)


async def test_awaited_work_gets_its_arguments_and_is_not_abandoned() -> None:
    def work(one: int, *, other: int) -> tuple[int, bool]:
        return one + other, abandoned().is_set()

    assert await call_in_thread(work, 1, other=2) == (3, False)
    assert not abandoned().is_set()
