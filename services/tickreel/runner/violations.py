"""All that is wrong with a config, one entry a problem."""

from collections.abc import Iterator

from tickreel.rpc.errors import TickreelError, Violation


class Violations:
    """Collects violations, so that a caller learns of all at once."""

    def __init__(self) -> None:
        self._found: list[Violation] = []
        self._unread: list[str] = []

    def add(self, field: str, description: str) -> None:
        """Records one problem."""
        self._found.append(Violation(field, description))

    def unread(self, field: str) -> None:
        """Marks a field whose value is not there for a reason that is recorded elsewhere: its key is misspelt, say."""
        self._unread.append(field)

    def extend(self, error: TickreelError) -> None:
        """Records the problems that another service found."""
        self._found.extend(error.violations or [Violation("data_catalog", error.message)])

    def clean(self, *fields: str) -> bool:
        """Whether nothing is wrong with these fields, what they contain, or what contains them."""
        wrong = [*(found.field for found in self._found), *self._unread]
        return not any(_related(one, field) for one in wrong for field in fields)

    def __iter__(self) -> Iterator[Violation]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def _related(one: str, other: str) -> bool:
    shorter, longer = sorted((one, other), key=len)
    return longer == shorter or longer.startswith((f"{shorter}.", f"{shorter}["))
