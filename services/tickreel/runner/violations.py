"""All that is wrong with a config, one entry a problem."""

from collections.abc import Iterator

from tickreel.rpc.errors import TickreelError, Violation


class Violations:
    """Collects violations, so that a caller learns of all at once."""

    def __init__(self) -> None:
        self._found: list[Violation] = []

    def add(self, field: str, description: str) -> None:
        """Records one problem."""
        self._found.append(Violation(field, description))

    def extend(self, error: TickreelError) -> None:
        """Records the problems that another service found."""
        self._found.extend(error.violations or [Violation("data_catalog", error.message)])

    def clean(self, *fields: str) -> bool:
        """Whether nothing is wrong with these fields, what they contain, or what contains them."""
        return not any(_related(found.field, field) for found in self._found for field in fields)

    def __iter__(self) -> Iterator[Violation]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def _related(one: str, other: str) -> bool:
    shorter, longer = sorted((one, other), key=len)
    return longer == shorter or longer.startswith((f"{shorter}.", f"{shorter}["))
