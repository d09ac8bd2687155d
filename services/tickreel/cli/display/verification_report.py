"""The printed report of a verification: the verdict, changed inputs, and the first divergence."""

from collections.abc import Iterable

from rich.text import Text

from tickreel.cli.display import formatting, screen
from tickreel.cli.display.screen import Column
from tickreel.rpc.message_json import as_json
from tickreel.v1 import report_pb2, result_pb2, run_pb2, verification_pb2
from tickreel.v1.verification_pb2 import Divergence, FieldDifference, InputChange, Verification


def is_equal(verification: Verification) -> bool:
    """Whether the second execution equals the first."""
    return verification.verdict == verification_pb2.VERDICT_EQUAL


def print_verification(run: run_pb2.Run) -> None:
    """Print the outcome of a run that verified another."""
    found = run.verification
    equal = is_equal(found)
    verdict = Text("equal", style="green") if equal else Text("different", style="red")
    screen.out.print(Text.assemble((f"{run.verified_run_id}  ", "bold"), verdict))
    rows = f"{formatting.plural(found.orders, 'order')} and {formatting.plural(found.fills, 'fill')}"
    took = formatting.took(run.started_at, run.ended_at)
    screen.out.print(f"  executed again in {took}; compared {rows} one by one, and the final account")
    screen.heading("Inputs")
    if found.inputs:
        _print_inputs(found.inputs)
    if equal and found.inputs:
        screen.out.print("  these changes made no difference")
    elif not found.inputs:
        screen.out.print("  config, data, engine and code are unchanged")
    if found.HasField("divergence"):
        _print_divergence(found.divergence, run.options.mode)
    if found.summary:
        screen.heading("Summary")
        _print_differences(found.summary)
    if found.findings:
        screen.heading("Findings")
        screen.print_findings(found.findings)
    screen.heading("Digests")
    digests = screen.pairs()
    digests.add_row("  recorded", found.recorded_digest)
    digests.add_row("  again", found.result_digest)
    screen.out.print(digests)


def _print_inputs(changes: Iterable[InputChange]) -> None:
    for change in changes:
        kind = verification_pb2.RunInput.Name(change.input).removeprefix("RUN_INPUT_").lower()
        screen.out.print(f"  {kind} has changed: {change.name}")
        values = screen.pairs()
        values.add_row("    recorded", change.recorded or "(none)")
        values.add_row("    now", change.present or "(none)")
        screen.out.print(values)


def _print_divergence(divergence: Divergence, mode: result_pb2.RunMode) -> None:
    screen.heading("First divergence")
    name = f"order {divergence.order_id}"
    if divergence.fill_id:
        name = f"fill {divergence.fill_id} of {name}"
    at = f", at {divergence.ts.ToJsonString()}" if divergence.HasField("ts") else ""
    screen.out.print(f"  {name}{at}")
    if divergence.fields:
        _print_differences(divergence.fields)
    elif not divergence.HasField("order"):
        screen.out.print("  the second execution has no such order")
    else:
        is_fast = mode == result_pb2.RUN_MODE_FAST
        before = "a fast run keeps only a mark of each order" if is_fast else "the first execution has no such order"
        screen.out.print(f"  {before}; the second execution has:")
        rows: list[report_pb2.Order | report_pb2.Fill] = [divergence.order, *divergence.fills]
        for row in rows:
            _print_row(row)


def _print_row(row: report_pb2.Order | report_pb2.Fill) -> None:
    values = screen.pairs()
    for name, value in as_json(row).items():
        values.add_row(f"    {row.DESCRIPTOR.name.lower()}.{name}", str(value))
    screen.out.print(values)


def _print_differences(differences: Iterable[FieldDifference]) -> None:
    found = list(differences)
    screen.print_table(
        Column("", [f"  {difference.name}" for difference in found]),
        Column("recorded", [difference.recorded or "(none)" for difference in found], right=True),
        Column("again", [difference.again or "(none)" for difference in found], right=True),
    )
