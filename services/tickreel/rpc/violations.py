"""Collected violations of a config, one per problem."""

import re
from collections.abc import Iterator
from typing import Any

from tickreel.rpc.errors import TickreelError, Violation, count_of

# A config of a megabyte can have a problem in every tenth byte. Further problems are counted, not listed.
MOST_LISTED = 1_000

_STEP = re.compile(r"(?=[.\[])")
# More steps than any field of a config has. A hostile key may have a million dots.
_MOST_STEPS = 64
# Key that marks a field as faulty. No step of a path is empty.
_FAULTY = ""


class Violations:
    """Collects violations, so that a caller gets all at once.

    Iteration yields at most `MOST_LISTED` violations, and then one with the number of the rest. `len` counts all.
    """

    def __init__(self) -> None:
        self._found: list[Violation] = []
        self._unlisted = 0
        # Faulty fields as a tree of path steps, because a config may have very many of them.
        self._faulty: dict[str, Any] = {}

    def add(self, field: str, description: str) -> None:
        """Record one problem."""
        self._add(Violation(field, description))

    def mark_faulty(self, field: str) -> None:
        """Mark a field as faulty whose problem is recorded under another field, for example a misspelt key."""
        node = self._faulty
        for step in _steps(field):
            node = node.setdefault(step, {})
        node[_FAULTY] = None

    def extend(self, error: TickreelError) -> None:
        """Record the problems that another service found."""
        for violation in error.violations or [Violation("data_catalog", error.message)]:
            self._add(violation)

    def clean(self, *fields: str) -> bool:
        """Return whether these fields, their parents and everything in them have no problems."""
        return all(map(self._is_clean, fields))

    def __iter__(self) -> Iterator[Violation]:
        yield from self._found
        if self._unlisted:
            yield Violation.rest(self._unlisted)

    def __len__(self) -> int:
        return count_of(self._found) + self._unlisted

    def _add(self, violation: Violation) -> None:
        self.mark_faulty(violation.field)
        if violation.count > 1 or len(self._found) >= MOST_LISTED:
            self._unlisted += violation.count
        else:
            self._found.append(violation)

    def _is_clean(self, field: str) -> bool:
        node = self._faulty
        for step in _steps(field):
            if step not in node:
                return True
            node = node[step]
            if _FAULTY in node:
                return False
        return False


def _steps(field: str) -> list[str]:
    """Split a path into steps: `orders`, `[0]`, `.side`."""
    return _STEP.split(field, _MOST_STEPS)
