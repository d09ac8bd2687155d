"""`tickreel convert`: convert raw files into the engine's catalog."""

import asyncio
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from google.protobuf import json_format
from google.protobuf.timestamp_pb2 import Timestamp
from rich.text import Text

from tickreel.cli import exit_codes, options
from tickreel.cli.connection import connect
from tickreel.cli.display import formatting, screen
from tickreel.cli.display.json_output import print_json
from tickreel.cli.display.progress_display import display
from tickreel.cli.display.screen import Column
from tickreel.cli.interrupts import Interrupts
from tickreel.cli.watching import CONVERSION, Watch
from tickreel.jobs.job import FINAL
from tickreel.rpc import json_document
from tickreel.rpc.message_json import as_json
from tickreel.v1 import conversion_pb2, converter_service_pb2, job_pb2, market_data_pb2, run_config_pb2

_CREATE_SECONDS = 300.0

_TRADES, _BOOKS = market_data_pb2.DATA_TYPE_TRADES, market_data_pb2.DATA_TYPE_BOOK_SNAPSHOT_5
_DATA_TYPES = {"trades": [_TRADES], "book": [_BOOKS], "both": [_TRADES, _BOOKS]}


@click.command()
@click.option(
    "--config", type=click.Path(path_type=Path), metavar="FILE", help="Take instrument, window and paths from this run config."
)
@click.option("--instrument", metavar="ID", help="Instrument to convert, e.g. BINANCE-FUTURES:PERPETUAL:BTC-USDT@LIN.")
@click.option("--start", type=options.INSTANT, metavar="TIME", help="Start of the window, inclusive.")
@click.option("--end", type=options.INSTANT, metavar="TIME", help="End of the window, inclusive.")
@click.option("--price-precision", type=int, metavar="N", help="Decimals of prices. [default: from the config or the data]")
@click.option("--size-precision", type=int, metavar="N", help="Decimals of sizes. [default: from the config or the data]")
@click.option(
    "--data-types", type=click.Choice(list(_DATA_TYPES)), default="trades", show_default=True, help="Data to convert."
)
@click.option("--dataset", default="", metavar="DAY", help="Convert only this day folder, e.g. day-2024-07-18.")
@click.option("--force", is_flag=True, help="Also convert files that are already in the catalog.")
@options.address_or_own("converter")
@options.output
@click.pass_context
def convert(
    ctx: click.Context, /, config: Path | None, address: str | None, standalone: bool, output: str, **flags: Any
) -> None:
    """Convert raw trades and books into the engine's catalog.

    A run converts the files that it needs by itself. Files that are already in the catalog are skipped. Flags override the
    config.
    """
    document = json_document.read_file(config) if config else {}
    spec = _spec(document, **flags)
    ended = asyncio.run(_convert(spec, document, address, standalone=standalone))
    if ended.state != job_pb2.JOB_STATE_SUCCEEDED:
        screen.say_ended("conversion", ended.conversion_id, ended)
    elif output == "json":
        print_json(as_json(ended))
    else:
        _print_files(ended)
    ctx.exit(exit_codes.of_job(ended.state, ended.failure))


def _spec(
    document: Mapping[str, Any],
    *,
    instrument: str | None,
    start: Timestamp | None,
    end: Timestamp | None,
    price_precision: int | None,
    size_precision: int | None,
    data_types: str,
    dataset: str,
    force: bool,
) -> conversion_pb2.ConversionSpec:
    """Build the spec of a conversion from the flags. The config supplies values for absent flags.

    Raises:
        click.UsageError: The instrument or the window is in neither of them.
    """
    config = _config(document)
    if instrument is None and not config.instrument.id:
        raise click.UsageError("give --instrument, or --config with a run config that has one")
    spec = conversion_pb2.ConversionSpec(
        instrument=instrument or config.instrument.id,
        price_precision=price_precision,
        size_precision=size_precision,
        window=config.time_window,
        data_types=_DATA_TYPES[data_types],
        dataset=dataset,
        force=force,
    )
    if document and instrument in (None, config.instrument.id):
        if price_precision is None:
            spec.price_precision = config.instrument.price_precision
        if size_precision is None:
            spec.size_precision = config.instrument.size_precision
        spec.instrument_config.CopyFrom(config.instrument)
        spec.instrument_config.price_precision = spec.price_precision
        spec.instrument_config.size_precision = spec.size_precision
        spec.file_pattern = config.data_catalog.instrument_file_pattern
        if not config.data_catalog.auto_discover:
            spec.trades_path = config.data_catalog.trades_path
            spec.book_snapshot_5_path = config.data_catalog.book_snapshot_5_path
    for name, given in (("start", start), ("end", end)):
        if given is not None:
            getattr(spec.window, name).CopyFrom(given)
        if not spec.window.HasField(name):
            raise click.UsageError(f"--{name} is missing; a conversion needs both ends of its window")
    return spec


def _config(document: Mapping[str, Any]) -> run_config_pb2.RunConfig:
    """Return the blocks of a config that describe its data. The Runner checks the other blocks."""
    blocks = {name: document.get(name, {}) for name in ("instrument", "data_catalog", "time_window")}
    try:
        for name, block in blocks.items():
            if not isinstance(block, dict):
                raise json_format.ParseError(f"{name} is not an object")
        return json_format.ParseDict(blocks, run_config_pb2.RunConfig(), ignore_unknown_fields=True)
    except json_format.ParseError as error:
        raise click.UsageError(
            f"--config: {str(error).rstrip('.')}; `tickreel run --validate-only` lists all mistakes"
        ) from None


async def _convert(
    spec: conversion_pb2.ConversionSpec, document: dict[str, Any], address: str | None, *, standalone: bool
) -> conversion_pb2.Conversion:
    with Interrupts() as interrupts:
        async with connect("converter", ("converter",), address, document, standalone=standalone) as connection:
            request = converter_service_pb2.CreateConversionRequest(request_id=str(uuid.uuid4()), spec=spec)
            interrupts.check()
            with screen.busy("reading the raw files"):
                response = await connection.guard(connection.client.call("CreateConversion", request, timeout=_CREATE_SECONDS))
            conversion: conversion_pb2.Conversion = response.conversion
            if conversion.state not in FINAL:
                with display() as shown:
                    watch = Watch(connection.client, CONVERSION, conversion.conversion_id, shown)
                    conversion = await connection.guard(watch.to_end_or_cancelled(interrupts))
            return conversion


def _print_files(conversion: conversion_pb2.Conversion) -> None:
    files = conversion.files
    names = [f"{file.dataset} {formatting.data_type(file.data_type)}" for file in files]
    screen.out.print(Text(conversion.spec.instrument, style="bold"))
    screen.print_table(
        Column("file", names),
        Column("rows", [formatting.count(file.rows) for file in files], right=True),
        Column("first → last", [formatting.window(file.span, file.dataset.removeprefix("day-")) for file in files]),
        Column("decimals", [f"{file.price_precision} / {file.size_precision}" for file in files]),
        Column("catalog", ["cached" if file.cached else "converted" for file in files]),
    )
    cached = sum(file.cached for file in files)
    if cached == len(files):
        screen.out.print("Nothing was converted: the catalog already had every file.")
    elif cached:
        screen.out.print(f"The catalog already had {cached} of {formatting.plural(len(files), 'file')}.")
    if conversion.findings or any(file.findings for file in files):
        screen.heading("Findings")
        screen.print_findings(conversion.findings)
        for file, name in zip(files, names, strict=True):
            screen.print_findings(file.findings, name)
