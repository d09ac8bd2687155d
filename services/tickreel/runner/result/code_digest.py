"""The code that makes an outcome, beside the engine: the packages, their versions, and digests of their sources."""

import hashlib
import importlib.util
from functools import cache
from importlib import metadata
from pathlib import Path

from tickreel.runner.config.strategy_registry import StrategyEntry
from tickreel.v1 import result_pb2

PRODUCT = "tickreel"
# Of the product what an outcome depends on; of the Converter it does by the rows alone, which have digests of their own.
_MODULES = ("tickreel.accounting", "tickreel.engine", "tickreel.instrument", "tickreel.runner", "tickreel.stores")


def code_packages(entry: StrategyEntry) -> list[result_pb2.CodePackage]:
    """The product, then the package that brings the strategy, where that is another."""
    packages = [_package(PRODUCT, _MODULES)]
    if entry.package != PRODUCT:
        packages.append(_package(entry.package, (entry.strategy.__module__.partition(".")[0],)))
    return packages


@cache
def _package(name: str, modules: tuple[str, ...]) -> result_pb2.CodePackage:
    digest = hashlib.sha256()
    for module in modules:
        for place, source in _sources(module):
            content = source.read_bytes()
            digest.update(f"{place} {len(content)}\n".encode() + content)
    return result_pb2.CodePackage(name=name, version=metadata.version(name), digest=digest.hexdigest())


def _sources(module: str) -> list[tuple[str, Path]]:
    """The source files of a module, or of a package with all below it, in order of their places in it."""
    spec = importlib.util.find_spec(module)
    assert spec is not None
    if spec.submodule_search_locations is None:
        return [(module, Path(str(spec.origin)))]
    roots = [Path(root) for root in spec.submodule_search_locations]
    return sorted((f"{module}/{file.relative_to(root).as_posix()}", file) for root in roots for file in root.rglob("*.py"))
