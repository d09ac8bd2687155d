"""A generator that blocks is read in a thread, a step ahead, and closed whenever the reading ends."""

import asyncio
import threading
from collections.abc import Generator
from contextlib import aclosing

import pytest

from tickreel.rpc import read_ahead as module
from tickreel.rpc.read_ahead import read_ahead


class Parts:
    """A generator of numbers that can be held up, and knows how far it is and whether it is closed."""

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


async def test_everything_arrives_in_order() -> None:
    numbers = Parts(100)
    assert [number async for number in read_ahead(numbers.parts())] == list(range(1, 101))
    assert numbers.is_closed


async def test_one_is_made_while_one_is_sent_and_no_more() -> None:
    numbers = Parts()
    async with aclosing(read_ahead(numbers.parts())) as reading:
        assert await anext(reading) == 1
        while numbers.made < 2:  # noqa: ASYNC110 - a thread makes it
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.05)
        assert numbers.made == 2
    assert numbers.is_closed


async def test_a_fault_of_the_generator_is_raised() -> None:
    def parts() -> Generator[int, None, None]:
        yield 1
        raise OSError("the file is gone")

    arrived = []
    with pytest.raises(OSError, match="the file is gone"):
        async for number in read_ahead(parts()):
            arrived.append(number)
    assert arrived == [1]


async def test_who_is_cancelled_in_the_midst_of_a_read_closes_the_generator() -> None:
    numbers = Parts()
    numbers.may_go_on.clear()

    async def read() -> None:
        async with aclosing(read_ahead(numbers.parts())) as reading:
            await anext(reading)

    task = asyncio.create_task(read())
    await asyncio.to_thread(numbers.is_held_up.wait)
    task.cancel()
    await asyncio.sleep(0.05)
    assert not task.done()
    numbers.may_go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert numbers.is_closed


async def test_where_too_many_streams_are_not_read_the_one_that_waits_the_longest_ends(monkeypatch: pytest.MonkeyPatch) -> None:
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


async def test_many_streams_do_not_hold_up_what_is_no_stream() -> None:
    held_up = [Parts() for _ in range(40)]
    for numbers in held_up:
        numbers.may_go_on.clear()
    tasks = [asyncio.ensure_future(anext(read_ahead(numbers.parts()))) for numbers in held_up]
    await asyncio.sleep(0)
    assert await asyncio.wait_for(asyncio.to_thread(lambda: "read"), 10) == "read"
    for numbers in held_up:
        numbers.may_go_on.set()
    assert await asyncio.gather(*tasks) == [1] * 40
