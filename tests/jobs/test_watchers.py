"""A watcher of all jobs gets each changed job once, however late it asks."""

from tickreel.jobs.watchers import Unseen, Watchers


def taken(unseen: Unseen, most: int = 9) -> list[str]:
    found: list[str] = []
    while len(found) < most and (job_id := unseen.pop()) is not None:
        found.append(job_id)
    return found


async def test_changed_jobs_are_returned_once_in_order() -> None:
    watchers = Watchers()
    with watchers.joined(["a", "b"]) as unseen:
        for _ in range(1000):
            for job_id in ("c", "a"):
                watchers.notify(job_id)
        assert taken(unseen) == ["a", "b", "c"]
        assert taken(unseen) == []
        watchers.notify("b")
        await unseen.wait(60)
        assert taken(unseen) == ["b"]


async def test_a_watcher_does_not_wait_while_jobs_are_left() -> None:
    with Watchers().joined("abcd") as unseen:
        assert taken(unseen, 3) == ["a", "b", "c"]
        await unseen.wait(60)
        assert taken(unseen, 3) == ["d"]


async def test_a_watcher_without_changes_waits_until_the_time_is_over() -> None:
    with Watchers().joined([]) as unseen:
        await unseen.wait(0.01)
        assert taken(unseen) == []


async def test_each_watcher_has_its_own_changes() -> None:
    watchers = Watchers()
    with watchers.joined([]) as one:
        with watchers.joined(["a"]) as other:
            watchers.notify("b")
        watchers.notify("c")
        assert (taken(one), taken(other)) == (["b", "c"], ["a", "b"])
