"""The packages whose code decides an outcome, apart from the engine: their versions and the digests of their sources."""

import hashlib
import importlib.util
from functools import cache
from importlib import metadata
from pathlib import Path

from tickreel.runner.config.strategy_registry import StrategyEntry
from tickreel.v1 import result_pb2

PRODUCT = "tickreel"
# The modules that an outcome depends on. The Converter is left out: its rows have their own digests.
_MODULES = ("tickreel.accounting", "tickreel.engine", "tickreel.instrument", "tickreel.runner", "tickreel.stores")


def code_packages(entry: StrategyEntry) -> list[result_pb2.CodePackage]:
    """Return the product, followed by the package of the strategy if that is another one."""
    packages = [_package(PRODUCT, _MODULES)]
    if entry.package != PRODUCT:
        packages.append(_package(entry.package, (entry.strategy.__module__.partition(".")[0],)))
    return packages


@cache
def _package(name: str, modules: tuple[str, ...]) -> result_pb2.CodePackage:
    digest = hashlib.sha256()
    for module in modules:
        for name_in_module, source in _sources(module):
            content = source.read_bytes()
            digest.update(f"{name_in_module} {len(content)}\n".encode() + content)
    return result_pb2.CodePackage(name=name, version=metadata.version(name), digest=digest.hexdigest())


def _sources(module: str) -> list[tuple[str, Path]]:
    """Return the source files of a module or of a whole package, with their paths from the module on, sorted by these paths."""
    spec = importlib.util.find_spec(module)
    assert spec is not None
    if spec.submodule_search_locations is None:
        return [(module, Path(str(spec.origin)))]
    roots = [Path(root) for root in spec.submodule_search_locations]
    return sorted((f"{module}/{file.relative_to(root).as_posix()}", file) for root in roots for file in root.rglob("*.py"))
