"""The worker process of one conversion, which converts the files that the catalog lacks."""

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

# The conversion fails when the catalog was deleted this many times during the write of one file.
_ATTEMPTS = 3
# One file keeps a core and a half busy, and takes a few hundred MB.
FILES_AT_A_TIME = 2


def spec_of(spec: conversion_pb2.ConversionSpec, raw: RawStore, catalog: CatalogStore) -> dict[str, Any]:
    """Return the input of a worker, as JSON values."""
    return {
        "spec": json_format.MessageToDict(spec),
        "data_root": str(raw.root),
        "raw_ending": raw.ending,
        "catalog_root": str(catalog.root),
    }


def files_of(result: dict[str, Any]) -> list[conversion_pb2.ConvertedFile]:
    """Return the files in the result of a worker."""
    return [json_format.ParseDict(file, conversion_pb2.ConvertedFile()) for file in result["files"]]


def convert(payload: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Run the conversion.

    The plan is made again, because another conversion may have converted some of the files since the request.

    Raises:
        TickreelError: Like `convert_missing`.
    """
    spec = json_format.ParseDict(payload["spec"], conversion_pb2.ConversionSpec())
    raw = RawStore(Path(payload["data_root"]), payload["raw_ending"])
    catalog = CatalogStore(Path(payload["catalog_root"]))
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
    """Convert the missing files of a plan, register the instrument, and return all files of the plan in time order.

    If the catalog is deleted while a file is written, the file is written again, three times in all. If another conversion,
    of this service or of another one over the same catalog, is converting a file, this one waits for it.

    Args:
        on_rows: Called with the number of rows converted so far in all files, from several threads.

    Raises:
        TickreelError: Names the first file that cannot be converted. Finished files stay in the catalog.
    """
    progress = dict.fromkeys((source.path for source in plan.missing), 0)
    on_rows(0)

    def converted_file(file: PlannedFile) -> conversion_pb2.ConvertedFile:
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
            present = plan.find_converted(source, catalog)
            if present is not None:
                report(source.rows)
                return PlannedFile(source, present).to_message()
            message = PlannedFile(source, plan.conversion(source).run(raw, catalog, report)).to_message()
            message.cached = False
            return message

    with ThreadPoolExecutor(max_workers=FILES_AT_A_TIME, thread_name_prefix="convert") as pool:
        files = [pool.submit(converted_file, file) for file in plan.files]
        try:
            converted = [file.result() for file in files]
        finally:
            pool.shutdown(cancel_futures=True)
    plan.register_instrument(catalog, converted)
    return converted


def main() -> None:
    """Run one job for the service."""
    serve_worker(convert)


if __name__ == "__main__":
    main()
