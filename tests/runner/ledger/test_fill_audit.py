"""The audit of fills, compared with small markets computed by hand and with SQL over the raw files of recorded ones."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recordings import BTC, needs_real_data, real_data
from run_configs import run_config
from small_catalog import START, replay_config, window_rows, write_books, write_trades
from stack import stack
from tickreel.engine.tape import Tape
from tickreel.rpc.errors import TickreelError
from tickreel.runner.ledger.fill_evidence import FillEvidence
from tickreel.runner.ledger.ledger import Ledger, MarkedRows
from tickreel.runner.ledger.outcome import Outcome, summarise
from tickreel.runner.result.findings import findings
from tickreel.runner.window.mark_rows import MarkRows
from tickreel.stores.sample_data import write_sample_data
from tickreel.v1 import job_pb2, result_pb2, results_service_pb2, run_pb2

SECOND = 1_000_000_000
WINDOW_END = START + 1_000 * SECOND


class KeptEvidence:
    """Keeps the evidence of the fills."""

    def __init__(self) -> None:
        self.shown: list[FillEvidence] = []

    def add_equity(self, marked: MarkedRows) -> None:
        pass

    def add_orders(self, *_: object) -> None:
        pass

    def add_fills(self, _fills: object, _fees: object, shown: FillEvidence | None, _links: object) -> None:
        assert shown is not None
        self.shown.append(shown)

    def add_updates(self, *_: object) -> None:
        pass

    def add_positions(self, *_: object) -> None:
        pass


# Time in seconds, side, price in ticks of 0.1, size in units of 0.001.
Deal = tuple[int, int, int, int]
Levels = Sequence[tuple[int, int]]


def audited(
    folder: Path,
    prints: list[tuple[int, int, int]],
    books: list[tuple[int, Levels, Levels]],
    deals: list[tuple[int, Deal]],
    **venue: Any,
) -> tuple[Outcome, list[FillEvidence]]:
    """Return the outcome of a tape with one order per deal, and the evidence of the fills.

    Args:
        prints: Time, price and size of each print.
        books: Time, bids and asks of each book.
        deals: Submission time and fill of each order.
    """
    files = [write_trades(folder, [(START + at * SECOND, 1, price, size) for at, price, size in prints])]
    ts, prices = START + np.array([at for at, *_ in prints]) * SECOND, np.array([price for _, price, _ in prints])
    rows = MarkRows.of_trades(ts, prices, 1)
    if books:
        files.append(write_books(folder, [(START + at * SECOND, bids, asks) for at, bids, asks in books]))
        book_ts = START + np.array([at for at, *_ in books]) * SECOND
        mids = np.array([(bids[0][0] + asks[0][0]) * 5 for _, bids, asks in books])
        rows = MarkRows.of_books(ts, prices, 1, book_ts, mids)
    tape, kept = Tape(), KeptEvidence()
    for number, (submitted, (at, side, price, size)) in enumerate(deals):
        tape.add_orders([START + submitted * SECOND, side, price, size])
        tape.add_fills([number, START + at * SECOND, side, price, size, 1, 0])
    tape.settled = 2**62
    mode = result_pb2.SNAPSHOT_MODE_BOTH if books else result_pb2.SNAPSHOT_MODE_TRADES
    ledger = Ledger(replay_config(mode=mode, venue=venue), rows, WINDOW_END, [kept], window_rows(files))
    ledger.settle(tape)
    return ledger.close(), kept.shown


def test_a_print_backs_fills_at_its_price_or_worse_until_it_is_used_up(tmp_path: Path) -> None:
    prints = [(10, 1_000, 5), (20, 1_010, 3)]
    deals = [
        (10, 1, 1_000, 4),  # backed: 4 of 5
        (10, 1, 1_001, 3),  # at a worse price than the print: 1 is left and backed, 2 are not
        (15, -1, 1_000, 2),  # nothing is left
        (20, 1, 1_009, 1),  # at a better price than the print: not backed
        (20, -1, 1_009, 2),  # at a worse price than the print: backed
    ]
    outcome, (shown,) = audited(tmp_path, prints, [], [(deal[0], deal) for deal in deals])
    summary = summarise(outcome)
    assert shown.print_size.tolist() == [5, 5, 5, 3, 3]
    assert shown.print_used.tolist() == [0, 4, 7, 0, 1]
    assert shown.backed.tolist() == [4, 1, 0, 0, 2]
    assert set(shown.displayed.tolist() + shown.mid.tolist() + shown.touch.tolist() + shown.book_age.tolist()) == {-1}
    found = summary.fill_audit
    assert (found.backed_volume, found.unbacked_volume, found.unbacked_fills) == ("0.007", "0.005", 3)
    assert found.backed_share == "0.583333"
    assert (found.prints.fills, found.prints.participation) == (5, "1.500000")
    assert (found.prints.fills_above_print, found.prints.volume_above_print) == (2, "0.004")
    assert not found.HasField("book")
    assert not summary.HasField("costs")


BOOKS: list[tuple[int, Levels, Levels]] = [
    (5, [(998, 10), (997, 20)], [(1_000, 4), (1_002, 6), (1_003, 9)]),
    (30, [(999, 7)], [(1_001, 5)]),
]


def test_a_displayed_size_is_consumed_once_until_the_next_book(tmp_path: Path) -> None:
    deals = [
        (10, 1, 1_000, 4),  # all of the best level
        (10, 1, 1_002, 2),  # a part of the next level
        (20, 1, 1_000, 3),  # the best level again: only the print of 2 backs it
        (20, 1, 1_002, 5),  # 4 are left of 6
        (20, -1, 998, 1),
        (29, 1, 1_001, 1),  # a resting order: the nearest better level is 1000
        (29, -1, 1_000, 1),  # a resting order, and no bid is that high
        (30, 1, 1_001, 5),  # a new book
    ]
    prints = [(1, 1_000, 1), (10, 1_002, 6), (20, 1_000, 2)]
    outcome, (shown,) = audited(tmp_path, prints, BOOKS, [(deal[0], deal) for deal in deals])
    summary = summarise(outcome)
    assert shown.displayed.tolist() == [4, 6, 4, 6, 10, 4, -1, 5]
    assert shown.displayed_used.tolist() == [0, 0, 4, 2, 0, 7, -1, 0]
    assert shown.print_size.tolist() == [6, 6, 2, 2, 2, 2, 2, -1]
    assert shown.print_used.tolist() == [0, 4, 0, 3, 8, 9, 10, -1]
    assert shown.backed.tolist() == [4, 2, 2, 4, 1, 0, 0, 5]
    assert shown.mid.tolist() == [9_990] * 7 + [10_000]
    assert shown.touch.tolist() == [1_000, 1_000, 1_000, 1_000, 998, 1_000, 998, 1_001]
    assert (shown.book_age // SECOND).tolist() == [5, 5, 15, 15, 15, 24, 24, 0]
    book = summary.fill_audit.book
    assert (book.fills, book.fills_without_level) == (7, 1)
    # 21 taken from levels of 4, 6, 10 and 5.
    assert book.participation == "0.840000"
    assert (book.fills_reusing, book.reused_volume) == (3, "0.005")
    assert (book.fills_inside_touch, book.fills_at_touch, book.fills_through_touch) == (1, 4, 3)
    assert (book.mean_book_age_seconds, book.longest_book_age_seconds) == ("12.875000000", "24.000000000")
    assert book.fills_on_old_book == 7
    by_code = {finding.code: finding for finding in findings(outcome, result_pb2.SNAPSHOT_MODE_BOTH, [])}
    beyond = by_code["FILLS_BEYOND_EVIDENCE"]
    assert beyond.severity == result_pb2.SEVERITY_WARNING
    assert beyond.message.startswith("18.2% of the filled size (0.004, in 4 fills) exceeds the size that earlier fills left")
    assert by_code["FILLS_ON_OLD_BOOK"].message.endswith("(up to 24.0 s)")
    assert ", and 22.7% of the filled size had already been filled by earlier orders; " in by_code["LIQUIDITY_REUSED"].message


def test_costs_are_the_steps_from_the_decision_to_the_fill(tmp_path: Path) -> None:
    """The mid price is 99.9 from second 5 on, and 100.0 from second 30 on."""
    deals = [
        (20, (40, 1, 1_002, 5)),  # arrives at 31
        (10, (40, -1, 999, 2)),  # arrives at 21 and waits
        (3, (40, 1, 1_001, 1)),  # there is no mid price yet
    ]
    prints = [(2, 1_000, 1), (40, 1_001, 6)]
    outcome, _ = audited(tmp_path, prints, BOOKS, deals, latency={"base_latency_nanos": 11 * SECOND})
    summary = summarise(outcome)
    costs = summary.costs
    tick = Decimal("0.0001")
    # For 5 bought and 2 sold, in ticks.
    assert Decimal(costs.latency_drift) == tick * (5 * 1)
    assert Decimal(costs.waiting_drift) == tick * (-2 * 1)
    assert Decimal(costs.spread) == tick * (5 + 2)
    assert Decimal(costs.depth) == tick * 5
    assert Decimal(costs.fees) == Decimal(summary.fees)
    assert Decimal(costs.total) == Decimal(costs.fees) + tick * (5 - 2 + 7 + 5)
    assert (costs.unattributed_fills, costs.unattributed_volume) == (1, "0.001")


def test_a_run_without_fills_has_unset_shares(tmp_path: Path) -> None:
    outcome, _ = audited(tmp_path, [(10, 1_000, 5)], BOOKS, [])
    summary = summarise(outcome)
    found = summary.fill_audit
    assert not any(message.HasField("participation") for message in (found.prints, found.book))
    assert not found.HasField("backed_share")
    assert not found.book.HasField("mean_book_age_seconds")
    assert Decimal(summary.costs.total) == 0


def test_a_shorter_file_is_detected(tmp_path: Path) -> None:
    rows = window_rows([write_trades(tmp_path, [(START, 1, 1_000, 5)])])
    assert [column.tolist() for column in rows.prints(np.array([0, 0]))] == [[1_000, 1_000], [5, 5]]
    with pytest.raises(TickreelError, match="was replaced") as caught:
        rows.prints(np.array([1]))
    assert caught.value.reason == "DATA_CHANGED"


# Order n copies trade row n. A book applies to trades after its microsecond. Units: prices 0.1, sizes 0.001, mid prices 0.05,
# ages 1 µs.
EVIDENCE = """
WITH trades AS (
    SELECT row_number() OVER (ORDER BY local_timestamp, filename, file_row_number) AS order_id, local_timestamp,
        round(price * 10)::BIGINT AS print_price, round(amount * 1000)::BIGINT AS print_size
    FROM read_parquet($trades, filename = true, file_row_number = true)
), recorded AS (
    SELECT local_timestamp AS recorded_at, {side} FROM read_parquet($books, filename = true, file_row_number = true)
    QUALIFY row_number() OVER (PARTITION BY local_timestamp ORDER BY filename DESC, file_row_number DESC) = 1
), fills AS (
    SELECT id, order_id, side, (price * 10)::BIGINT AS price, (amount * 1000)::BIGINT AS size FROM read_parquet($fills)
), met AS (
    SELECT *, CASE side WHEN 'buy' THEN asks ELSE bids END AS levels, CASE side WHEN 'buy' THEN 1 ELSE -1 END AS sign
    FROM fills JOIN trades USING (order_id) ASOF LEFT JOIN recorded ON trades.local_timestamp > recorded.recorded_at
), shown AS (
    SELECT *, list_filter(levels, lambda level: level.price = met.price)[1].size AS displayed_size,
        coalesce(sum(size) OVER (PARTITION BY order_id ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)
            AS print_used,
        coalesce(sum(size) OVER (
            PARTITION BY recorded_at, side, price ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)
            AS displayed_used
    FROM met
)
SELECT id, sign, price, size, print_size, print_used::BIGINT AS print_used, displayed_size,
    displayed_used::BIGINT AS displayed_used, asks[1].price + bids[1].price AS mid, levels[1].price AS touch,
    local_timestamp - recorded_at AS book_age, recorded_at, order_id,
    greatest(0, least(size, greatest(
        displayed_size - displayed_used, CASE WHEN (print_price - price) * sign <= 0 THEN print_size - print_used ELSE 0 END
    )))::BIGINT AS backed_amount
FROM shown ORDER BY id
"""


def evidence_in_raw_files(root: Path, name: str, fills: Path) -> pa.Table:
    """Return the evidence for fills of orders that copy trades, computed from all raw files of an instrument."""
    sides = []
    for side in ("asks", "bids"):
        levels = (
            f'{{price: round("{side}[{at}].price" * 10)::BIGINT, size: round("{side}[{at}].amount" * 1000)::BIGINT}}'
            for at in range(5)
        )
        sides.append(f"[{', '.join(levels)}] AS {side}")
    days = root / "raw_tick_data/by_date"
    paths = {
        kind: [str(path) for path in sorted(days.glob(f"day-2024-*/data_type-{folder}/{name}.parquet"))]
        for kind, folder in (("trades", "trades"), ("books", "book_snapshot_5"))
    }
    query = EVIDENCE.format(side=", ".join(sides))
    with duckdb.connect() as database:
        evidence: pa.Table = database.sql(query, params={**paths, "fills": str(fills)}).to_arrow_table()
    return evidence


RECORDED = (BTC, "2024-07-18T00:00:00Z", "2024-07-19T23:59:59Z")
SAMPLE = ("SAMPLE-FUTURES:PERPETUAL:BTC-USDT", "2024-05-17T22:00:00Z", "2024-05-18T02:00:00Z")


@pytest.mark.parametrize(
    "market", [pytest.param(RECORDED, marks=needs_real_data, id="recorded"), pytest.param(SAMPLE, id="sample")]
)
async def test_the_audit_of_two_days_agrees_with_their_raw_files(market: tuple[str, str, str], tmp_path: Path) -> None:
    root = real_data() if market is RECORDED else tmp_path / "data_downloads"
    if market is SAMPLE:
        write_sample_data(root, rows=3_000)
    options = run_pb2.RunOptions(snapshot_mode=result_pb2.SNAPSHOT_MODE_BOTH)
    async with stack(tmp_path, UNIFIED_CLOUD_LOCAL_PATH=str(root), TICKREEL_SEGMENT_ROWS="999") as services:
        run = await services.finish(run_config(*market, price_precision=1), "full", options=options)
        assert run.state == job_pb2.JOB_STATE_SUCCEEDED, run.failure.message
        request = results_service_pb2.ListFillsRequest(
            run_id=run.run_id, filter="displayed_used > 0 AND book_age_seconds < 0.5"
        )
        listed = await services.results.call("ListFills", request)
    table = tmp_path / "results/full" / run.run_id / "fills.parquet"
    raw = evidence_in_raw_files(root, market[0], table)
    summary, kept = run.result.summary, pq.read_table(table)
    assert run.result.metadata.segments > 1
    assert summary.fills == raw.num_rows > 2_000

    units = {"print_size": 3, "print_used": 3, "displayed_size": 3, "displayed_used": 3, "backed_amount": 3, "touch": 1}
    for name, decimals in units.items():
        assert kept[name].to_pylist() == [Decimal(value).scaleb(-decimals) for value in raw[name].to_numpy().tolist()], name
    assert kept["mid"].to_pylist() == [Decimal(5 * value).scaleb(-2) for value in raw["mid"].to_numpy().tolist()]
    # On the replay clock a trade may come up to a microsecond nearer to the book before it.
    ages = [-(-int(age.scaleb(9)) // 1_000) for age in kept["book_age_seconds"].to_numpy()]
    assert ages == raw["book_age"].to_pylist()

    rows = kept.select(["displayed_used", "book_age_seconds"]).to_pylist()
    assert listed.total_size == sum(row["displayed_used"] > 0 and row["book_age_seconds"] < Decimal("0.5") for row in rows) > 0
    assert {"print_size", "mid", "touch", "backed_amount"} <= {field.name for field, _ in listed.fills[0].ListFields()}

    size, backed, displayed, used = (
        raw[name].to_numpy() for name in ("size", "backed_amount", "displayed_size", "displayed_used")
    )
    price, touch, mid, sign = (raw[name].to_numpy() for name in ("price", "touch", "mid", "sign"))
    print_size, print_used = (raw[name].to_numpy() for name in ("print_size", "print_used"))
    audit, book, costs = summary.fill_audit, summary.fill_audit.book, summary.costs
    volume = int(size.sum())
    assert Decimal(audit.backed_volume) == Decimal(int(backed.sum())).scaleb(-3)
    assert Decimal(audit.unbacked_volume) == Decimal(summary.volume) - Decimal(audit.backed_volume)
    assert Decimal(audit.backed_share) == round(Decimal(int(backed.sum())) / volume, 6)
    assert audit.unbacked_fills == (backed < size).sum()
    printed = Decimal(int(print_size[print_used == 0].sum()))
    assert (audit.prints.fills, Decimal(audit.prints.participation)) == (len(size), round(volume / printed, 6))
    # Each level of a book counts once, however many fills meet it.
    keys = ("recorded_at", "sign", "price", "displayed_size")
    levels = set(zip(*(raw[name].to_pylist() for name in keys), strict=True))
    assert Decimal(book.participation) == round(Decimal(volume) / sum(level[3] for level in levels), 6)
    reused = np.clip(used + size - displayed, 0, size)
    assert (book.fills, book.fills_reusing) == (len(size), (reused > 0).sum())
    assert Decimal(book.reused_volume) == Decimal(int(reused.sum())).scaleb(-3)
    assert (book.fills_inside_touch, book.fills_at_touch) == (0, (price == touch).sum())
    assert book.fills_through_touch == len(size) - book.fills_at_touch
    assert book.fills_on_old_book == (raw["book_age"].to_numpy() > 1_000_000).sum()
    # In units of half a tick (0.05) times 0.001.
    spread, depth = ((sign * size * (2 * touch - mid)).sum(), (sign * size * 2 * (price - touch)).sum())
    unit = Decimal("0.00005")
    assert Decimal(costs.spread) == int(spread) * unit
    assert Decimal(costs.depth) == int(depth) * unit
    assert (float(costs.latency_drift), float(costs.waiting_drift), costs.unattributed_fills) == (0, 0, 0)
    assert Decimal(costs.total) == Decimal(summary.fees) + int(spread + depth) * unit
    assert Decimal(summary.statistics.slippage) == int(spread + depth) * unit
