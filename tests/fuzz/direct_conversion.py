"""Convert raw files in one child process that lives as long as no file kills it.

The service starts a new process after each conversion that fails. Most damaged files fail, so those starts would take most of
the time of the test.
"""

import resource
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

from tickreel.converter.conversion_plan import ConversionPlan
from tickreel.converter.conversion_process import convert_missing
from tickreel.rpc.errors import TickreelError
from tickreel.rpc.settings import Settings
from tickreel.stores.catalog import CatalogStore
from tickreel.stores.raw import RawStore
from tickreel.v1 import conversion_pb2

# A damaged length may ask for more memory than the machine has.
_ADDRESS_SPACE = 16 << 30


class DirectConversions:
    """Convert files without the queue of the service, in a child process."""

    def __init__(self, settings: Settings) -> None:
        self._stores = settings.data_root, settings.raw_ending, settings.catalog_root
        self._start()

    def convert(self, spec: conversion_pb2.ConversionSpec) -> str:
        """Return SUCCEEDED, the reason of the error, OUT_OF_MEMORY, or WORKER_DIED if the file killed the process.

        Any other exception propagates. The service would report it as INTERNAL.
        """
        try:
            return self._pool.submit(_outcome, spec.SerializeToString(), *self._stores).result()
        except BrokenProcessPool:
            self._pool.shutdown()
            self._start()
            return "WORKER_DIED"

    def close(self) -> None:
        """Stop the process."""
        self._pool.shutdown()

    def _start(self) -> None:
        self._pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_limit_memory)


def _limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))


def _outcome(spec: bytes, data_root: Path, ending: str, catalog_root: Path) -> str:
    raw, catalog = RawStore(data_root, ending), CatalogStore(catalog_root)
    try:
        plan = ConversionPlan.of(conversion_pb2.ConversionSpec.FromString(spec), raw, catalog)
        convert_missing(plan, raw, catalog, lambda rows: None)
    except TickreelError as error:
        return error.reason
    except MemoryError:
        return "OUT_OF_MEMORY"
    return "SUCCEEDED"
