"""What the tests of runs have in common."""

import pytest


@pytest.fixture(autouse=True)
def replays_at_full_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves the processes of runs out of the coverage: it triples their time, and the flows of tests/e2e measure them."""
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
