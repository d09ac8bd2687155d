"""The rate of a job is measured over the last seconds of its phase."""

import pytest

from tickreel.jobs import progress as progresses
from tickreel.jobs.progress import RATE_SECONDS, ProgressMeter, from_json, to_json
from tickreel.v1 import job_pb2

LOADING, REPLAYING = job_pb2.JOB_PHASE_LOADING, job_pb2.JOB_PHASE_REPLAYING


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(progresses, "time", made)
    return made


def test_the_first_progress_of_a_phase_has_no_rate(clock: Clock) -> None:
    progress = ProgressMeter().measure(LOADING, 5, 10, "rows")
    assert (progress.phase, progress.done, progress.total, progress.unit) == (LOADING, 5, 10, "rows")
    assert progress.rate == 0
    assert not progress.HasField("eta")
    assert not progress.HasField("ts_event")


def test_a_steady_job_has_a_rate_and_a_remaining_time(clock: Clock) -> None:
    meter = ProgressMeter()
    for second in range(11):
        clock.now = 1000.0 + second
        progress = meter.measure(REPLAYING, 50_000 * second, 1_000_000, "rows", 1_582_329_600_123_456_789)
    assert progress.rate == pytest.approx(50_000)
    assert progress.eta.ToMilliseconds() == 10_000
    assert progress.ts_event.ToNanoseconds() == 1_582_329_600_123_456_789


def test_the_rate_follows_a_job_that_slows_down(clock: Clock) -> None:
    meter, done = ProgressMeter(), 0
    for step in range(100):
        clock.now += 0.1
        done += 1000 if step < 60 else 10
        progress = meter.measure(REPLAYING, done, 100_000, "rows")
    assert progress.rate == pytest.approx(100, rel=0.05)
    assert RATE_SECONDS < 4


def test_a_new_phase_starts_its_own_rate(clock: Clock) -> None:
    meter = ProgressMeter()
    meter.measure(LOADING, 0, 10, "rows")
    clock.now += 1
    assert meter.measure(LOADING, 10, 10, "rows").rate == 10
    clock.now += 1
    assert meter.measure(REPLAYING, 0, 10, "rows").rate == 0


def test_a_finished_job_has_no_remaining_time_and_without_a_total_it_is_unknown(clock: Clock) -> None:
    meter = ProgressMeter()
    meter.measure(LOADING, 0, 10, "rows")
    clock.now += 1
    assert meter.measure(LOADING, 10, 10, "rows").eta.ToMilliseconds() == 0
    clock.now += 1
    assert not meter.measure(LOADING, 20, 0, "rows").HasField("eta")


def test_progress_is_unchanged_by_json(clock: Clock) -> None:
    meter = ProgressMeter()
    meter.measure(REPLAYING, 0, 2**40, "rows", 1)
    clock.now += 1 / 3
    progress = meter.measure(REPLAYING, 7, 2**40, "rows", 1_582_329_600_000_000_001)
    assert from_json(to_json(progress)) == progress
