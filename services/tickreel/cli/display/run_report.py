"""The report of a finished run, for a person: figures, findings, digests, and where everything lies."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tickreel.cli.display import formatting, screen
from tickreel.rpc.message_json import word
from tickreel.v1 import fill_audit_pb2, result_pb2, statistics_pb2


def print_report(result: result_pb2.Result) -> None:
    """Prints a result to standard output."""
    summary, metadata = result.summary, result.metadata
    screen.out.print(Text(result.run_id, style="bold"))
    dataset = f", {result.dataset} alone" if result.dataset else ""
    snapshots = word(result_pb2.SnapshotMode.DESCRIPTOR, metadata.snapshot_mode)
    screen.out.print(f"  {result.instrument}, {snapshots}, {word(result_pb2.RunMode.DESCRIPTOR, result.mode)}{dataset}")
    screen.out.print(f"  {result.start} → {result.end}")
    if metadata.replay_seconds:
        rate = formatting.count((summary.trade_rows + summary.book_rows) / metadata.replay_seconds)
        took = formatting.seconds(metadata.replay_seconds)
        screen.out.print(f"  replayed in {took}, {rate} rows/s, peak memory {formatting.count(metadata.peak_memory_mib)} MiB")
    screen.out.print()
    screen.out.print(_figures(summary, metadata.currency))
    if summary.HasField("statistics"):
        screen.heading("Statistics")
        screen.out.print(_statistics(summary.statistics, metadata.currency))
    if summary.fill_audit.HasField("backed_share"):
        screen.heading("Fills against the data")
        screen.out.print(_audit(summary, metadata.currency))
    if result.findings:
        screen.heading("Findings")
        screen.print_findings(result.findings)
    screen.heading("Made from")
    made_from = screen.pairs()
    made_from.add_row("  config", metadata.config_path)
    made_from.add_row("  catalog", shown_path(metadata.catalog_root))
    made_from.add_row("  engine", metadata.engine)
    screen.out.print(made_from)
    screen.heading("Digests")
    digests = screen.pairs()
    digests.add_row("  config", metadata.config_digest)
    digests.add_row("  data", metadata.data_digest)
    digests.add_row("  result", metadata.result_digest)
    screen.out.print(digests)
    screen.heading("Outputs")
    _print_outputs(list(metadata.outputs.values()))


def shown_path(path: str) -> str:
    """A path as it is shortest to type from here."""
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path


def _print_outputs(paths: Iterable[str]) -> None:
    by_folder: dict[Path, list[str]] = {}
    for path in sorted(paths):
        by_folder.setdefault(Path(path).parent, []).append(Path(path).name)
    for folder, names in sorted(by_folder.items()):
        shown = shown_path(str(folder))
        # A path is not folded, so that it can be copied.
        if len(names) == 1:
            screen.out.print(f"  {shown}/{names[0]}", soft_wrap=True)
        else:
            screen.out.print(f"  {shown}/", soft_wrap=True)
            screen.out.print(Padding.indent("  ".join(names), 4))


def _figures(summary: result_pb2.RunSummary, currency: str) -> Table:
    counts = [
        ("trade rows", summary.trade_rows),
        *([("book rows", summary.book_rows)] if summary.book_rows else []),
        ("orders", summary.orders),
        ("filled whole", summary.orders_filled),
        ("filled in part", summary.orders_partially_filled),
        ("unfilled", sum(summary.orders_unfilled.values())),
        *((f"  {reason}", number) for reason, number in sorted(summary.orders_unfilled.items())),
        ("fills", summary.fills),
    ]
    sizes = [("volume", summary.volume), ("final position", summary.final_position)]
    money = [
        ("realized pnl", summary.realized_pnl, currency),
        ("unrealized pnl", summary.unrealized_pnl, currency),
        ("fees", summary.fees, currency),
        *([("fees unrounded", summary.fees_exact, currency)] if _is_rounded(summary) else []),
        ("pnl", summary.pnl, currency),
        ("max drawdown", summary.max_drawdown, currency),
        ("starting equity", summary.starting_equity, currency),
        ("final equity", summary.final_equity, currency),
    ]
    if summary.HasField("pnl_usd"):
        money.append(("pnl in USD", summary.pnl_usd, "USD"))
    texts = formatting.decimals(text for _, text in sizes)
    left = [(name, formatting.count(number)) for name, number in counts]
    return _side_by_side(left + [(name, text) for (name, _), text in zip(sizes, texts, strict=True)], money)


def _is_rounded(summary: result_pb2.RunSummary) -> bool:
    """Whether the rounding of each fee shows in their sum. A result of an earlier version does not say."""
    return summary.HasField("fees_exact") and formatting.decimals([summary.fees_exact])[0].rstrip("0") != formatting.decimals(
        [summary.fees]
    )[0].rstrip("0")


def _statistics(statistics: statistics_pb2.RunStatistics, currency: str) -> Table:
    """What is not known is left out."""
    position, returns = statistics.position, statistics.returns
    left = [
        ("closing orders", formatting.count(statistics.closing_orders)),
        ("win rate", formatting.percent(statistics.win_rate)),
        ("profit factor", formatting.rounded(statistics.profit_factor)),
        ("round trips", formatting.count(position.round_trips)),
        ("time in position", formatting.percent(position.exposure)),
        ("Sharpe, a year", f"{formatting.rounded(returns.sharpe_ratio)} ± {formatting.rounded(returns.sharpe_standard_error)}"),
    ]
    if not returns.sharpe_ratio:
        left.pop()
    money = [
        ("expectancy", statistics.expectancy, f"{currency} a closing order"),
        ("largest win", statistics.largest_win, currency),
        ("largest loss", statistics.largest_loss, currency),
        ("turnover", statistics.turnover, currency),
        ("slippage", statistics.slippage, f"{currency}, {formatting.rounded(statistics.average_slippage_bps) or 0} bp"),
    ]
    return _side_by_side([row for row in left if row[1]], [row for row in money if row[1]])


def _audit(summary: result_pb2.RunSummary, currency: str) -> Table:
    """How much of the fills the data backs, and what they cost; what no books tell is left out."""
    audit, book, costs = summary.fill_audit, summary.fill_audit.book, summary.costs
    left = [
        ("backed by the data", formatting.percent(_backed(audit))),
        ("of the prints met", formatting.percent(audit.prints.participation)),
        ("of the levels met", formatting.percent(book.participation)),
        ("displayed, filled again", formatting.percent(book.reused_share)),
        ("mean age of the book", formatting.seconds(float(book.mean_book_age_seconds)) if book.mean_book_age_seconds else ""),
    ]
    money = [
        ("fees", costs.fees, currency),
        ("latency drift", costs.latency_drift, currency),
        ("waiting drift", costs.waiting_drift, currency),
        ("half of the spread", costs.spread, currency),
        ("depth", costs.depth, currency),
        ("cost in all", costs.total, currency),
    ]
    return _side_by_side([row for row in left if row[1]], [row for row in money if row[1] and Decimal(row[1])])


def _backed(audit: fill_audit_pb2.FillAudit) -> str:
    """The share of the filled size that the data backs, with more decimals than the audit's own."""
    backed, unbacked = Decimal(audit.backed_volume), Decimal(audit.unbacked_volume)
    return str(backed / (backed + unbacked))


def _side_by_side(left: Iterable[tuple[str, str]], money: Sequence[tuple[str, str, str]]) -> Table:
    """Figures on the left; on the right amounts, each with its unit."""
    numbers = screen.pairs(right=True)
    for name, text in left:
        numbers.add_row(f"  {name}", text)
    if not money:
        return numbers
    amounts = screen.pairs(right=True)
    amounts.add_column()
    for (name, _, unit), text in zip(money, formatting.decimals(text for _, text, _ in money), strict=True):
        amounts.add_row(name, text, unit)
    both = Table.grid(padding=(0, 4, 0, 0))
    both.add_row(numbers, amounts)
    return both
