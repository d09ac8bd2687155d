"""Fixtures that the end-to-end tests share."""

from collections.abc import Iterator, Mapping

import pytest

from e2e_folder import terminal

__all__ = ["terminal"]


@pytest.fixture(scope="module")
def measured_processes(process_coverage: Mapping[str, str]) -> Iterator[None]:
    """Measure the coverage of child processes, if the tests run with coverage."""
    with pytest.MonkeyPatch.context() as environ:
        for name, value in process_coverage.items():
            environ.setenv(name, value)
        yield
