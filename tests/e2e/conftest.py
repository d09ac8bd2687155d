"""What the flows of users share."""

from collections.abc import Iterator, Mapping

import pytest

from e2e_folder import terminal

__all__ = ["terminal"]


@pytest.fixture(scope="module")
def measured_processes(process_coverage: Mapping[str, str]) -> Iterator[None]:
    """Starts processes with coverage, where the tests run with it."""
    with pytest.MonkeyPatch.context() as environ:
        for name, value in process_coverage.items():
            environ.setenv(name, value)
        yield
