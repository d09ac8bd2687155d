"""All that is wrong with a config, one entry a problem."""

import re
from collections.abc import Iterator
from typing import Any

from tickreel.rpc.errors import TickreelError, Violation, count_of

# A config of a megabyte can have a problem in every tenth byte. More than these are counted, not listed.
MOST_LISTED = 1_000

_STEP = re.compile(r"(?=[.\[])")
# More than any field of a config has. A key may be a text of a million dots.
_MOST_STEPS = 64
# The key of a node that is wrong itself. No step of a path is empty.
_WRONG = ""


class Violations:
    """Collects violations, so that a caller learns of all at once.

    Iteration gives at most `MOST_LISTED` of them, and then one that stands for the rest. `len` counts all.
    """

    def __init__(self) -> None:
        self._found: list[Violation] = []
        self._unlisted = 0
        # The fields at fault as a tree of the steps of their paths: a config may have very many of them.
        self._wrong: dict[str, Any] = {}

    def add(self, field: str, description: str) -> None:
        """Records one problem."""
        self._add(Violation(field, description))

    def unread(self, field: str) -> None:
        """Marks a field whose value is not there for a reason that is recorded elsewhere: its key is misspelt, say."""
        node = self._wrong
        for step in _steps(field):
            node = node.setdefault(step, {})
        node[_WRONG] = None

    def extend(self, error: TickreelError) -> None:
        """Records the problems that another service found."""
        for violation in error.violations or [Violation("data_catalog", error.message)]:
            self._add(violation)

    def clean(self, *fields: str) -> bool:
        """Whether nothing is wrong with these fields, what they contain, or what contains them."""
        return all(map(self._is_clean, fields))

    def __iter__(self) -> Iterator[Violation]:
        yield from self._found
        if self._unlisted:
            yield Violation.rest(self._unlisted)

    def __len__(self) -> int:
        return count_of(self._found) + self._unlisted

    def _add(self, violation: Violation) -> None:
        self.unread(violation.field)
        if violation.count > 1 or len(self._found) >= MOST_LISTED:
            self._unlisted += violation.count
        else:
            self._found.append(violation)

    def _is_clean(self, field: str) -> bool:
        node = self._wrong
        for step in _steps(field):
            if step not in node:
                return True
            node = node[step]
            if _WRONG in node:
                return False
        return False


def _steps(field: str) -> list[str]:
    """The steps of a path: `orders`, `[0]`, `.side`."""
    return _STEP.split(field, _MOST_STEPS)
