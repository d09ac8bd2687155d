"""A blocking generator is read in a thread, one item ahead, and closed when the reading ends."""

import asyncio
import threading
from collections.abc import Generator
from contextlib import aclosing

import pytest

from tickreel.rpc import read_ahead as module
from tickreel.rpc.read_ahead import read_ahead


class Parts:
    """A generator of numbers that a test can hold up. It knows the last number and whether it is closed."""

    def __init__(self, count: int = 1_000) -> None:
        self.made = 0
        self.is_closed = False
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.is_held_up = threading.Event()
        self._count = count

    def parts(self) -> Generator[int, None, None]:
        try:
            while self.made < self._count:
                if not self.may_go_on.is_set():
                    self.is_held_up.set()
                    self.may_go_on.wait()
                self.made += 1
                yield self.made
        finally:
            self.is_closed = True


async def test_all_items_arrive_in_order() -> None:
    numbers = Parts(100)
    assert [number async for number in read_ahead(numbers.parts())] == list(range(1, 101))
    assert numbers.is_closed


async def test_one_item_is_made_ahead_and_no_more() -> None:
    numbers = Parts()
    async with aclosing(read_ahead(numbers.parts())) as reading:
        assert await anext(reading) == 1
        while numbers.made < 2:  # noqa: ASYNC110 - a thread makes it
            await asyncio.sleep(0.001)
        async for number in reading:
            assert numbers.made <= number + 1
    assert numbers.is_closed


async def test_an_error_of_the_generator_is_raised() -> None:
    def parts() -> Generator[int, None, None]:
        yield 1
        raise OSError("the file is gone")

    arrived = []
    with pytest.raises(OSError, match="the file is gone"):
        async for number in read_ahead(parts()):
            arrived.append(number)
    assert arrived == [1]


async def test_cancelling_during_a_read_waits_for_it_and_closes_the_generator() -> None:
    numbers = Parts()
    numbers.may_go_on.clear()

    async def read() -> None:
        async with aclosing(read_ahead(numbers.parts())) as reading:
            await anext(reading)

    task = asyncio.create_task(read())
    await asyncio.to_thread(numbers.is_held_up.wait)
    task.cancel()
    await asyncio.sleep(0)
    # A close of the running generator would have failed in a thread before this one.
    await asyncio.to_thread(threading.Event)
    numbers.may_go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert numbers.is_closed


async def test_the_longest_waiting_stream_is_cancelled_if_too_many_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_UNREAD", 2)
    goes_on = asyncio.Event()

    async def read(numbers: Parts, has_one: asyncio.Event) -> int:
        async with aclosing(read_ahead(numbers.parts())) as reading:
            await anext(reading)
            has_one.set()
            await goes_on.wait()
            return await anext(reading)

    made = [Parts() for _ in range(3)]
    tasks: list[asyncio.Task[int]] = []
    for numbers in made:
        has_one = asyncio.Event()
        tasks.append(asyncio.create_task(read(numbers, has_one)))
        await has_one.wait()
    with pytest.raises(asyncio.CancelledError):
        await tasks[0]
    assert made[0].is_closed
    goes_on.set()
    assert await asyncio.gather(*tasks[1:]) == [2, 2]


async def test_many_streams_do_not_delay_other_calls() -> None:
    held_up = [Parts() for _ in range(40)]
    for numbers in held_up:
        numbers.may_go_on.clear()
    tasks = [asyncio.ensure_future(anext(read_ahead(numbers.parts()))) for numbers in held_up]
    await asyncio.sleep(0)
    assert await asyncio.wait_for(asyncio.to_thread(lambda: "read"), 10) == "read"
    for numbers in held_up:
        numbers.may_go_on.set()
    assert await asyncio.gather(*tasks) == [1] * 40
