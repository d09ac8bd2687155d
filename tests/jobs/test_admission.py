"""First come, first served, while there is a slot and memory."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickreel.jobs.admission import Admission


class Visits:
    """Those who come to an admission, what they were told, and who is in."""

    def __init__(self, admission: Admission) -> None:
        self.admission = admission
        self.inside: list[str] = []
        self.order: list[str] = []
        self.shares: dict[str, int] = {}
        self.positions: dict[str, list[int]] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.leave: dict[str, asyncio.Event] = {}

    def come(self, name: str, weight: int = 0) -> None:
        self.positions[name], self.leave[name] = [], asyncio.Event()
        self.tasks[name] = asyncio.Task(self._visit(name, weight), loop=asyncio.get_running_loop(), eager_start=True)

    async def go(self, name: str) -> None:
        self.leave[name].set()
        await self.tasks[name]
        await asyncio.sleep(0)

    async def lose_patience(self, *names: str) -> None:
        for name in names:
            self.tasks[name].cancel()
        await asyncio.wait([self.tasks[name] for name in names])
        await asyncio.sleep(0)

    async def _visit(self, name: str, weight: int) -> None:
        async with self.admission.turn(lambda processes: weight * processes, self.positions[name].append) as share:
            assert share.memory == weight * share.processes
            self.shares[name] = share.processes
            self.inside.append(name)
            self.order.append(name)
            try:
                await self.leave[name].wait()
            finally:
                self.inside.remove(name)


async def test_there_are_as_many_inside_as_slots_and_everyone_knows_their_place() -> None:
    visits = Visits(Admission(2))
    for name in "abcde":
        visits.come(name)
    assert visits.inside == ["a", "b"]
    assert visits.positions == {"a": [], "b": [], "c": [1, 1, 1], "d": [2, 2], "e": [3]}
    await visits.go("b")
    assert visits.inside == ["a", "c"]
    assert [visits.positions[name][-1] for name in "de"] == [1, 2]
    await visits.lose_patience("d")
    assert visits.positions["e"][-1] == 1
    await visits.lose_patience("a", "c", "e")


async def test_a_heavy_one_waits_for_room_and_is_not_overtaken() -> None:
    visits = Visits(Admission(4, memory=100))
    for name, weight in {"a": 40, "b": 40, "heavy": 60, "light": 1}.items():
        visits.come(name, weight)
    assert visits.inside == ["a", "b"]
    await visits.go("a")
    assert visits.inside == ["b", "heavy"][:2]
    # 40 and 60 fill it; the light one waits its turn.
    assert visits.positions["light"][-1] == 1
    await visits.go("b")
    assert visits.inside == ["heavy", "light"]
    await visits.lose_patience("heavy", "light")


async def test_one_that_is_heavier_than_everything_runs_alone() -> None:
    visits = Visits(Admission(4, memory=100))
    visits.come("a", 10)
    visits.come("giant", 1000)
    visits.come("b", 10)
    assert visits.inside == ["a"]
    await visits.go("a")
    assert visits.inside == ["giant"]
    await visits.go("giant")
    assert visits.inside == ["b"]
    await visits.go("b")


async def test_a_weight_that_is_known_later_is_asked_for_again() -> None:
    admission, weights = Admission(2, memory=100), {"b": 200}
    visits = Visits(admission)
    visits.come("a", 50)
    inside = asyncio.Event()

    async def late() -> None:
        async with admission.turn(lambda _: weights["b"], lambda _: None):
            inside.set()

    waiting = asyncio.create_task(late())
    await asyncio.sleep(0)
    assert not inside.is_set()
    weights["b"] = 50
    visits.come("c", 0)
    await waiting
    assert inside.is_set()
    await visits.lose_patience("a", "c")


async def test_all_may_leave_at_once() -> None:
    visits = Visits(Admission(1))
    for name in "abc":
        visits.come(name)
    await visits.lose_patience("a", "b", "c")
    assert visits.order == ["a"]
    visits.come("d")
    assert visits.inside == ["d"]
    await visits.go("d")


async def test_one_alone_has_all_processes_and_those_who_wait_share_them() -> None:
    visits = Visits(Admission(4, 8))
    for name in "abcdef":
        visits.come(name)
    # Whoever came while one had everything has a process all the same.
    assert visits.shares == {"a": 8, "b": 1, "c": 1, "d": 1}
    await visits.go("a")
    assert visits.shares["e"] == 2
    for name in "bcd":
        await visits.go(name)
    assert visits.shares["f"] == 4
    await visits.lose_patience("e", "f")


async def test_where_memory_is_short_it_is_fewer_processes() -> None:
    visits = Visits(Admission(4, 4, memory=100))
    visits.come("a", 30)
    assert visits.shares == {"a": 3}
    visits.come("b", 20)
    assert visits.inside == ["a"]
    await visits.go("a")
    assert visits.shares["b"] == 4
    visits.come("giant", 1000)
    await visits.go("b")
    assert visits.shares["giant"] == 1
    await visits.lose_patience("giant")


@pytest.mark.parametrize(("slots", "processes"), [(1, 1), (3, 1), (3, 5)])
@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 120), st.booleans()), max_size=12), st.randoms(use_true_random=False))
def test_nobody_overtakes_and_it_is_never_overfull(
    slots: int, processes: int, arrivals: list[tuple[int, bool]], random: object
) -> None:
    asyncio.run(_scenario(slots, processes, arrivals, random))


async def _scenario(slots: int, processes: int, arrivals: list[tuple[int, bool]], random: object) -> None:
    visits = Visits(Admission(slots, processes, 100))
    weights = {f"{number}": weight for number, (weight, _) in enumerate(arrivals)}
    impatient = [f"{number}" for number, (_, leaves) in enumerate(arrivals) if leaves]
    for name, weight in weights.items():
        visits.come(name, weight)
        if random.random() < 0.3 and visits.inside:  # type: ignore[attr-defined]
            await visits.go(visits.inside[0])
    for name in impatient:
        if not visits.tasks[name].done() and name not in visits.inside:
            await visits.lose_patience(name)
    while visits.inside:
        assert len(visits.inside) <= slots
        assert len(visits.inside) == 1 or sum(weights[name] * visits.shares[name] for name in visits.inside) <= 100
        await visits.go(visits.inside[random.randrange(len(visits.inside))])  # type: ignore[attr-defined]
    assert visits.order == sorted(visits.order, key=int)
    assert all(task.done() for task in visits.tasks.values())
