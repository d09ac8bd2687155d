"""Strict reader of a config in JSON, before it is sent as a Struct.

Python's parser accepts `NaN`, keeps the last of two equal keys, and turns 1e999 into infinity. Each of these would silently
change the run, so this module refuses them and names their paths. The Runner checks the keys and values themselves.
"""

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tickreel.rpc.errors import TickreelError, Violation

# protobuf limits the depth of a Struct. A run config is far from this limit.
_MAX_DEPTH = 30
# A config with every key has a few kilobytes. The journal keeps each config, and a message has 4 MiB at most.
MOST_BYTES = 2**20
# Characters of a long key that a path keeps.
_LONG_KEY = 100
# Doubles represent every whole number below exactly, and a Struct has only doubles.
_MAX_WHOLE = 2**53


class _Object(dict[str, Any]):
    """A JSON object with a list of its repeated keys."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.repeated = repeated(key for key, _ in pairs) if len(self) < len(pairs) else []


def repeated(keys: Iterable[str]) -> list[str]:
    """Return the keys that occur more than once, sorted. Counting takes linear time."""
    return sorted(key for key, count in Counter(keys).items() if count > 1)


class _NoNumber(str):
    """The text of a number that a double cannot represent."""


def read_file(path: Path) -> dict[str, Any]:
    """Read the JSON object in a file.

    Raises:
        TickreelError: CONFIG_INVALID if the file cannot be read, and the errors of `parse`.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TickreelError("CONFIG_INVALID", f"{path}: cannot be read: {error.strerror}", path=path) from None
    return parse(content, str(path))


def parse(content: bytes, name: str) -> dict[str, Any]:
    """Parse a JSON object.

    Args:
        name: The name of the text in messages, usually its file.

    Raises:
        TickreelError: CONFIG_INVALID if the text is larger than `MOST_BYTES`, is not JSON (with line and column) or not an
            object, or has faults, each reported as a violation.
    """
    if len(content) > MOST_BYTES:
        message = f"{name}: has {len(content)} bytes; a run config has at most {MOST_BYTES}"
        raise TickreelError("CONFIG_INVALID", message, path=name, bytes=len(content))
    try:
        document = json.loads(
            content.decode("utf-8-sig"),
            object_pairs_hook=_Object,
            parse_constant=_NoNumber,
            parse_float=lambda text: float(text) if math.isfinite(float(text)) else _NoNumber(text),
            parse_int=lambda text: int(text) if abs(float(text)) < _MAX_WHOLE else _NoNumber(text),
        )
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        raise _not_json(name, line, column, "is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise _not_json(name, error.lineno, error.colno, error.msg) from None
    except RecursionError:
        raise TickreelError("CONFIG_INVALID", f"{name}: is nested too deep for a run config", path=name) from None
    if not isinstance(document, _Object):
        message = f"{name}: is not a JSON object; a run config has the form {{...}}"
        raise TickreelError("CONFIG_INVALID", message, path=name)
    violations = list(_violations("", document, 0))
    if violations:
        raise TickreelError("CONFIG_INVALID", f"{name}: is refused", violations, path=name)
    return document


def _not_json(name: str, line: int, column: int, fault: str) -> TickreelError:
    message = f"{name}: line {line}, column {column}: {fault}"
    return TickreelError("CONFIG_INVALID", message, path=name, line=line, column=column)


def _violations(path: str, value: Any, depth: int) -> Iterator[Violation]:
    if depth > _MAX_DEPTH:
        yield Violation(path, f"is nested deeper than {_MAX_DEPTH} levels")
    elif isinstance(value, _Object):
        for key in value.repeated:
            yield Violation(inside(path, key), "is there more than once; keep one")
        for key, item in value.items():
            if not _is_text(key):
                yield Violation(inside(path, key), "is a key with half of a surrogate pair, which is not valid text")
            yield from _violations(inside(path, key), item, depth + 1)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _violations(f"{path}[{index}]", item, depth + 1)
    elif isinstance(value, _NoNumber):
        shown = value if len(value) <= 30 else f"{value[:30]}…"
        yield Violation(path, f"is {shown}; it must be a finite number, a whole one below 2^53")
    elif isinstance(value, str) and not _is_text(value):
        yield Violation(path, "has half of a surrogate pair, which is not valid text")


def inside(path: str, key: str) -> str:
    """Return the path of a key. A long key is cut, because the paths of all values below repeat it."""
    name = key if _is_text(key) else ascii(key)
    name = name if len(name) <= _LONG_KEY else f"{name[:_LONG_KEY]}…"
    return f"{path}.{name}" if path else name


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
