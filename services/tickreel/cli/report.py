"""The report of a finished run, for a person: figures, findings, digests, and where everything lies."""

from pathlib import Path

from rich.table import Table
from rich.text import Text

from tickreel.cli import figures, screen
from tickreel.v1 import result_pb2


def print_report(result: result_pb2.Result) -> None:
    """Prints a result to standard output."""
    summary, metadata = result.summary, result.metadata
    screen.out.print(Text(result.run_id, style="bold"))
    dataset = f", {result.dataset} alone" if result.dataset else ""
    screen.out.print(f"  {result.instrument}, {metadata.snapshot_mode}, {result.mode}{dataset}")
    screen.out.print(f"  {result.start} → {result.end}")
    screen.out.print()
    screen.out.print(_figures(summary, metadata.currency))
    if result.findings:
        screen.heading("Findings")
        screen.print_findings(result.findings)
    screen.heading("Made from")
    screen.out.print(
        screen.pairs(
            [
                ("config", metadata.config_path),
                ("catalog", metadata.catalog_root),
                ("engine", metadata.engine),
                ("config digest", metadata.config_digest),
                ("data digest", metadata.data_digest),
                ("result digest", metadata.result_digest),
            ]
        )
    )
    screen.heading("Outputs")
    screen.out.print(screen.pairs((name, shown_path(path)) for name, path in sorted(metadata.outputs.items())))


def shown_path(path: str) -> str:
    """A path as it is shortest to type from here."""
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path


def _figures(summary: result_pb2.RunSummary, currency: str) -> Table:
    unfilled = sum(summary.orders_unfilled.values())
    counts = [
        ("trade rows", summary.trade_rows),
        ("orders", summary.orders),
        ("filled whole", summary.orders_filled),
        ("filled in part", summary.orders_partially_filled),
        ("unfilled", unfilled),
        *((f"  {reason}", number) for reason, number in sorted(summary.orders_unfilled.items())),
        ("fills", summary.fills),
    ]
    sizes = [("volume", summary.volume), ("final position", summary.final_position)]
    money = [
        ("realized pnl", summary.realized_pnl),
        ("unrealized pnl", summary.unrealized_pnl),
        ("fees", summary.fees),
        ("pnl", summary.pnl),
        ("max drawdown", summary.max_drawdown),
        ("starting equity", summary.starting_equity),
        ("final equity", summary.final_equity),
    ]
    both = Table.grid(padding=(0, 4, 0, 0))
    left = [(name, figures.count(number)) for name, number in counts]
    left += list(zip([name for name, _ in sizes], figures.decimals(text for _, text in sizes), strict=True))
    right = list(zip([name for name, _ in money], figures.decimals(text for _, text in money), strict=True))
    right = [(name, f"{text} {currency}".rstrip() if currency else text) for name, text in right]
    if summary.HasField("pnl_usd"):
        right.append(("pnl in USD", figures.decimals([summary.pnl_usd])[0]))
    both.add_row(screen.pairs(left, right=True), screen.pairs(right, right=True))
    return both
