"""The printed report of a finished run: figures, findings, digests, and the paths of its files."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tickreel.cli.display import formatting, screen
from tickreel.rpc.message_json import word
from tickreel.v1 import fill_audit_pb2, order_pb2, result_pb2, statistics_pb2


def print_report(result: result_pb2.Result) -> None:
    """Print a result to standard output."""
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
    if len(summary.statistics.by_order_type) > 1:
        screen.heading("Order types")
        screen.out.print(_order_types(summary.statistics))
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
    """Return a path relative to the current folder if it is below it, else unchanged."""
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path


def _print_outputs(paths: Iterable[str]) -> None:
    by_folder: dict[Path, list[str]] = {}
    for path in sorted(paths):
        by_folder.setdefault(Path(path).parent, []).append(Path(path).name)
    for folder, names in sorted(by_folder.items()):
        shown = shown_path(str(folder))
        # Wrapped by the terminal only, so that a path can be copied whole.
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
        ("filled", summary.orders_filled),
        ("partially filled", summary.orders_partially_filled),
        ("unfilled", sum(summary.orders_unfilled.values())),
        *((f"  {reason}", number) for reason, number in sorted(summary.orders_unfilled.items())),
        ("fills", summary.fills),
    ]
    sizes = [("volume", summary.volume), ("final position", summary.final_position)]
    money = [
        ("realized pnl", summary.realized_pnl, currency),
        ("unrealized pnl", summary.unrealized_pnl, currency),
        ("fees", summary.fees, currency),
        *([("unrounded fees", summary.fees_exact, currency)] if _is_rounded(summary) else []),
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
    """Whether the sum of the rounded fees differs from the unrounded sum. False if an older result lacks the unrounded sum."""
    return summary.HasField("fees_exact") and formatting.decimals([summary.fees_exact])[0].rstrip("0") != formatting.decimals(
        [summary.fees]
    )[0].rstrip("0")


def _statistics(statistics: statistics_pb2.RunStatistics, currency: str) -> Table:
    """Return the table of the statistics, without unknown figures."""
    position, returns = statistics.position, statistics.returns
    left = [
        ("closing orders", formatting.count(statistics.closing_orders)),
        ("win rate", formatting.percent(statistics.win_rate)),
        ("profit factor", formatting.rounded(statistics.profit_factor)),
        ("round trips", formatting.count(position.round_trips)),
        *(
            ("maker share of volume", formatting.percent(side.volume_share))
            for side in statistics.by_liquidity
            if side.liquidity == statistics_pb2.LIQUIDITY_MAKER
        ),
        ("time in position", formatting.percent(position.exposure)),
        (
            "Sharpe, annualised",
            f"{formatting.rounded(returns.sharpe_ratio)} ± {formatting.rounded(returns.sharpe_standard_error)}",
        ),
    ]
    if not returns.sharpe_ratio:
        left.pop()
    money = [
        ("expectancy", statistics.expectancy, f"{currency} per closing order"),
        ("largest win", statistics.largest_win, currency),
        ("largest loss", statistics.largest_loss, currency),
        ("turnover", statistics.turnover, currency),
        ("slippage", statistics.slippage, f"{currency}, {formatting.rounded(statistics.average_slippage_bps) or 0} bp"),
    ]
    return _side_by_side([row for row in left if row[1]], [row for row in money if row[1]])


def _order_types(statistics: statistics_pb2.RunStatistics) -> Table:
    """Return the table of the orders of each type."""
    table = Table.grid(padding=(0, 4, 0, 0))
    table.add_column()
    names = ("orders", "filled", "fills", "volume", "fees")
    for _ in names:
        table.add_column(justify="right")
    table.add_row("  type", *names)
    types = statistics.by_order_type
    volumes, fees = (formatting.decimals(texts) for texts in ((of.volume for of in types), (of.fees for of in types)))
    for of_type, volume, fee in zip(types, volumes, fees, strict=True):
        name = word(order_pb2.OrderType.DESCRIPTOR, of_type.order_type).replace("_", " ")
        counts = map(formatting.count, (of_type.orders, of_type.orders_filled, of_type.fills))
        table.add_row(f"  {name}", *counts, volume, fee)
    return table


def _audit(summary: result_pb2.RunSummary, currency: str) -> Table:
    """Return the table of the fill audit and the costs, without figures that need books if there were none."""
    audit, book, costs = summary.fill_audit, summary.fill_audit.book, summary.costs
    left = [
        ("backed by the data", formatting.percent(_backed(audit))),
        ("share of prints met", formatting.percent(audit.prints.participation)),
        ("share of levels met", formatting.percent(book.participation)),
        ("reused liquidity", formatting.percent(book.reused_share)),
        ("mean book age", formatting.seconds(float(book.mean_book_age_seconds)) if book.mean_book_age_seconds else ""),
    ]
    money = [
        ("fees", costs.fees, currency),
        ("latency drift", costs.latency_drift, currency),
        ("waiting drift", costs.waiting_drift, currency),
        ("half spread", costs.spread, currency),
        ("depth", costs.depth, currency),
        ("total cost", costs.total, currency),
    ]
    return _side_by_side([row for row in left if row[1]], [row for row in money if row[1] and Decimal(row[1])])


def _backed(audit: fill_audit_pb2.FillAudit) -> str:
    """Return the share of the filled size that the data backs, with more decimals than `audit.backed_share`."""
    backed, unbacked = Decimal(audit.backed_volume), Decimal(audit.unbacked_volume)
    return str(backed / (backed + unbacked))


def _side_by_side(left: Iterable[tuple[str, str]], money: Sequence[tuple[str, str, str]]) -> Table:
    """Return a table with figures on the left, and on the right amounts with their units."""
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
