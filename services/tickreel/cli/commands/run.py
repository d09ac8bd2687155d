"""`tickreel run`: run a config and watch the run to its end."""

import asyncio
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from google.protobuf import json_format
from google.protobuf.timestamp_pb2 import Timestamp

from tickreel.cli import options
from tickreel.cli.commands.runs import exit_with
from tickreel.cli.connection import connect
from tickreel.cli.display import formatting, screen
from tickreel.cli.display.json_output import print_json
from tickreel.cli.display.progress_display import display
from tickreel.cli.interrupts import Interrupts
from tickreel.cli.watching import RUN, Watch
from tickreel.rpc import json_document
from tickreel.rpc.message_json import as_json
from tickreel.v1 import result_pb2, run_pb2, runner_service_pb2

# The service reads the footers of the raw files before it answers, which is slow on a mounted bucket.
CREATE_SECONDS = 300.0

_SNAPSHOT_MODES = {
    "trades": result_pb2.SNAPSHOT_MODE_TRADES,
    "book": result_pb2.SNAPSHOT_MODE_BOOK,
    "both": result_pb2.SNAPSHOT_MODE_BOTH,
}

_STANDARD_INPUT = Path("-")


@dataclass(frozen=True)
class _Choice:
    """The values of the flags."""

    config: Path
    snapshot_mode: str
    instrument: str
    dataset: str
    start: Timestamp | None
    end: Timestamp | None
    full: bool
    export_ticks: bool
    validate_only: bool

    def request(self) -> runner_service_pb2.CreateRunRequest:
        """Return the request, without the config itself."""
        return runner_service_pb2.CreateRunRequest(
            request_id=str(uuid.uuid4()),
            options=run_pb2.RunOptions(
                mode=result_pb2.RUN_MODE_FULL if self.full else result_pb2.RUN_MODE_FAST,
                snapshot_mode=_SNAPSHOT_MODES[self.snapshot_mode],
                export_ticks=self.export_ticks,
                dataset=self.dataset,
                config_path="" if self.config == _STANDARD_INPUT else str(self.config),
            ),
            instrument=self.instrument,
            start=self.start,
            end=self.end,
            validate_only=self.validate_only,
        )

    def document(self) -> dict[str, Any]:
        """Read the config.

        Raises:
            TickreelError: CONFIG_INVALID: see `json_document.parse`.
        """
        if self.config == _STANDARD_INPUT:
            return json_document.parse(sys.stdin.buffer.read(), "standard input")
        return json_document.read_file(self.config)


@click.command()
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="Run config, a JSON file; - reads standard input.",
)
@click.option("--snapshot-mode", type=click.Choice(list(_SNAPSHOT_MODES)), required=True, help="Data to replay.")
@click.option("--instrument", default="", metavar="ID", help="Refuse the config if it has another instrument.")
@click.option("--dataset", default="", metavar="DAY", help="Read only this day folder of raw data, e.g. day-2024-07-18.")
@click.option("--start", type=options.INSTANT, metavar="TIME", help="Start of the window, instead of the config's.")
@click.option("--end", type=options.INSTANT, metavar="TIME", help="End of the window, instead of the config's.")
@options.switch("--full", "Keep timeline, orders, fills, equity and ticks in addition to the summary.")
@options.switch("--export-ticks", "Export the ticks of the window as JSON; implied by --full.")
@click.option("--validate-only", is_flag=True, help="Check the config and the data without running.")
@options.address_or_own("runner")
@options.output
@click.pass_context
def run(ctx: click.Context, /, address: str | None, standalone: bool, output: str, **flags: Any) -> None:
    """Replay the window of a config, with live progress.

    Flags override the config. Ctrl-C cancels the run. Exit code: 0 succeeded, 1 failed, 2 refused, 130 cancelled.
    """
    choice = _Choice(**flags)
    done = asyncio.run(_run(choice, address, standalone=standalone))
    if isinstance(done, runner_service_pb2.CreateRunResponse):
        _print_checked(done, output)
    else:
        exit_with(ctx, done, output)


async def _run(choice: _Choice, address: str | None, *, standalone: bool) -> run_pb2.Run | runner_service_pb2.CreateRunResponse:
    """Return the run in its final state, or the response to the request if it only validates."""
    document = choice.document()
    with Interrupts() as interrupts:
        async with connect("runner", ("converter", "runner"), address, document, standalone=standalone) as connection:
            request = choice.request()
            json_format.ParseDict(connection.document, request.document)
            interrupts.check()
            with screen.busy("checking the config and the data"):
                response: runner_service_pb2.CreateRunResponse = await connection.guard(
                    connection.client.call("CreateRun", request, timeout=CREATE_SECONDS)
                )
            if choice.validate_only:
                return response
            with display() as shown:
                watch = Watch(connection.client, RUN, response.run.run_id, shown)
                ended: run_pb2.Run = await connection.guard(watch.to_end_or_cancelled(interrupts))
                return ended


def _print_checked(checked: runner_service_pb2.CreateRunResponse, output: str) -> None:
    if output == "json":
        print_json(as_json(checked))
        return
    run, preview, strategy = checked.run, checked.preview, checked.run.config.strategy
    about = "about " if preview.rows_estimated else ""
    rows = f"{about}{formatting.plural(preview.trade_rows, 'trade')}, {formatting.plural(preview.book_rows, 'book')}"
    unconverted = sum(not file.cached for file in preview.files)
    would = screen.pairs()
    would.add_row("  instrument", run.config.instrument.id)
    would.add_row("  window", formatting.window(run.config.time_window))
    would.add_row("  strategy", ", ".join(filter(None, (strategy.name, strategy.submission_mode))))
    would.add_row("  rows", rows)
    would.add_row("  files", f"{len(preview.files)}, {unconverted} of them to convert first")
    would.add_row("  digest", run.config_digest)
    screen.out.print("The config and the data are valid. This would run:")
    screen.out.print(would)
    if preview.findings:
        screen.heading("Findings")
        screen.print_findings(preview.findings)
