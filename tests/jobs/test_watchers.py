"""A watcher of all jobs learns of each that has changed, once, however late it asks."""

from tickreel.jobs.watchers import Unseen, Watchers


def taken(unseen: Unseen, most: int = 9) -> list[str]:
    found: list[str] = []
    while len(found) < most and (job_id := unseen.pop()) is not None:
        found.append(job_id)
    return found


async def test_what_has_changed_is_told_once_in_order() -> None:
    watchers = Watchers()
    with watchers.joined(["a", "b"]) as unseen:
        for _ in range(1000):
            for job_id in ("c", "a"):
                watchers.tell(job_id)
        assert taken(unseen) == ["a", "b", "c"]
        assert taken(unseen) == []
        watchers.tell("b")
        await unseen.wait(60)
        assert taken(unseen) == ["b"]


async def test_what_was_not_taken_is_still_there_to_be_waited_for() -> None:
    with Watchers().joined("abcd") as unseen:
        assert taken(unseen, 3) == ["a", "b", "c"]
        await unseen.wait(60)
        assert taken(unseen, 3) == ["d"]
        await unseen.wait(0.01)
        assert taken(unseen, 3) == []


async def test_each_watcher_has_its_own_and_none_after_it_left() -> None:
    watchers = Watchers()
    with watchers.joined([]) as one:
        with watchers.joined(["a"]) as other:
            watchers.tell("b")
        watchers.tell("c")
        assert (taken(one), taken(other)) == (["b", "c"], ["a", "b"])
