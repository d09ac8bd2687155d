"""Calls of user code whose values differ from run to run: reads of the wall clock, and draws of unseeded random numbers.

A verification watches its execution for them. User code is the package of the strategy, and all Python code that is not
installed. Libraries are not watched: many read the clock for purposes of their own. Only calls that user code makes itself are
seen: not those of C code on its behalf, such as `map(random.choice, ...)`.
"""

import datetime
import os
import random
import secrets
import sys
import sysconfig
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from importlib import metadata
from pathlib import Path
from types import BuiltinMethodType, CodeType, MethodType
from typing import Any

import numpy as np

from tickreel.runner.config.strategy_registry import GROUP
from tickreel.v1 import result_pb2

_CALL, _PY_START = sys.monitoring.events.CALL, sys.monitoring.events.PY_START
# Tools 0, 1, 2 and 5 are reserved for debuggers, coverage, profilers and optimizers.
_TOOL = 4

CLOCK_READ, UNSEEDED_RANDOMNESS = "CLOCK_READ", "UNSEEDED_RANDOMNESS"
_ADVICE = {
    CLOCK_READ: "reads the clock of the machine, which differs in every execution; use the time of the replay instead,"
    " self.clock.utc_now() or self.clock.timestamp_ns()",
    UNSEEDED_RANDOMNESS: "draws random numbers without a seed, which differ in every execution; make a generator from the"
    " run's seed instead, random.Random(seed) or numpy.random.default_rng(seed)",
}

# Calls that are named in a finding.
_SHOWN = 10

# Functions are identified by address, because user code may call objects that have no hash.
_CLOCKS = {
    id(getattr(time, name + suffix))
    for name in ("time", "monotonic", "perf_counter", "process_time", "thread_time", "clock_gettime")
    for suffix in ("", "_ns")
}
# They read the clock unless they are given a time.
_CONVERSIONS = {id(getattr(time, name)) for name in ("localtime", "gmtime", "ctime")}
_RANDOM = {
    id(function)
    for function in (
        os.urandom,
        uuid.uuid1,
        uuid.uuid4,
        secrets.token_bytes,
        secrets.token_hex,
        secrets.token_urlsafe,
        secrets.randbelow,
        random.SystemRandom,
    )
}
# They are random unless they are given a seed.
_SEEDED = {id(np.random.default_rng), id(np.random.RandomState), id(np.random.SeedSequence)}
_SEEDED_CLASSES = (random.Random, np.random.BitGenerator)
# The generators behind the functions of the modules.
_PYTHON, _NUMPY = random.random.__self__, np.random.rand.__self__  # type: ignore[attr-defined]  # bound methods
_SEEDING = ("seed", "setstate", "set_state")


