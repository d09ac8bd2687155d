"""The process of one conversion: brings what is missing into the catalog, file by file."""

from pathlib import Path
from typing import Any

from google.protobuf import json_format

from tickreel.converter.plan import Plan, PlannedFile
from tickreel.jobs.worker import Reporter, serve_worker
from tickreel.stores.catalog import CatalogStore
from tickreel.stores.raw import RawStore
from tickreel.v1 import conversion_pb2, job_pb2


def spec_of(spec: conversion_pb2.ConversionSpec, data_root: Path, catalog_root: Path) -> dict[str, Any]:
    """What a worker is told, as JSON values."""
    return {"spec": json_format.MessageToDict(spec), "data_root": str(data_root), "catalog_root": str(catalog_root)}


def files_of(result: dict[str, Any]) -> list[conversion_pb2.ConvertedFile]:
    """The files in what a worker reported."""
    return [json_format.ParseDict(file, conversion_pb2.ConvertedFile()) for file in result["files"]]


def convert(told: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Does the work.

    The plan is made again: another conversion may have brought some of the files since this one was asked for.

    Raises:
        TickreelError: The first file that cannot be converted, by name. Files before it stay.
    """
    spec = json_format.ParseDict(told["spec"], conversion_pb2.ConversionSpec())
    raw, catalog = RawStore(Path(told["data_root"])), CatalogStore(Path(told["catalog_root"]))
    catalog.sweep()
    plan = Plan.of(spec, raw, catalog)
    total = sum(source.rows for source in plan.missing)
    done = 0

    def report(rows: int) -> None:
        reporter.progress(job_pb2.JOB_PHASE_CONVERTING, done + rows, total, "rows")

    report(0)
    files = []
    for file in plan.files:
        if file.present is not None:
            files.append(file.to_message())
            continue
        placed = plan.conversion(file.source).run(raw, catalog, report)
        done += file.source.rows
        message = PlannedFile(file.source, placed).to_message()
        message.cached = False
        files.append(message)
    return {"files": [json_format.MessageToDict(file) for file in files]}


if __name__ == "__main__":
    serve_worker(convert)
