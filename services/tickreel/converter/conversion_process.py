"""The process of one conversion: brings what is missing into the catalog, file by file."""

import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from google.protobuf import json_format

from tickreel.converter.conversion_plan import ConversionPlan, PlannedFile
from tickreel.jobs.worker import Reporter, serve_worker
from tickreel.stores.catalog import CatalogRemovedError, CatalogStore
from tickreel.stores.raw import RawFile, RawStore
from tickreel.v1 import conversion_pb2, job_pb2

# A catalog that is deleted this often while one file is written to it is being kept away.
_ATTEMPTS = 3
# One file keeps a core and a half busy; each at work takes a few hundred MB.
FILES_AT_A_TIME = 2


def spec_of(spec: conversion_pb2.ConversionSpec, raw: RawStore, catalog: CatalogStore) -> dict[str, Any]:
    """What a worker is told, as JSON values."""
    return {
        "spec": json_format.MessageToDict(spec),
        "data_root": str(raw.root),
        "raw_ending": raw.ending,
        "catalog_root": str(catalog.root),
    }


def files_of(result: dict[str, Any]) -> list[conversion_pb2.ConvertedFile]:
    """The files in what a worker reported."""
    return [json_format.ParseDict(file, conversion_pb2.ConvertedFile()) for file in result["files"]]


def convert(told: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Does the work.

    The plan is made again: another conversion may have brought some of the files since this one was asked for.

    Raises:
        TickreelError: As `convert_missing`.
    """
    spec = json_format.ParseDict(told["spec"], conversion_pb2.ConversionSpec())
    raw = RawStore(Path(told["data_root"]), told["raw_ending"])
    catalog = CatalogStore(Path(told["catalog_root"]))
    catalog.sweep()
    plan = ConversionPlan.of(spec, raw, catalog)
    total = sum(source.rows for source in plan.missing)
    files = convert_missing(
        plan, raw, catalog, lambda done: reporter.progress(job_pb2.JOB_PHASE_CONVERTING, done, total, "rows")
    )
    return {"files": [json_format.MessageToDict(file) for file in files]}


def convert_missing(
    plan: ConversionPlan, raw: RawStore, catalog: CatalogStore, on_rows: Callable[[int], None]
) -> list[conversion_pb2.ConvertedFile]:
    """Converts what a plan lacks, registers the instrument, and returns all files of the plan in time order.

    Args:
        on_rows: Called with the rows converted so far, of all files together; from several threads.

    Raises:
        TickreelError: The first file that cannot be converted, by name. Files that were finished stay. A file is written again
            where the catalog was deleted meanwhile, at most three times. One that another conversion is at work on, of this
            service or another over the same catalog, is waited for.
    """
    progress = dict.fromkeys((source.path for source in plan.missing), 0)
    on_rows(0)

    def bring(file: PlannedFile) -> conversion_pb2.ConvertedFile:
        if file.present is not None:
            return file.to_message()

        def report(rows: int) -> None:
            progress[file.source.path] = rows
            on_rows(sum(progress.values()))

        for _ in range(_ATTEMPTS - 1):
            with contextlib.suppress(CatalogRemovedError):
                return write(file.source, report)
        return write(file.source, report)

    def write(source: RawFile, report: Callable[[int], None]) -> conversion_pb2.ConvertedFile:
        with catalog.converting(source.path, lambda: report(0)):
            present = plan.look_again(source, catalog)
            if present is not None:
                report(source.rows)
                return PlannedFile(source, present).to_message()
            message = PlannedFile(source, plan.conversion(source).run(raw, catalog, report)).to_message()
            message.cached = False
            return message

    with ThreadPoolExecutor(max_workers=FILES_AT_A_TIME, thread_name_prefix="convert") as pool:
        files = [pool.submit(bring, file) for file in plan.files]
        try:
            converted = [file.result() for file in files]
        finally:
            pool.shutdown(cancel_futures=True)
    plan.register_instrument(catalog, converted)
    return converted


if __name__ == "__main__":
    serve_worker(convert)