class UnrepeatableCalls:
    """Watches this process between `watch` and `end`.

    Args:
        strategy_id: The strategy of the run.
    """

    def __init__(self, strategy_id: str) -> None:
        # The numbers of calls by code of the finding, file, line, function and callable, in order of the first call.
        self._calls: dict[tuple[str, str, int, str, str], int] = {}
        self._seeded: set[int] = set()
        self._files: dict[str, bool] = {}
        self._watching = False
        self._watched: list[CodeType] = []
        self._product = Path(__file__).resolve().parents[2]
        self._standard = [Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib")]
        self._installed = [Path(sysconfig.get_path(name)).resolve() for name in ("purelib", "platlib")]
        modules = {point.module.partition(".")[0] for point in metadata.entry_points(group=GROUP, name=strategy_id)}
        self._packages = [
            folder / name for folder in self._installed for module in modules for name in (module, f"{module}.py")
        ]

    def watch(self) -> None:
        """Start. Call it before the strategy is imported, so that the calls of the import are seen."""
        monitoring = sys.monitoring
        monitoring.use_tool_id(_TOOL, "tickreel")
        monitoring.register_callback(_TOOL, _PY_START, self._begin)
        monitoring.register_callback(_TOOL, _CALL, self._call)
        monitoring.set_events(_TOOL, _PY_START)
        monitoring.restart_events()
        self._watching = True

    def end(self) -> None:
        """Stop, if it was started."""
        if self._watching:
            self._watching = False
            monitoring = sys.monitoring
            monitoring.set_events(_TOOL, 0)
            for code in self._watched:
                monitoring.set_local_events(_TOOL, code, 0)
            monitoring.free_tool_id(_TOOL)

    def findings(self) -> Iterator[result_pb2.Finding]:
        """Yield a finding for the clock, and one for random numbers, if there were such calls."""
        for code, advice in _ADVICE.items():
            calls = {call: count for call, count in self._calls.items() if call[0] == code}
            if calls:
                places = [
                    f"{called} at {_shown(file)}:{line} in {function}" + (f", {count} times" if count > 1 else "")
                    for (_, file, line, function, called), count in calls.items()
                ]
                more = f"; and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
                message = f"the strategy {advice}: {'; '.join(places[:_SHOWN])}{more}"
                yield result_pb2.Finding(severity=result_pb2.SEVERITY_WARNING, code=code, message=message)

    def _begin(self, code: CodeType, _offset: int) -> object:
        """Called once for each piece of code that begins to run: watch its calls if it is user code."""
        if self._is_users(code.co_filename):
            sys.monitoring.set_local_events(_TOOL, code, _CALL)
            self._watched.append(code)
        return sys.monitoring.DISABLE

    def _is_users(self, filename: str) -> bool:
        known = self._files.get(filename)
        if known is None:
            path = Path(filename).resolve()

            def lies_in(folders: Iterable[Path]) -> bool:
                return any(path.is_relative_to(folder) for folder in folders)

            if filename.startswith("<") or path.is_relative_to(self._product):
                # Generated code has a name like <string>.
                known = False
            elif lies_in(self._installed):
                known = lies_in(self._packages)
            else:
                known = not lies_in(self._standard)
            self._files[filename] = known
        return known

    def _call(self, code: CodeType, offset: int, called: Callable[..., Any], first: object) -> None:
        kind = self._kind(called, first)
        if kind:
            line = next((line for begin, end, line in code.co_lines() if begin <= offset < end and line), code.co_firstlineno)
            call = kind, code.co_filename, line, code.co_qualname, _name(called)
            self._calls[call] = self._calls.get(call, 0) + 1

    def _kind(self, called: Callable[..., Any], first: object) -> str:
        """Return the code of the finding for a call; empty if its value is the same in every execution.

        Args:
            first: The first argument, or `sys.monitoring.MISSING`.
        """
        address = id(called)
        given = first is not sys.monitoring.MISSING and first is not None
        if address in _CLOCKS or (address in _CONVERSIONS and not given):
            return CLOCK_READ
        if address in _RANDOM:
            return UNSEEDED_RANDOMNESS
        if isinstance(called, type):
            unseeded = address in _SEEDED or issubclass(called, _SEEDED_CLASSES)
            return UNSEEDED_RANDOMNESS if unseeded and not given else ""
        if address in _SEEDED:
            return "" if given else UNSEEDED_RANDOMNESS
        if called is np.random.seed:
            return self._seed(_NUMPY, given)
        # Other callables may compute their attributes.
        if type(called) in (BuiltinMethodType, MethodType):
            return self._kind_of_method(getattr(called, "__self__", None), getattr(called, "__name__", ""), given)
        return ""

    def _kind_of_method(self, owner: object, name: str, given: bool) -> str:
        if isinstance(owner, type):
            reads = issubclass(owner, datetime.date) and name in ("now", "utcnow", "today")
            return CLOCK_READ if reads else ""
        if isinstance(owner, random.SystemRandom):
            return UNSEEDED_RANDOMNESS
        if owner is _PYTHON or owner is _NUMPY:
            if name in _SEEDING:
                return self._seed(owner, given)
            return "" if id(owner) in self._seeded else UNSEEDED_RANDOMNESS
        return ""

    def _seed(self, generator: object, given: bool) -> str:
        if given:
            self._seeded.add(id(generator))
            return ""
        self._seeded.discard(id(generator))
        return UNSEEDED_RANDOMNESS


def _name(called: Callable[..., Any]) -> str:
    """Return the name of a known callable, as it is imported: random.randint, datetime.now."""
    owner = getattr(called, "__self__", None)
    if isinstance(owner, type):
        return f"{owner.__name__}.{called.__name__}"
    module = "random" if owner is _PYTHON else "numpy.random" if owner is _NUMPY else str(called.__module__)
    return f"{'os' if module == 'posix' else module}.{called.__name__}"


def _shown(filename: str) -> str:
    """Return the path of a file from the folder on from which it is imported."""
    folders = sorted(filter(None, sys.path), key=len, reverse=True)
    return next(
        (str(Path(filename).relative_to(folder)) for folder in folders if Path(filename).is_relative_to(folder)), filename
    )
