"""Jobs are admitted in order of arrival, while there is a slot and memory."""

import asyncio
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickreel.jobs.admission import Admission


class Arrivals:
    """Jobs that ask for admission, the positions that they were told, and the admitted ones."""

    def __init__(self, admission: Admission) -> None:
        self.admission = admission
        self.admitted: list[str] = []
        self.order: list[str] = []
        self.shares: dict[str, int] = {}
        self.positions: dict[str, list[int]] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.leaving: dict[str, asyncio.Event] = {}

    def arrive(self, name: str, weight: int = 0) -> None:
        self.positions[name], self.leaving[name] = [], asyncio.Event()
        self.tasks[name] = asyncio.Task(self._take_turn(name, weight), loop=asyncio.get_running_loop(), eager_start=True)

    async def finish(self, name: str) -> None:
        self.leaving[name].set()
        await self.tasks[name]
        await asyncio.sleep(0)

    async def cancel(self, *names: str) -> None:
        for name in names:
            self.tasks[name].cancel()
        await asyncio.wait([self.tasks[name] for name in names])
        await asyncio.sleep(0)

    async def _take_turn(self, name: str, weight: int) -> None:
        async with self.admission.turn(lambda processes: weight * processes, self.positions[name].append) as share:
            assert share.memory == weight * share.processes
            self.shares[name] = share.processes
            self.admitted.append(name)
            self.order.append(name)
            try:
                await self.leaving[name].wait()
            finally:
                self.admitted.remove(name)


async def test_slots_limit_the_admitted_jobs_and_the_others_know_their_position() -> None:
    arrivals = Arrivals(Admission(2))
    for name in "abcde":
        arrivals.arrive(name)
    assert arrivals.admitted == ["a", "b"]
    assert arrivals.positions == {"a": [], "b": [], "c": [1, 1, 1], "d": [2, 2], "e": [3]}
    await arrivals.finish("b")
    assert arrivals.admitted == ["a", "c"]
    assert [arrivals.positions[name][-1] for name in "de"] == [1, 2]
    await arrivals.cancel("d")
    assert arrivals.positions["e"][-1] == 1
    await arrivals.cancel("a", "c", "e")


async def test_a_job_that_waits_for_memory_is_not_overtaken() -> None:
    arrivals = Arrivals(Admission(4, memory=100))
    for name, weight in {"a": 40, "b": 40, "heavy": 60, "light": 1}.items():
        arrivals.arrive(name, weight)
    assert arrivals.admitted == ["a", "b"]
    await arrivals.finish("a")
    assert arrivals.admitted == ["b", "heavy"][:2]
    # The memory of b and heavy together is the limit.
    assert arrivals.positions["light"][-1] == 1
    await arrivals.finish("b")
    assert arrivals.admitted == ["heavy", "light"]
    await arrivals.cancel("heavy", "light")


async def test_a_job_that_needs_more_than_the_total_memory_runs_alone() -> None:
    arrivals = Arrivals(Admission(4, memory=100))
    arrivals.arrive("a", 10)
    arrivals.arrive("giant", 1000)
    arrivals.arrive("b", 10)
    assert arrivals.admitted == ["a"]
    await arrivals.finish("a")
    assert arrivals.admitted == ["giant"]
    await arrivals.finish("giant")
    assert arrivals.admitted == ["b"]
    await arrivals.finish("b")


async def test_the_expected_memory_is_asked_again_whenever_the_queue_moves() -> None:
    admission, weights = Admission(2, memory=100), {"b": 200}
    arrivals = Arrivals(admission)
    arrivals.arrive("a", 50)
    inside = asyncio.Event()

    async def late() -> None:
        async with admission.turn(lambda _: weights["b"], lambda _: None):
            inside.set()

    waiting = asyncio.create_task(late())
    await asyncio.sleep(0)
    assert not inside.is_set()
    weights["b"] = 50
    arrivals.arrive("c", 0)
    await waiting
    assert inside.is_set()
    await arrivals.cancel("a", "c")


async def test_all_jobs_can_be_cancelled_at_once() -> None:
    arrivals = Arrivals(Admission(1))
    for name in "abc":
        arrivals.arrive(name)
    await arrivals.cancel("a", "b", "c")
    assert arrivals.order == ["a"]
    arrivals.arrive("d")
    assert arrivals.admitted == ["d"]
    await arrivals.finish("d")


async def test_a_job_alone_gets_all_processes_and_waiting_jobs_share_them() -> None:
    arrivals = Arrivals(Admission(4, 8))
    for name in "abcdef":
        arrivals.arrive(name)
    # Jobs that arrived while a had all processes still get one each.
    assert arrivals.shares == {"a": 8, "b": 1, "c": 1, "d": 1}
    await arrivals.finish("a")
    assert arrivals.shares["e"] == 2
    for name in "bcd":
        await arrivals.finish(name)
    assert arrivals.shares["f"] == 4
    await arrivals.cancel("e", "f")


async def test_a_job_gets_fewer_processes_if_memory_is_short() -> None:
    arrivals = Arrivals(Admission(4, 4, memory=100))
    arrivals.arrive("a", 30)
    assert arrivals.shares == {"a": 3}
    arrivals.arrive("b", 20)
    assert arrivals.admitted == ["a"]
    await arrivals.finish("a")
    assert arrivals.shares["b"] == 4
    arrivals.arrive("giant", 1000)
    await arrivals.finish("b")
    assert arrivals.shares["giant"] == 1
    await arrivals.cancel("giant")


@pytest.mark.parametrize(("slots", "processes"), [(1, 1), (3, 1), (3, 5)])
@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 120), st.booleans()), max_size=12), st.randoms(use_true_random=False))
def test_jobs_never_overtake_and_the_limits_hold(
    slots: int, processes: int, jobs: list[tuple[int, bool]], random: Random
) -> None:
    asyncio.run(_scenario(slots, processes, jobs, random))


async def _scenario(slots: int, processes: int, jobs: list[tuple[int, bool]], random: Random) -> None:
    arrivals = Arrivals(Admission(slots, processes, 100))
    weights = {f"{number}": weight for number, (weight, _) in enumerate(jobs)}
    leaving = [f"{number}" for number, (_, leaves) in enumerate(jobs) if leaves]
    for name, weight in weights.items():
        arrivals.arrive(name, weight)
        if random.random() < 0.3 and arrivals.admitted:
            await arrivals.finish(arrivals.admitted[0])
    for name in leaving:
        if not arrivals.tasks[name].done() and name not in arrivals.admitted:
            await arrivals.cancel(name)
    while arrivals.admitted:
        assert len(arrivals.admitted) <= slots
        assert len(arrivals.admitted) == 1 or sum(weights[name] * arrivals.shares[name] for name in arrivals.admitted) <= 100
        await arrivals.finish(arrivals.admitted[random.randrange(len(arrivals.admitted))])
    assert arrivals.order == sorted(arrivals.order, key=int)
    assert all(task.done() for task in arrivals.tasks.values())
