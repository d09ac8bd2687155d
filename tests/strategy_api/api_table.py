"""Every call of the engine's strategy API, and what it does in a replay.

The document has the same tables: docs/BACKTEST_SPEC.md, "The API of the engine". `test_strategy_api` compares both with each
other, with the engine's classes, and with runs.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

from strategy_api.example_runs import Example

WORKS = "works"
ADDED = "works, not in the engine alone"
REFUSED = "refused"
NO_MEANING = "no meaning"
ENDS = "ends the run"


@dataclass(frozen=True)
class Row:
    """Calls that behave alike.

    Attributes:
        group: Heading of the row's table in the document.
        outcome: `WORKS` as in the engine alone with the same options; `ADDED`: the engine alone is silent or stops;
            `REFUSED`: raises a ValueError, whose message is the call and `text`; `NO_MEANING`: accepted without effect;
            `ENDS`: the run fails.
        text: What happens.
        examples: Lines "call | at | expression | answer".
    """

    group: str
    outcome: str
    text: str
    lines: str

    @property
    def examples(self) -> list[Example]:
        """The examples of the row."""
        return [Example(*(part.strip() for part in line.split(" | "))) for line in self.lines.strip().splitlines()]

    @property
    def calls(self) -> list[str]:
        """The calls of the row, each once."""
        return list(dict.fromkeys(example.call for example in self.examples))


def _rows(group: str, *rows: tuple[str, str, str]) -> Iterator[Row]:
    return (Row(group, *row) for row in rows)


ROWS: list[Row] = [
    *_rows(
        "Subscriptions",
        (
            WORKS,
            "Each trade row of the window, at its replay time.",
            """
            subscribe_trades | end | seen.counts["on_trade"] | 20
            on_trade | end | seen.counts["on_trade"] | 20
            unsubscribe_trades | 16 | s.unsubscribe_trades(OTHER) | None
            """,
        ),
        (
            WORKS,
            "Each snapshot of the window, with all its levels: `depth` has no effect. `managed=True` keeps `cache.order_book`.",
            """
            subscribe_book_depth | start | s.subscribe_book_depth(ID, BookType.L2_MBP) | None
            on_book_depth | end | seen.counts["on_book_depth"], len(seen.notes["on_book_depth"][0].bids) | ['18', '5']
            unsubscribe_book_depth | 18 | s.unsubscribe_book_depth(ID) | None
            """,
        ),
        (
            ADDED,
            "`managed=True` after a subscription without it. The engine alone never makes the book.",
            """
            subscribe_book_depth(managed) | start | s.subscribe_book_depth(ID, BookType.L2_MBP), s.subscribe_book_depth(ID, BookType.L2_MBP, managed=True) | ['None', 'None']
            subscribe_book_depth(managed) | 8 | cache.order_book(ID).best_bid_price() | 64001.5
            """,
        ),
        (
            ADDED,
            "The managed book, at multiples of the interval. A timer `BOOK_AT_INTERVAL` on the strategy's clock delivers it, "
            "so `clock.cancel_timers()` ends it. The engine alone needs changes of the book, and delivers nothing.",
            """
            subscribe_book_at_interval | start | s.subscribe_book_at_interval(ID, BookType.L2_MBP, 700) | None
            on_book | end | seen.counts["on_book"], seen.notes["on_book"][1].best_bid_price() | ['24', '64000.5']
            unsubscribe_book_at_interval | 18 | s.unsubscribe_book_at_interval(ID, 700) | None
            """,
        ),
        (
            WORKS,
            "Best bid and ask of the snapshots, whenever one of them changes. For this, runs set "
            "`emit_quotes_from_book_depths` of the engine.",
            """
            subscribe_quotes | start | s.subscribe_quotes(ID) | None
            on_quote | end | seen.counts["on_quote"], seen.notes["on_quote"][0].ask_price | ['18', '64000.5']
            unsubscribe_quotes | 18 | s.unsubscribe_quotes(ID) | None
            """,
        ),
        (
            WORKS,
            "Bars that the engine builds of trades (`LAST-INTERNAL`) or of quotes (`BID`, `ASK`, `MID`), by time, ticks, volume "
            "and so on.",
            """
            subscribe_bars | start | [s.subscribe_bars(bars(x)) for x in ("2-SECOND-LAST-INTERNAL", "4-TICK-LAST-INTERNAL", "5-VOLUME-LAST-INTERNAL", "2-SECOND-MID-INTERNAL")] | ['None', 'None', 'None', 'None']
            on_bar | end | sorted(Counter(str(bar.bar_type.spec) for bar in seen.notes["on_bar"]).items()) | ["['2-SECOND-LAST', '9']", "['2-SECOND-MID', '10']", "['4-TICK-LAST', '5']", "['5-VOLUME-LAST', '4']"]
            unsubscribe_bars | 18 | s.unsubscribe_bars(bars("2-SECOND-LAST-INTERNAL")) | None
            """,
        ),
        (
            WORKS,
            "What the strategy and its actors publish.",
            """
            subscribe_data | 4 | s.subscribe_data(DataType("Note")) | None
            on_data | end | seen.counts["on_data"] | 1
            unsubscribe_data | 12 | s.unsubscribe_data(DataType("Note")) | None
            """,
        ),
        (
            NO_MEANING,
            "The instrument does not change during a replay, so nothing arrives. `cache.instrument` has it.",
            """
            subscribe_instrument | 5 | s.subscribe_instrument(ID) | None
            subscribe_instruments | 5 | s.subscribe_instruments(VENUE) | None
            unsubscribe_instrument | 5 | s.unsubscribe_instrument(ID) | None
            unsubscribe_instruments | 5 | s.unsubscribe_instruments(VENUE) | None
            """,
        ),
        (
            NO_MEANING,
            "A replay has no queues and no connections, so nothing arrives.",
            """
            subscribe_queue_state | 5 | s.subscribe_queue_state() | None
            subscribe_socket_state | 5 | s.subscribe_socket_state() | None
            unsubscribe_queue_state | 5 | s.unsubscribe_queue_state() | None
            unsubscribe_socket_state | 5 | s.unsubscribe_socket_state() | None
            on_queue_state | end | seen.counts["on_queue_state"] | 0
            on_socket_state | end | seen.counts["on_socket_state"] | 0
            """,
        ),
        (
            REFUSED,
            "the data has snapshots of the book, not its changes; use subscribe_book_depth",
            """
            subscribe_book_deltas | start | s.subscribe_book_deltas(ID, BookType.L2_MBP) | raised ValueError: subscribe_book_deltas: the data has snapshots of the book, not its changes; use subscribe_book_depth
            """,
        ),
        (
            REFUSED,
            "the data has no mark prices; use subscribe_trades, or subscribe_quotes",
            """
            subscribe_mark_prices | start | s.subscribe_mark_prices(ID) | raised ValueError: subscribe_mark_prices: the data has no mark prices; use subscribe_trades, or subscribe_quotes
            """,
        ),
        (
            REFUSED,
            "the data has no index prices; use subscribe_trades, or subscribe_quotes",
            """
            subscribe_index_prices | start | s.subscribe_index_prices(ID) | raised ValueError: subscribe_index_prices: the data has no index prices; use subscribe_trades, or subscribe_quotes
            """,
        ),
        (
            REFUSED,
            "the data has no funding rates; there is no replacement",
            """
            subscribe_funding_rates | start | s.subscribe_funding_rates(ID) | raised ValueError: subscribe_funding_rates: the data has no funding rates; there is no replacement
            request_funding_rates | start | s.request_funding_rates(ID) | raised ValueError: request_funding_rates: the data has no funding rates; there is no replacement
            """,
        ),
        (
            REFUSED,
            "the data has no trading status; there is no replacement",
            """
            subscribe_instrument_status | start | s.subscribe_instrument_status(ID) | raised ValueError: subscribe_instrument_status: the data has no trading status; there is no replacement
            """,
        ),
        (
            REFUSED,
            "the data has no closing prices; use subscribe_bars",
            """
            subscribe_instrument_close | start | s.subscribe_instrument_close(ID) | raised ValueError: subscribe_instrument_close: the data has no closing prices; use subscribe_bars
            """,
        ),
        (
            REFUSED,
            "the data has no options; there is no replacement",
            """
            subscribe_option_greeks | start | s.subscribe_option_greeks(ID) | raised ValueError: subscribe_option_greeks: the data has no options; there is no replacement
            subscribe_option_chain | start | s.subscribe_option_chain(OptionSeriesId("BINANCE-FUTURES", "BTC", "USDT", 1), StrikeRange.atm_relative(1, 1)) | raised ValueError: subscribe_option_chain: the data has no options; there is no replacement
            """,
        ),
        (
            REFUSED,
            "this run has no data of ETH-USDT-PERP.BINANCE-FUTURES, only of BTC-USDT-PERP.BINANCE-FUTURES",
            """
            subscribe_trades(another instrument) | start | s.subscribe_trades(OTHER) | raised ValueError: subscribe_trades: this run has no data of ETH-USDT-PERP.BINANCE-FUTURES, only of BTC-USDT-PERP.BINANCE-FUTURES
            subscribe_quotes(another instrument) | start | s.subscribe_quotes(OTHER) | raised ValueError: subscribe_quotes: this run has no data of ETH-USDT-PERP.BINANCE-FUTURES, only of BTC-USDT-PERP.BINANCE-FUTURES
            subscribe_book_depth(another instrument) | start | s.subscribe_book_depth(OTHER, BookType.L2_MBP) | raised ValueError: subscribe_book_depth: this run has no data of ETH-USDT-PERP.BINANCE-FUTURES, only of BTC-USDT-PERP.BINANCE-FUTURES
            subscribe_book_at_interval(another instrument) | start | s.subscribe_book_at_interval(OTHER, BookType.L2_MBP, 100) | raised ValueError: subscribe_book_at_interval: this run has no data of ETH-USDT-PERP.BINANCE-FUTURES, only of BTC-USDT-PERP.BINANCE-FUTURES
            subscribe_bars(another instrument) | start | s.subscribe_bars(BarType.from_str(f"{OTHER}-1-MINUTE-LAST-INTERNAL")) | raised ValueError: subscribe_bars: this run has no data of ETH-USDT-PERP.BINANCE-FUTURES, only of BTC-USDT-PERP.BINANCE-FUTURES
            request_trades(another instrument) | start | s.request_trades(OTHER) | raised ValueError: request_trades: this run has no data of ETH-USDT-PERP.BINANCE-FUTURES, only of BTC-USDT-PERP.BINANCE-FUTURES
            """,
        ),
        (
            REFUSED,
            "snapshot mode trades replays no books; use snapshot mode both",
            """
            subscribe_quotes(snapshot mode trades) | trades | s.subscribe_quotes(ID) | raised ValueError: subscribe_quotes: snapshot mode trades replays no books; use snapshot mode both
            subscribe_book_depth(snapshot mode trades) | trades | s.subscribe_book_depth(ID, BookType.L2_MBP) | raised ValueError: subscribe_book_depth: snapshot mode trades replays no books; use snapshot mode both
            subscribe_book_at_interval(snapshot mode trades) | trades | s.subscribe_book_at_interval(ID, BookType.L2_MBP, 100) | raised ValueError: subscribe_book_at_interval: snapshot mode trades replays no books; use snapshot mode both
            subscribe_bars(snapshot mode trades, BID, ASK or MID) | trades | s.subscribe_bars(bars("1-MINUTE-MID-INTERNAL")) | raised ValueError: subscribe_bars: snapshot mode trades replays no books; use snapshot mode both
            request_book_depth(snapshot mode trades) | trades | s.request_book_depth(ID) | raised ValueError: request_book_depth: snapshot mode trades replays no books; use snapshot mode both
            """,
        ),
        (
            REFUSED,
            "the data has no bars, so BTC-USDT-PERP.BINANCE-FUTURES-1-MINUTE-LAST-EXTERNAL is empty; use INTERNAL bars",
            """
            subscribe_bars(EXTERNAL) | start | s.subscribe_bars(bars("1-MINUTE-LAST-EXTERNAL")) | raised ValueError: subscribe_bars: the data has no bars, so BTC-USDT-PERP.BINANCE-FUTURES-1-MINUTE-LAST-EXTERNAL is empty; use INTERNAL bars
            """,
        ),
        (
            NO_MEANING,
            "The subscription is refused, so there is nothing to end, and the callback is never called.",
            """
            unsubscribe_book_deltas | 5 | s.unsubscribe_book_deltas(ID) | None
            unsubscribe_mark_prices | 5 | s.unsubscribe_mark_prices(ID) | None
            unsubscribe_index_prices | 5 | s.unsubscribe_index_prices(ID) | None
            unsubscribe_funding_rates | 5 | s.unsubscribe_funding_rates(ID) | None
            unsubscribe_instrument_status | 5 | s.unsubscribe_instrument_status(ID) | None
            unsubscribe_instrument_close | 5 | s.unsubscribe_instrument_close(ID) | None
            unsubscribe_option_greeks | 5 | s.unsubscribe_option_greeks(ID) | None
            unsubscribe_option_chain | 5 | s.unsubscribe_option_chain(OptionSeriesId("BINANCE-FUTURES", "BTC", "USDT", 1)) | None
            on_book_deltas | end | seen.counts["on_book_deltas"] | 0
            on_mark_price | end | seen.counts["on_mark_price"] | 0
            on_index_price | end | seen.counts["on_index_price"] | 0
            on_funding_rate | end | seen.counts["on_funding_rate"] | 0
            on_instrument_status | end | seen.counts["on_instrument_status"] | 0
            on_instrument_close | end | seen.counts["on_instrument_close"] | 0
            on_option_greeks | end | seen.counts["on_option_greeks"] | 0
            on_option_chain | end | seen.counts["on_option_chain"] | 0
            """,
        ),
    ),
    *_rows(
        "Requests",
        (
            WORKS,
            "Rows of the run's files up to the instant of the request, also from before the window; rows of that very instant "
            "are among them. The engine refuses a later `end`. It ignores `limit` and `depth`, and adds the rows to the cache.",
            """
            request_trades | 5 | len(s.request_trades(ID, start=utc(1))) | 36
            on_historical_trades | 6 | [seconds(trade.ts_init) for trade in seen.notes["on_historical_trades"][0]] | ['1.0', '2.0', '3.0', '4.0']
            request_trades(end in the future) | 5 | s.request_trades(ID, end=utc(4.5)) | raised ValueError: end was > now
            request_trades(start in the future) | 5 | s.request_trades(ID, start=utc(4.5)) | raised ValueError: start was > now
            request_book_depth | 5 | len(s.request_book_depth(ID)) | 36
            on_historical_book_depth | 6 | [seconds(depth.ts_init) for depth in seen.notes["on_historical_book_depth"][0]] | ['-0.5', '0.5', '1.5', '2.5', '3.5']
            """,
        ),
        (
            WORKS,
            "The instrument of the run.",
            """
            request_instrument | 5 | len(s.request_instrument(ID)) | 36
            request_instruments | 5 | len(s.request_instruments(VENUE)) | 36
            on_instrument | end | [x.id for x in seen.notes["on_instrument"]] | ['BTC-USDT-PERP.BINANCE-FUTURES', 'BTC-USDT-PERP.BINANCE-FUTURES']
            """,
        ),
        (
            REFUSED,
            "the data has no quotes of the past; use request_book_depth",
            """
            request_quotes | start | s.request_quotes(ID) | raised ValueError: request_quotes: the data has no quotes of the past; use request_book_depth
            """,
        ),
        (
            REFUSED,
            "the data has no bars; use request_trades for the past, and subscribe_bars from now on",
            """
            request_bars | start | s.request_bars(bars("1-MINUTE-LAST-INTERNAL")) | raised ValueError: request_bars: the data has no bars; use request_trades for the past, and subscribe_bars from now on
            """,
        ),
        (
            REFUSED,
            "the data has snapshots of the book, not its changes; use request_book_depth",
            """
            request_book_deltas | start | s.request_book_deltas(ID) | raised ValueError: request_book_deltas: the data has snapshots of the book, not its changes; use request_book_depth
            """,
        ),
        (
            REFUSED,
            "a replay has no venue to ask; use cache.order_book after subscribe_book_depth with managed=True",
            """
            request_book_snapshot | start | s.request_book_snapshot(ID) | raised ValueError: request_book_snapshot: a replay has no venue to ask; use cache.order_book after subscribe_book_depth with managed=True
            """,
        ),
        (
            REFUSED,
            "the data has no custom data; use publish_data and subscribe_data",
            """
            request_data | start | s.request_data(DataType("Note"), ClientId("X")) | raised ValueError: request_data: the data has no custom data; use publish_data and subscribe_data
            """,
        ),
        (
            NO_MEANING,
            "The request is refused, so the callback is never called.",
            """
            on_historical_quotes | end | seen.counts["on_historical_quotes"] | 0
            on_historical_bars | end | seen.counts["on_historical_bars"] | 0
            on_historical_book_deltas | end | seen.counts["on_historical_book_deltas"] | 0
            on_historical_funding_rates | end | seen.counts["on_historical_funding_rates"] | 0
            on_historical_mark_prices | end | seen.counts["on_historical_mark_prices"] | 0
            on_historical_index_prices | end | seen.counts["on_historical_index_prices"] | 0
            on_historical_data | end | seen.counts["on_historical_data"] | 0
            """,
        ),
    ),
    *_rows(
        "Orders",
        (
            WORKS,
            "Orders of all types. A market order fills at the row of its submission; a limit order that rests fills as maker at a later row.",
            """
            submit_order | alone | s.market(BUY) ;; s.limit(SELL, 64004.0) | Initialized 3, Submitted 3, Filled 3 / Initialized 4, Submitted 4, Accepted 4, Filled 9
            submit_order | 3 | s.market(BUY, "0.300"), s.limit(BUY, 60000.0) | ['None', 'None']
            submit_order | 4 | s.market(BUY, exec_algorithm_id=ExecAlgorithmId("HALVES"), client_order_id=ClientOrderId("SPLIT")) | None
            submit_order | 5 | s.limit(BUY, 60000.0, "0.0001"), s.limit(BUY, 64010.0, post_only=True) | ['None', 'None']
            submit_order | 6 | s.limit(BUY, 63000.0, emulation_trigger=TriggerType.LAST_PRICE), s.limit(SELL, 64003.0, emulation_trigger=TriggerType.LAST_PRICE), s.limit(BUY, 60000.0, time_in_force=TimeInForce.GTD, expire_time=at(8)) | ['None', 'None', 'None']
            order_factory.market | alone | s.send(factory.market(ID, BUY, size("0.100"))) | Initialized 3, Submitted 3, Filled 3
            order_factory.limit | alone | s.send(factory.limit(ID, BUY, size("0.100"), price(64000))) | Initialized 3, Submitted 3, Accepted 3, Filled 10
            order_factory.stop_market | alone | s.send(factory.stop_market(ID, BUY, size("0.100"), price(64004.2))) | Initialized 3, Submitted 3, Accepted 3, Filled 3.5
            order_factory.market_to_limit | alone | s.send(factory.market_to_limit(ID, BUY, size("3.000"))) | Initialized 3, Submitted 3, Updated 3, Filled 3, Accepted 3, Filled 3
            order_factory.market_if_touched | alone | s.send(factory.market_if_touched(ID, BUY, size("0.100"), price(64001))) | Initialized 3, Submitted 3, Accepted 3, Filled 4.5
            order_factory.trailing_stop_market | alone | s.send(factory.trailing_stop_market(ID, SELL, size("0.100"), Decimal(1), TrailingOffsetType.PRICE)) | Initialized 3, Submitted 3, Accepted 3, Updated 3, Updated 3.5, Filled 4.5
            """,
        ),
        (
            WORKS,
            "Denied by the engine: a position id with NETTING, a client that is not the venue, a size off the grid.",
            """
            submit_order(position_id) | alone | s.submit_order(factory.market(ID, BUY, size("0.100")), PositionId("P-1")) | Initialized 3, Denied 3
            submit_order(client_id) | alone | s.submit_order(factory.market(ID, BUY, size("0.100")), None, ClientId("OTHER")) | Initialized 3, Denied 3
            submit_order(size off the grid) | alone | s.limit(BUY, 60000.0, "0.0001") | Initialized 3, Denied 3
            """,
        ),
        (
            WORKS,
            "As the others, but the engine does not deliver OrderTriggered (`on_order_triggered`); the order in the cache and the report have it.",
            """
            order_factory.stop_limit | alone | s.send(factory.stop_limit(ID, BUY, size("0.100"), price(64010), price(64004.2))) | Initialized 3, Submitted 3, Accepted 3, Triggered 3.5, Filled 3.5
            order_factory.limit_if_touched | alone | s.send(factory.limit_if_touched(ID, BUY, size("0.100"), price(64002), price(64001))) | Initialized 3, Submitted 3, Accepted 3, Triggered 4.5, Filled 4.5
            order_factory.trailing_stop_limit | alone | s.send(factory.trailing_stop_limit(ID, SELL, size("0.100"), None, Decimal(1), Decimal(1), TrailingOffsetType.PRICE)) | Initialized 3, Submitted 3, Accepted 3, Updated 3, Updated 3.5, Triggered 4.5, Filled 7.5
            """,
        ),
        (
            WORKS,
            "`IOC` and `FOK` end at their row. `GTD` expires at the first row at or after `expire_time`, and may still fill "
            "at that row; with `manage_gtd_expiry` of the config, the engine cancels it at `expire_time` itself. `DAY` never expires: the venue has no "
            "session. `AT_THE_OPEN` and `AT_THE_CLOSE` are rejected.",
            """
            order_factory.limit(IOC) | alone | s.limit(BUY, 64003.6, "9.000", time_in_force=TimeInForce.IOC) | Initialized 3, Submitted 3, Accepted 3, Filled 3, Filled 3, Canceled 3
            order_factory.limit(FOK) | alone | s.limit(BUY, 64003.6, "9.000", time_in_force=TimeInForce.FOK) | Initialized 3, Submitted 3, Accepted 3, Canceled 3
            order_factory.limit(GTD) | alone | s.limit(BUY, 64000.0, time_in_force=TimeInForce.GTD, expire_time=at(4.2)) | Initialized 3, Submitted 3, Accepted 3, Expired 4.5
            order_factory.limit(GTD) | alone | s.limit(BUY, 64001.0, time_in_force=TimeInForce.GTD, expire_time=at(4.4)) | Initialized 3, Submitted 3, Accepted 3, Filled 4.5
            order_factory.limit(GTD, manage_gtd_expiry) | alone manage_gtd_expiry=True | s.limit(BUY, 64001.0, time_in_force=TimeInForce.GTD, expire_time=at(4.4)) | Initialized 3, Submitted 3, Accepted 3, PendingCancel 4.4, Canceled 4.4
            order_factory.limit(DAY) | alone | s.limit(BUY, 60000.0, time_in_force=TimeInForce.DAY) | Initialized 3, Submitted 3, Accepted 3
            order_factory.limit(AT_THE_OPEN) | alone | s.limit(BUY, 60000.0, time_in_force=TimeInForce.AT_THE_OPEN) | Initialized 3, Submitted 3, Rejected 3
            """,
        ),
        (
            WORKS,
            "`post_only` is rejected if it would take. `reduce_only` is rejected without a position, and cut to the position. A "
            "`quote_quantity` is converted at the price. `display_qty` has no effect on fills.",
            """
            order_factory.limit(post_only) | alone | s.limit(BUY, 64010.0, post_only=True) | Initialized 3, Submitted 3, Rejected 3
            order_factory.limit(reduce_only) | alone | s.limit(SELL, 64000.0, reduce_only=True) ;; s.market(BUY) ;; s.limit(SELL, 63000.0, "0.200", reduce_only=True) | Initialized 3, Submitted 3, Rejected 3 / Initialized 4, Submitted 4, Filled 4 / Initialized 5, Submitted 5, Accepted 5, Updated 5, Filled 5
            order_factory.market(quote_quantity) | alone | s.market(BUY, "6400", quote_quantity=True) | Initialized 3, Submitted 3, Updated 3, Filled 3
            order_factory.limit(display_qty) | alone | s.limit(BUY, 64000.0, display_qty=size("0.010")) | Initialized 3, Submitted 3, Accepted 3, Filled 10
            """,
        ),
        (
            WORKS,
            "Order lists: OTO entries with OUO or OCO exits, or any list of orders. The engine's factory has no `create_list`: pass a Python list.",
            """
            submit_order_list | 3 | s.submit_order_list(factory.bracket(ID, BUY, size("0.100"), tp_price=price(70000), sl_trigger_price=price(60000))) | None
            submit_order_list | alone | s.submit_order_list([factory.limit(ID, BUY, size("0.100"), price(64000)), factory.limit(ID, SELL, size("0.100"), price(64005))]) | Initialized 3, Submitted 3, Accepted 3, Filled 10 / Initialized 3, Submitted 3, Accepted 3
            order_factory.bracket | alone | s.submit_order_list(factory.bracket(ID, BUY, size("0.100"), tp_price=price(64004), sl_trigger_price=price(63000))) | Initialized 3, Submitted 3, Filled 3 / Initialized 3, Submitted 3, Accepted 3, Canceled 9 / Initialized 3, Submitted 3, Accepted 3, Filled 9
            order_factory.bracket(limit entry) | alone | s.submit_order_list(factory.bracket(ID, BUY, size("0.100"), entry_order_type=OrderType.LIMIT, entry_price=price(64001), tp_price=price(64009), sl_trigger_price=price(64000))) | Initialized 3, Submitted 3, Accepted 3, Filled 4.5 / Initialized 3, Submitted 3, Rejected 4.5 / Initialized 3, Submitted 3, Rejected 4.5
            order_factory.bracket(OCO) | alone | s.submit_order_list(factory.bracket(ID, BUY, size("0.100"), contingency_type=ContingencyType.OCO, entry_order_type=OrderType.LIMIT, entry_price=price(64001), tp_price=price(64009), sl_trigger_price=price(64000))) | Initialized 3, Submitted 3, Accepted 3, Filled 4.5 / Initialized 3, Submitted 3, Rejected 4.5 / Initialized 3, Submitted 3, Rejected 4.5
            """,
        ),
        (
            WORKS,
            "Changes price, trigger price and quantity. A price off the grid is rejected; an unknown order raises RuntimeError.",
            """
            modify_order | alone | s.limit(BUY, 60000.0) ;; s.modify_order(cache.orders()[0].client_order_id, price=price(64001)) | Initialized 3, Submitted 3, Accepted 3, PendingUpdate 4, Updated 4, Filled 4.5
            modify_order | 9 | s.modify_order(cache.orders_open()[0].client_order_id, price=price(60001)) | None
            modify_order | 10 | s.modify_order(cache.orders_open()[0].client_order_id, price=Price(60001.125, 3)) | None
            modify_order(unknown) | alone | s.modify_order(ClientOrderId("X"), size("1")) | raised RuntimeError: Cannot modify order: order not found in cache: X
            modify_orders | alone | (s.limit(BUY, 60000.0), s.limit(BUY, 60001.0)) ;; s.modify_orders([(order.client_order_id, size("0.200"), None, None) for order in cache.orders()]) | Initialized 3, Submitted 3, Accepted 3, PendingUpdate 4, Updated 4 / Initialized 3, Submitted 3, Accepted 3, PendingUpdate 4, Updated 4
            """,
        ),
        (
            WORKS,
            "Cancels. A closed order is left alone; an unknown order raises RuntimeError.",
            """
            cancel_order | alone | s.limit(BUY, 60000.0) ;; s.cancel_order(cache.orders()[0].client_order_id) ;; s.cancel_order(cache.orders()[0].client_order_id) | Initialized 3, Submitted 3, Accepted 3, PendingCancel 4, Canceled 4
            cancel_order | 11 | s.cancel_order(cache.orders_open()[0].client_order_id) | None
            cancel_order(unknown) | alone | s.cancel_order(ClientOrderId("X")) | raised RuntimeError: Cannot cancel order: order not found in cache: X
            cancel_orders | alone | (s.limit(BUY, 60000.0), s.limit(BUY, 60001.0)) ;; s.cancel_orders([order.client_order_id for order in cache.orders()]) | Initialized 3, Submitted 3, Accepted 3, PendingCancel 4, Canceled 4 / Initialized 3, Submitted 3, Accepted 3, PendingCancel 4, Canceled 4
            cancel_all_orders | alone | (s.limit(BUY, 60000.0), s.limit(SELL, 70000.0)) ;; s.cancel_all_orders(ID, BUY) | Initialized 3, Submitted 3, Accepted 3, PendingCancel 4, Canceled 4 / Initialized 3, Submitted 3, Accepted 3
            cancel_gtd_expiry | alone | s.limit(BUY, 60000.0, time_in_force=TimeInForce.GTD, expire_time=at(6.2)) ;; s.cancel_gtd_expiry(cache.orders()[0]) | Initialized 3, Submitted 3, Accepted 3, Expired 6.5
            """,
        ),
        (
            WORKS,
            "Emulated orders: the engine holds them back until trades (`LAST_PRICE`) or quotes (`BID_ASK`, `DEFAULT`) reach the trigger. Snapshot "
            "mode trades has no quotes: there, an order that waits for them is refused.",
            """
            order_factory.limit(emulation_trigger LAST_PRICE) | alone | s.limit(BUY, 64001.0, emulation_trigger=TriggerType.LAST_PRICE) | Initialized 3, Emulated 3, Initialized 5, Released 5, Submitted 5, Filled 5
            order_factory.limit(emulation_trigger BID_ASK) | alone | s.limit(BUY, 64001.0, emulation_trigger=TriggerType.BID_ASK) | Initialized 3, Emulated 3, Initialized 4.5, Released 4.5, Submitted 4.5, Filled 4.5
            order_factory.trailing_stop_market(emulation_trigger) | alone | s.send(factory.trailing_stop_market(ID, SELL, size("0.100"), Decimal(1), TrailingOffsetType.PRICE, emulation_trigger=TriggerType.BID_ASK)) | Initialized 3, Updated 3, Emulated 3, Updated 3.5, Initialized 4.5, Released 4.5, Submitted 4.5, Filled 4.5
            """,
        ),
        (
            WORKS,
            "Ids and counters of the factory. Ids hold the replay time.",
            """
            order_factory.generate_client_order_id | 17 | factory.generate_client_order_id() | O-20240718-105336-001-000-11
            order_factory.generate_order_list_id | 17 | factory.generate_order_list_id() | OL-20240718-105336-001-000-2
            order_factory.get_client_order_id_count | 17 | factory.get_client_order_id_count() | 11
            order_factory.get_order_list_id_count | 17 | factory.get_order_list_id_count() | 2
            order_factory.reset | 17 | (factory.reset(), factory.get_client_order_id_count())[1] | 0
            order_factory.trader_id | 17 | factory.trader_id | TRADER-001
            order_factory.strategy_id | 17 | factory.strategy_id | Examples-000
            """,
        ),
        (
            NO_MEANING,
            "The engine knows every order already, so the venue's answer changes nothing.",
            """
            query_order | alone | s.limit(BUY, 60000.0) ;; s.query_order(cache.orders()[0]) | Initialized 3, Submitted 3, Accepted 3
            """,
        ),
        (
            NO_MEANING,
            "A replay has no orders from elsewhere.",
            """
            set_external_order_instrument_ids | 5 | s.set_external_order_instrument_ids([ID]) | None
            """,
        ),
    ),
    *_rows(
        "Callbacks of orders and positions",
        (
            WORKS,
            "The engine calls the method of the event, then `on_order_event`. After `on_stop` has begun it calls neither; the report has those events too.",
            """
            on_order_initialized | end | seen.counts["on_order_initialized"] | 13
            on_order_event | end | seen.counts["on_order_event"] | 43
            on_order_denied | end | seen.notes["on_order_denied"][0].reason | QUANTITY_PRECISION_EXCEEDS_MAXIMUM: quantity=0.0001, precision=4, max_precision=3
            on_order_emulated | end | seen.counts["on_order_emulated"] | 2
            on_order_released | end | seen.counts["on_order_released"] | 1
            on_order_submitted | end | seen.counts["on_order_submitted"] | 9
            on_order_rejected | end | seen.notes["on_order_rejected"][0].reason | POST_ONLY LIMIT BUY order limit px of 64010.0 would have been a TAKER: bid=64003.5, ask=64004.5
            on_order_accepted | end | seen.counts["on_order_accepted"] | 4
            on_order_expired | end | seen.counts["on_order_expired"] | 1
            on_order_pending_update | end | seen.counts["on_order_pending_update"] | 2
            on_order_pending_cancel | end | seen.counts["on_order_pending_cancel"] | 1
            on_order_modify_rejected | end | seen.counts["on_order_modify_rejected"] | 1
            on_order_updated | end | seen.counts["on_order_updated"] | 2
            on_order_canceled | end | seen.counts["on_order_canceled"] | 1
            on_order_filled | end | seen.counts["on_order_filled"] | 4
            on_position_opened | end | seen.counts["on_position_opened"] | 1
            on_position_changed | end | seen.counts["on_position_changed"] | 3
            on_position_closed | end | seen.counts["on_position_closed"] | 0
            on_position_event | end | seen.counts["on_position_event"] | 4
            """,
        ),
        (
            NO_MEANING,
            "The engine never delivers it. The order in the cache and the report have the event.",
            """
            on_order_triggered | end | seen.counts["on_order_triggered"] | 0
            """,
        ),
        (
            NO_MEANING,
            "The venue of a replay neither refuses to cancel nor voids a fill.",
            """
            on_order_cancel_rejected | end | seen.counts["on_order_cancel_rejected"] | 0
            on_order_fill_voided | end | seen.counts["on_order_fill_voided"] | 0
            """,
        ),
    ),
    *_rows(
        "Positions",
        (
            WORKS,
            "Close by a market order, `reduce_only`, whose events the report has like those of any order.",
            """
            close_position | alone | s.market(BUY) ;; s.close_position(cache.positions_open()[0]) | Initialized 3, Submitted 3, Filled 3 / Initialized 4, Submitted 4, Filled 4
            close_all_positions | alone | s.market(BUY) ;; s.close_all_positions(ID) | Initialized 3, Submitted 3, Filled 3 / Initialized 4, Submitted 4, Filled 4
            """,
        ),
        (
            WORKS,
            "Cancels open orders, closes positions, and calls `on_market_exit` and `post_market_exit`. Timers of 100 ms check that it is done; "
            "they call `on_time_event`.",
            """
            market_exit | alone | (s.limit(BUY, 60000.0), s.market(BUY)) ;; s.market_exit() | Initialized 3, Submitted 3, Accepted 3, PendingCancel 4, Canceled 4 / Initialized 3, Submitted 3, Filled 3 / Initialized 4, Submitted 4, Filled 4
            is_exiting | alone | s.market(BUY) ;; (s.market_exit(), say(s.is_exiting())) ;; say(s.is_exiting()) | Initialized 3, Submitted 3, Filled 3 / Initialized 4, Submitted 4, Filled 4 / ['True'] / ['False']
            on_market_exit | alone | s.market(BUY) ;; s.market_exit() ;; say(seen.counts["on_market_exit"]) | Initialized 3, Submitted 3, Filled 3 / Initialized 4, Submitted 4, Filled 4 / ['1']
            post_market_exit | alone | s.market(BUY) ;; s.market_exit() ;; say(seen.counts["post_market_exit"], seen.counts["on_time_event"]) | Initialized 3, Submitted 3, Filled 3 / Initialized 4, Submitted 4, Filled 4 / ['1', '5']
            """,
        ),
    ),
    *_rows(
        "Cache",
        (
            WORKS,
            "The last rows of the replay. The engine keeps 10,000 of a kind.",
            """
            cache.trade | 8 | cache.trade(ID).trade_id | t7
            cache.trades | 8 | len(cache.trades(ID)) | 12
            cache.trade_count | 8 | cache.trade_count(ID) | 12
            cache.has_trade_ticks | 8 | cache.has_trade_ticks(ID) | True
            cache.bar | 8 | cache.bar(bars("2-SECOND-LAST-INTERNAL")).close | 64001.0
            cache.bars | 8 | len(cache.bars(bars("2-SECOND-LAST-INTERNAL"))) | 4
            cache.bar_count | 8 | cache.bar_count(bars("2-SECOND-LAST-INTERNAL")) | 4
            cache.bar_types | 8 | sorted(str(x) for x in cache.bar_types(AggregationSource.INTERNAL)) | ['BTC-USDT-PERP.BINANCE-FUTURES-2-SECOND-LAST-INTERNAL', 'BTC-USDT-PERP.BINANCE-FUTURES-2-SECOND-MID-INTERNAL', 'BTC-USDT-PERP.BINANCE-FUTURES-4-TICK-LAST-INTERNAL', 'BTC-USDT-PERP.BINANCE-FUTURES-5-VOLUME-LAST-INTERNAL']
            cache.has_bars | 8 | cache.has_bars(bars("2-SECOND-LAST-INTERNAL")) | True
            """,
        ),
        (
            WORKS,
            "Quotes of the snapshots, also without `subscribe_quotes`. Empty in snapshot mode trades.",
            """
            cache.quote | 8 | cache.quote(ID).bid_price | 64001.5
            cache.quotes | 8 | len(cache.quotes(ID)) | 8
            cache.quote_count | 8 | cache.quote_count(ID) | 8
            cache.has_quote_ticks | 8 | cache.has_quote_ticks(ID) | True
            cache.price | 8 | [cache.price(ID, x) for x in (PriceType.LAST, PriceType.BID, PriceType.ASK, PriceType.MID)] | ['64002.0', '64001.5', '64002.5', '64002.00']
            cache.get_xrate | 8 | cache.get_xrate(VENUE, BTC, USDT, PriceType.MID) | 64002.0
            """,
        ),
        (
            WORKS,
            "The book of the last snapshot, after `subscribe_book_depth(..., managed=True)` or `subscribe_book_at_interval`; before, None.",
            """
            cache.order_book | 8 | cache.order_book(OTHER) | None
            cache.top_of_book | 8 | cache.top_of_book(OTHER) | None
            cache.has_order_book | 8 | cache.has_order_book(OTHER) | False
            cache.book_update_count | 8 | cache.book_update_count(OTHER) | 0
            """,
        ),
        (
            NO_MEANING,
            "The data has none: None, 0 or False.",
            """
            cache.mark_price | 8 | cache.mark_price(ID) | None
            cache.mark_prices | 8 | cache.mark_prices(ID) | None
            cache.mark_price_count | 8 | cache.mark_price_count(ID) | 0
            cache.has_mark_prices | 8 | cache.has_mark_prices(ID) | False
            cache.get_mark_xrate | 8 | cache.get_mark_xrate(BTC, USDT) | None
            cache.index_price | 8 | cache.index_price(ID) | None
            cache.index_prices | 8 | cache.index_prices(ID) | None
            cache.index_price_count | 8 | cache.index_price_count(ID) | 0
            cache.has_index_prices | 8 | cache.has_index_prices(ID) | False
            cache.funding_rate | 8 | cache.funding_rate(ID) | None
            cache.funding_rates | 8 | cache.funding_rates(ID) | None
            cache.funding_rate_count | 8 | cache.funding_rate_count(ID) | 0
            cache.has_funding_rates | 8 | cache.has_funding_rates(ID) | False
            cache.instrument_status | 8 | cache.instrument_status(ID) | None
            cache.instrument_statuses | 8 | cache.instrument_statuses(ID) | None
            cache.instrument_status_count | 8 | cache.instrument_status_count(ID) | 0
            cache.has_instrument_statuses | 8 | cache.has_instrument_statuses(ID) | False
            cache.instrument_close | 8 | cache.instrument_close(ID) | None
            cache.has_instrument_close | 8 | cache.has_instrument_close(ID) | False
            cache.own_order_book | 8 | cache.own_order_book(ID) | None
            cache.pool | 8 | cache.pool(ID) | None
            cache.pool_profiler | 8 | cache.pool_profiler(ID) | None
            """,
        ),
        (
            WORKS,
            "Instruments, synthetic instruments and ids.",
            """
            cache.instrument | 8 | cache.instrument(ID).id | BTC-USDT-PERP.BINANCE-FUTURES
            cache.instruments | 8 | [x.id for x in cache.instruments()] | ['BTC-USDT-PERP.BINANCE-FUTURES']
            cache.instrument_ids | 8 | cache.instrument_ids(VENUE) | ['BTC-USDT-PERP.BINANCE-FUTURES']
            cache.synthetic | 8 | cache.synthetic(InstrumentId.from_str("DOUBLE.SYNTH")).formula | BTC-USDT-PERP.BINANCE-FUTURES * 2
            cache.synthetic_ids | 8 | cache.synthetic_ids() | ['DOUBLE.SYNTH']
            cache.strategy_ids | 8 | cache.strategy_ids() | ['Examples-000']
            cache.exec_algorithm_ids | 8 | cache.exec_algorithm_ids() | ['HALVES']
            """,
        ),
        (
            WORKS,
            "Orders, whoever made them. Nothing is purged. Lists of orders are sorted by the text of the id, lists of ids are in random order: "
            "sort them.",
            """
            cache.order | 8 | cache.order(cache.orders()[0].client_order_id).status | FILLED
            cache.orders | 8 | len(cache.orders()) | 12
            cache.orders_open | 8 | len(cache.orders_open()) | 4
            cache.orders_closed | 8 | len(cache.orders_closed()) | 5
            cache.orders_emulated | 8 | len(cache.orders_emulated()) | 2
            cache.orders_inflight | 8 | len(cache.orders_inflight()) | 0
            cache.orders_total_count | 8 | cache.orders_total_count() | 12
            cache.orders_open_count | 8 | cache.orders_open_count() | 4
            cache.orders_closed_count | 8 | cache.orders_closed_count() | 5
            cache.orders_emulated_count | 8 | cache.orders_emulated_count() | 2
            cache.orders_inflight_count | 8 | cache.orders_inflight_count() | 0
            cache.client_order_ids | 8 | len(cache.client_order_ids()) | 12
            cache.client_order_ids_open | 8 | len(cache.client_order_ids_open()) | 4
            cache.client_order_ids_closed | 8 | len(cache.client_order_ids_closed()) | 5
            cache.client_order_ids_emulated | 8 | len(cache.client_order_ids_emulated()) | 2
            cache.client_order_ids_inflight | 8 | len(cache.client_order_ids_inflight()) | 0
            cache.client_order_id | 8 | cache.client_order_id(cache.orders_open()[0].venue_order_id) == cache.orders_open()[0].client_order_id | True
            cache.venue_order_id | 8 | cache.venue_order_id(cache.orders_open()[0].client_order_id) | BINANCE-FUTURES-2-2
            cache.client_id | 8 | cache.client_id(cache.orders()[0].client_order_id) | BINANCE-FUTURES
            cache.order_exists | 8 | cache.order_exists(cache.orders()[0].client_order_id) | True
            cache.is_order_open | 8 | cache.is_order_open(cache.orders_open()[0].client_order_id) | True
            cache.is_order_closed | 8 | cache.is_order_closed(cache.orders_open()[0].client_order_id) | False
            cache.is_order_emulated | 8 | cache.is_order_emulated(cache.orders()[0].client_order_id) | False
            cache.is_order_inflight | 8 | cache.is_order_inflight(cache.orders()[0].client_order_id) | False
            cache.is_order_pending_cancel_local | 8 | cache.is_order_pending_cancel_local(cache.orders()[0].client_order_id) | False
            cache.strategy_id_for_order | 8 | cache.strategy_id_for_order(cache.orders()[0].client_order_id) | Examples-000
            """,
        ),
        (
            WORKS,
            "Order lists, and orders that an execution algorithm spawned.",
            """
            cache.order_list | 8 | len(cache.order_list(cache.order_lists()[0].id).client_order_ids()) | 3
            cache.order_lists | 8 | len(cache.order_lists()) | 1
            cache.order_list_exists | 8 | cache.order_list_exists(cache.order_lists()[0].id) | True
            cache.orders_for_exec_algorithm | 8 | len(cache.orders_for_exec_algorithm(ExecAlgorithmId("HALVES"))) | 2
            cache.orders_for_exec_spawn | 8 | len(cache.orders_for_exec_spawn(ClientOrderId("SPLIT"))) | 2
            cache.exec_spawn_total_quantity | 8 | cache.exec_spawn_total_quantity(ClientOrderId("SPLIT"), False) | 0.100
            cache.exec_spawn_total_filled_qty | 8 | cache.exec_spawn_total_filled_qty(ClientOrderId("SPLIT"), False) | 0.050
            cache.exec_spawn_total_leaves_qty | 8 | cache.exec_spawn_total_leaves_qty(ClientOrderId("SPLIT"), False) | 0.050
            """,
        ),
        (
            WORKS,
            "Positions. With NETTING there is one id for all round trips; closed ones leave snapshots.",
            """
            cache.position | 8 | cache.position(cache.positions()[0].id).signed_qty | 0.45
            cache.positions | 8 | len(cache.positions()) | 1
            cache.positions_open | 8 | len(cache.positions_open()) | 1
            cache.positions_closed | 8 | len(cache.positions_closed()) | 0
            cache.positions_total_count | 8 | cache.positions_total_count() | 1
            cache.positions_open_count | 8 | cache.positions_open_count() | 1
            cache.positions_closed_count | 8 | cache.positions_closed_count() | 0
            cache.position_ids | 8 | cache.position_ids() | ['BTC-USDT-PERP.BINANCE-FUTURES-Examples-000']
            cache.position_open_ids | 8 | cache.position_open_ids() | ['BTC-USDT-PERP.BINANCE-FUTURES-Examples-000']
            cache.position_closed_ids | 8 | cache.position_closed_ids() | []
            cache.position_exists | 8 | cache.position_exists(cache.positions()[0].id) | True
            cache.is_position_open | 8 | cache.is_position_open(cache.positions()[0].id) | True
            cache.is_position_closed | 8 | cache.is_position_closed(cache.positions()[0].id) | False
            cache.position_for_order | 8 | cache.position_for_order(cache.orders_closed()[0].client_order_id).id | BTC-USDT-PERP.BINANCE-FUTURES-Examples-000
            cache.position_id | 8 | cache.position_id(cache.orders_closed()[0].client_order_id) | BTC-USDT-PERP.BINANCE-FUTURES-Examples-000
            cache.orders_for_position | 8 | len(cache.orders_for_position(cache.positions()[0].id)) | 4
            cache.strategy_id_for_position | 8 | cache.strategy_id_for_position(cache.positions()[0].id) | Examples-000
            cache.position_snapshots | 17 | len(cache.position_snapshots()) | 0
            cache.position_snapshot_bytes | 17 | cache.position_snapshot_bytes(PositionId("X")) | None
            cache.snapshot_position | 17 | cache.snapshot_position(cache.positions()[0]) | None
            """,
        ),
        (
            WORKS,
            "The account by its id, `<venue>-001`.",
            """
            cache.account | 8 | cache.account(ACCOUNT).balance_total() | 999988.47953000 USDT
            """,
        ),
        (
            ADDED,
            "The account of a venue. For a venue with a hyphen in its name the engine alone answers None, because it looks for the account's id "
            "before the first hyphen.",
            """
            cache.account_for_venue | 8 | cache.account_for_venue(VENUE).id | BINANCE-FUTURES-001
            cache.account_id | 8 | cache.account_id(VENUE) | BINANCE-FUTURES-001
            """,
        ),
        (
            WORKS,
            "Values that the strategy keeps there.",
            """
            cache.add | 8 | cache.add("key", b"value") | None
            cache.get | 9 | bytes(cache.get("key")) | b'value'
            cache.add_instrument_close | 9 | cache.add_instrument_close(InstrumentClose(ID, price(64000), InstrumentCloseType.END_OF_SESSION, 1, 1)) | None
            cache.add_yield_curve | 9 | callable(cache.add_yield_curve) | True
            """,
        ),
        (
            WORKS,
            "Removes from the cache what the strategy no longer asks for. The report keeps it. After `cache.purge_instrument` of the run's instrument, orders are denied.",
            """
            cache.purge_closed_positions | 19 | cache.purge_closed_positions(1) | None
            cache.purge_account_events | 19 | cache.purge_account_events(1) | None
            cache.purge_closed_orders | 19 | cache.purge_closed_orders(1) | None
            cache.purge_order | 19 | cache.purge_order(ClientOrderId("X")) | None
            cache.purge_position | 19 | cache.purge_position(PositionId("X")) | None
            cache.purge_instrument | 19 | cache.purge_instrument(OTHER) | None
            """,
        ),
        (
            ENDS,
            "Empties the cache of the engine, which then has no account.",
            """
            cache.reset | 19 | callable(cache.reset) | True
            cache.dispose | 19 | callable(cache.dispose) | True
            """,
        ),
    ),
    *_rows(
        "Portfolio",
        (
            WORKS,
            "By instrument, or over all venues.",
            """
            portfolio.net_position | 8 | portfolio.net_position(ID) | 0.45
            portfolio.is_net_long | 8 | portfolio.is_net_long(ID) | True
            portfolio.is_net_short | 8 | portfolio.is_net_short(ID) | False
            portfolio.is_net_flat | 8 | portfolio.is_net_flat(ID) | False
            portfolio.is_completely_net_flat | 8 | portfolio.is_completely_net_flat() | False
            portfolio.net_exposure | 8 | portfolio.net_exposure(ID) | 28800.67500000 USDT
            portfolio.realized_pnl | 8 | portfolio.realized_pnl(ID) | -11.52047000 USDT
            portfolio.unrealized_pnl | 8 | portfolio.unrealized_pnl(ID) | -0.50000000 USDT
            portfolio.total_pnl | 8 | portfolio.total_pnl(ID) | -12.02047000 USDT
            portfolio.realized_pnls | 8 | portfolio.realized_pnls(VENUE) | {'USDT': '-11.52047000 USDT'}
            portfolio.unrealized_pnls | 8 | portfolio.unrealized_pnls(VENUE) | {'USDT': '-0.50000000 USDT'}
            portfolio.total_pnls | 8 | portfolio.total_pnls(VENUE) | {'USDT': '-12.02047000 USDT'}
            portfolio.mark_values | 8 | portfolio.mark_values(VENUE) | {'USDT': '28800.67500000 USDT'}
            portfolio.missing_price_instruments | 8 | portfolio.missing_price_instruments(VENUE) | []
            portfolio.build_snapshot | 8 | portfolio.build_snapshot(ACCOUNT).account_id | BINANCE-FUTURES-001
            portfolio.snapshots | 8 | len(portfolio.snapshots(ACCOUNT)) > 0 | True
            portfolio.statistics | 8 | portfolio.statistics() | PortfolioStatistics(currencies=1, returns=11, general=1)
            portfolio.register_statistic | 8 | callable(portfolio.register_statistic) | True
            portfolio.deregister_statistic | 8 | callable(portfolio.deregister_statistic) | True
            portfolio.deregister_statistics | 8 | portfolio.deregister_statistics() | None
            """,
        ),
        (
            ADDED,
            "By venue. For a venue with a hyphen in its name the engine alone answers None or {}, or stops with an error, unless `account_id` is given too.",
            """
            portfolio.account | start | portfolio.account(VENUE).id | BINANCE-FUTURES-001
            portfolio.equity | start | portfolio.equity(VENUE) | {'USDT': '1000000.00000000 USDT'}
            portfolio.balances_locked | start | portfolio.balances_locked(VENUE) | {'USDT': '0.00000000 USDT'}
            portfolio.instrument_initial_margins | start | portfolio.instrument_initial_margins(VENUE) | {}
            portfolio.instrument_maintenance_margins | start | portfolio.instrument_maintenance_margins(VENUE) | {}
            """,
        ),
        (
            WORKS,
            "By venue, once there is a position.",
            """
            portfolio.net_exposures | 8 | portfolio.net_exposures(VENUE) | {'USDT': '28800.67500000 USDT'}
            """,
        ),
        (
            WORKS,
            "The engine sends the state of the account again, which changes nothing. For the account of a venue with a hyphen the engine alone logs an error.",
            """
            query_account | 18 | s.query_account(ACCOUNT) | None
            """,
        ),
        (
            NO_MEANING,
            "False in every run of the engine's backtest.",
            """
            portfolio.is_initialized | 8 | portfolio.is_initialized() | False
            """,
        ),
    ),
    *_rows(
        "Clock and timers",
        (
            WORKS,
            "Replay time.",
            """
            clock.timestamp | 8 | clock.timestamp() | 1721300007.0
            clock.timestamp_ms | 8 | clock.timestamp_ms() | 1721300007000
            clock.timestamp_us | 8 | clock.timestamp_us() | 1721300007000000
            clock.timestamp_ns | 8 | clock.timestamp_ns() | 1721300007000000000
            clock.utc_now | 8 | clock.utc_now() | 2024-07-18 10:53:27+00:00
            """,
        ),
        (
            WORKS,
            "Timers and alerts fire at their own instant, between rows; at the instant of a row, after the row. Without a callback they call "
            "`on_time_event`. An alert in the past fires at once, or is refused with `allow_past=False`.",
            """
            clock.set_timer | 8 | clock.set_timer("timer", timedelta(seconds=0.75), callback=lambda event: seen.note("timer", seconds(event.ts_event))) | None
            clock.set_timer | 10 | seen.notes["timer"] | ['7.75', '8.5']
            clock.set_timer_ns | 8 | clock.set_timer_ns("timer_ns", 1_250_000_000) | None
            clock.set_timer_zoned | 8 | clock.set_timer_zoned("zoned", "PT2S", now, callback=lambda event: seen.note("zoned", seconds(event.ts_event))) | None
            clock.set_timer_zoned | 12 | seen.notes["zoned"] | ['9.0']
            clock.set_time_alert | 8 | clock.set_time_alert("alert", utc(8.2), callback=lambda event: seen.note("alert", seconds(event.ts_event))) | None
            clock.set_time_alert | 10 | seen.notes["alert"] | ['8.2']
            clock.set_time_alert_ns | 8 | clock.set_time_alert_ns("alert_ns", at(8.3)) | None
            on_time_event | 12 | sorted({event.name for event in seen.notes["on_time_event"]}) | ['alert_ns', 'timer_ns']
            clock.next_time_ns | 8 | seconds(clock.next_time_ns("timer")) | 7.75
            clock.timer_names | 8 | [name for name in clock.timer_names() if "BOOK" not in name] | ['alert', 'alert_ns', 'timer', 'timer_ns', 'zoned']
            clock.timer_count | 8 | clock.timer_count() > 4 | True
            clock.cancel_timer | 12 | (clock.cancel_timer("timer"), clock.next_time_ns("timer"))[1] | None
            clock.register_default_handler | 12 | clock.register_default_handler(lambda event: seen.note("default", event.name)) | None
            clock.cancel_callbacks | 20 | clock.cancel_callbacks() | None
            clock.cancel_timers | 19 | (clock.cancel_timers(), clock.timer_names())[1] | []
            """,
        ),
        (
            NO_MEANING,
            "Makes another clock, which stays at 0.",
            """
            clock.new_test | 20 | clock.new_test().timestamp_ns() | 0
            """,
        ),
        (
            WORKS,
            "Removes the handler of `register_default_handler`. If a timer without a callback is left, the engine's process ends, and the run fails.",
            """
            clock.cancel_default_handler | 20 | clock.cancel_default_handler() | None
            """,
        ),
        (
            ENDS,
            "The engine's process ends at the next row, and the run fails with the engine's message.",
            """
            clock.set_time | 20 | callable(clock.set_time) | True
            """,
        ),
    ),
    *_rows(
        "Signals, messages and custom data",
        (
            WORKS,
            "To the strategy itself and its actors, at once.",
            """
            publish_signal | 5 | s.publish_signal("own", 5) | None
            subscribe_signal | 4 | s.subscribe_signal("own"), s.subscribe_signal("volatility") | ['None', 'None']
            on_signal | end | [signal.value for signal in seen.notes["on_signal"] if signal.name == "own"] | ['5']
            unsubscribe_signal | 12 | s.unsubscribe_signal("own") | None
            publish_message | 5 | s.publish_message("topic", {"a": 1}) | None
            subscribe_topic | 4 | s.subscribe_topic("topic", lambda message: seen.note("topic", message)) | None
            subscribe_topic | 6 | seen.notes["topic"] | ["{'a': '1'}"]
            unsubscribe_topic | 12 | s.unsubscribe_topic("topic", print) | None
            publish_data | 5 | s.publish_data(DataType("Note"), CustomData(DataType("Note"), Payload(clock.timestamp_ns()))) | None
            """,
        ),
        (
            WORKS,
            "Trades of a synthetic instrument follow from those of its components.",
            """
            add_synthetic | start | s.add_synthetic(SyntheticInstrument(Symbol("DOUBLE"), 1, [ID], f"{ID} * 2", 0, 0)) | None
            add_synthetic | start | s.subscribe_trades(InstrumentId.from_str("DOUBLE.SYNTH")) | None
            add_synthetic | 8 | seen.notes["synthetic"][:2] | ['128000.0', '128002.0']
            update_synthetic | 9 | s.update_synthetic(SyntheticInstrument(Symbol("DOUBLE"), 1, [ID], f"{ID} * 3", 0, 0)) | None
            """,
        ),
    ),
    *_rows(
        "State and lifecycle",
        (
            WORKS,
            "Ids, parts and state of the strategy.",
            """
            trader_id | 8 | s.trader_id | TRADER-001
            strategy_id | 8 | s.strategy_id | Examples-000
            config | 8 | s.config | None
            cache | 8 | isinstance(s.cache, Cache) | True
            portfolio | 8 | type(s.portfolio.net_position(ID)).__name__ | Decimal
            clock | 8 | type(s.clock).__name__ | Clock
            order_factory | 8 | type(s.order_factory).__name__ | OrderFactory
            state | 8 | s.state() | ComponentState.RUNNING
            is_ready | 8 | s.is_ready() | False
            is_running | 8 | s.is_running() | True
            is_stopped | 8 | s.is_stopped() | False
            is_disposed | 8 | s.is_disposed() | False
            is_degraded | 8 | s.is_degraded() | False
            is_faulted | 8 | s.is_faulted() | False
            """,
        ),
        (
            WORKS,
            "Called at the start and after the last row. Orders of `on_stop` are executed at the last row.",
            """
            on_start | start | s.state() | ComponentState.STARTING
            on_stop | end | seen.counts["on_stop"] | 1
            """,
        ),
        (
            WORKS,
            "Ends the strategy: `on_stop` runs, and no more rows arrive. The replay goes on without it.",
            """
            stop | alone | s.limit(BUY, 60000.0) ;; s.stop() ;; s.market(BUY) | Initialized 3, Submitted 3, Accepted 3
            """,
        ),
        (
            WORKS,
            "Ends the strategy without `on_stop`; `on_fault` runs.",
            """
            fault | alone | s.limit(BUY, 60000.0) ;; s.fault() ;; s.market(BUY) | Initialized 3, Submitted 3, Accepted 3 / on_fault
            on_fault | alone | s.fault() ;; s.market(BUY) | on_fault
            """,
        ),
        (
            ENDS,
            "The engine stops at this row, and the run fails because rows are missing.",
            """
            shutdown_system | 20 | callable(s.shutdown_system) | True
            """,
        ),
        (
            WORKS,
            "Return and take what `on_save` and `on_load` do. A run neither loads nor keeps a state.",
            """
            save | 8 | s.save() | {'key': "b'value'"}
            load | 8 | s.load({"key": b"value"}) | None
            on_save | 8 | s.save() | {'key': "b'value'"}
            on_load | end | seen.notes["on_load"] == [{"key": b"value"}] | True
            """,
        ),
        (
            NO_MEANING,
            "The engine refuses them while the strategy runs, by a RuntimeError.",
            """
            start | 8 | s.start() | raised RuntimeError: Invalid state trigger RUNNING -> START
            resume | 8 | s.resume() | raised RuntimeError: Invalid state trigger RUNNING -> RESUME
            reset | 8 | s.reset() | raised RuntimeError: Invalid state trigger RUNNING -> RESET
            dispose | 8 | s.dispose() | raised RuntimeError: Invalid state trigger RUNNING -> DISPOSE
            on_resume | end | seen.counts["on_resume"] | 0
            on_reset | end | seen.counts["on_reset"] | 0
            """,
        ),
        (
            WORKS,
            "Called when the run is over.",
            """
            on_dispose | end | seen.counts["on_dispose"] | 1
            """,
        ),
        (
            REFUSED,
            "the engine cannot end a degraded strategy; use stop",
            """
            degrade | 8 | s.degrade() | raised ValueError: degrade: the engine cannot end a degraded strategy; use stop
            """,
        ),
        (
            NO_MEANING,
            "Never called: `degrade` is refused.",
            """
            on_degrade | end | seen.counts["on_degrade"] | 0
            """,
        ),
        (
            REFUSED,
            "a replay has no connections; there is no replacement",
            """
            reconnect_socket | 8 | s.reconnect_socket(ClientId("X"), "endpoint") | raised ValueError: reconnect_socket: a replay has no connections; there is no replacement
            """,
        ),
    ),
    *_rows(
        "Config",
        (
            WORKS,
            "Ids of the strategy and of its orders.",
            """
            config.strategy_id | alone strategy_id=StrategyId("MINE-7") | s.market(BUY), say(s.strategy_id, cache.orders()[0].client_order_id) | Initialized 3, Submitted 3, Filled 3 / ['MINE-7', 'O-20240718-105323-001-7-1']
            config.order_id_tag | alone order_id_tag="042" | s.market(BUY), say(s.strategy_id, cache.orders()[0].client_order_id) | Initialized 3, Submitted 3, Filled 3 / ['Examples-042', 'O-20240718-105323-001-042-1']
            config.use_hyphens_in_client_order_ids | alone use_hyphens_in_client_order_ids=False | s.market(BUY), say(cache.orders()[0].client_order_id) | Initialized 3, Submitted 3, Filled 3 / ['O202407181053230010001']
            """,
        ),
        (
            ENDS,
            "The run is refused: order ids would be random, and no result could be reproduced.",
            """
            config.use_uuid_client_order_ids | 8 | StrategyConfig(use_uuid_client_order_ids=True).use_uuid_client_order_ids | True
            """,
        ),
        (
            WORKS,
            "`venue.oms_type` decides. A config that names another type is refused.",
            """
            config.oms_type | alone oms_type=OmsType.NETTING | s.market(BUY) | Initialized 3, Submitted 3, Filled 3
            """,
        ),
        (
            WORKS,
            "`manage_stop` exits the market when the strategy calls `stop`; at the end of the window the engine cannot complete that, and the run fails: close positions in "
            "`on_stop`. `manage_contingent_orders` and `manage_gtd_expiry` let the strategy cancel instead of the venue.",
            """
            config.manage_stop | alone manage_stop=True | s.limit(BUY, 60000.0), s.market(BUY) ;; s.stop() | Initialized 3, Submitted 3, Accepted 3, PendingCancel 4, Canceled 4 / Initialized 3, Submitted 3, Filled 3 / Initialized 4, Submitted 4, Filled 4
            config.manage_contingent_orders | alone manage_contingent_orders=True | s.submit_order_list(factory.bracket(ID, BUY, size("0.100"), tp_price=price(64004), sl_trigger_price=price(63000))) | Initialized 3, Submitted 3, Filled 3 / Initialized 3, Submitted 3, Accepted 3, PendingCancel 9, Canceled 9 / Initialized 3, Submitted 3, Accepted 3, Filled 9
            config.manage_gtd_expiry | alone manage_gtd_expiry=True | s.limit(BUY, 60000.0, time_in_force=TimeInForce.GTD, expire_time=at(4.4)) | Initialized 3, Submitted 3, Accepted 3, PendingCancel 4.4, Canceled 4.4
            """,
        ),
        (
            WORKS,
            "How `market_exit` closes, and how often it checks that it is done.",
            """
            config.market_exit_interval_ms | alone market_exit_interval_ms=50 | s.market(BUY) ;; s.market_exit() ;; say(seen.counts["on_time_event"]) | Initialized 3, Submitted 3, Filled 3 / Initialized 4, Submitted 4, Filled 4 / ['10']
            config.market_exit_max_attempts | alone market_exit_max_attempts=1 | s.market(BUY) ;; s.market_exit() ;; say(seen.counts["on_time_event"]) | Initialized 3, Submitted 3, Filled 3 / Initialized 4, Submitted 4, Filled 4 / ['5']
            config.market_exit_time_in_force | alone market_exit_time_in_force=TimeInForce.IOC | s.market(BUY) ;; s.market_exit() ;; say(cache.orders()[1].time_in_force) | Initialized 3, Submitted 3, Filled 3 / Initialized 4, Submitted 4, Filled 4 / ['IOC']
            config.market_exit_reduce_only | alone market_exit_reduce_only=False | s.market(BUY) ;; s.market_exit() ;; say(cache.orders()[1].is_reduce_only) | Initialized 3, Submitted 3, Filled 3 / Initialized 4, Submitted 4, Filled 4 / ['False']
            """,
        ),
        (
            NO_MEANING,
            "A replay has no orders from elsewhere.",
            """
            config.external_order_instrument_ids | alone external_order_instrument_ids=[ID] | s.market(BUY) | Initialized 3, Submitted 3, Filled 3
            """,
        ),
        (
            NO_MEANING,
            "The engine logs errors only.",
            """
            config.log_events | alone log_events=False | s.market(BUY) | Initialized 3, Submitted 3, Filled 3
            config.log_commands | alone log_commands=False | s.market(BUY) | Initialized 3, Submitted 3, Filled 3
            config.log_rejected_due_post_only_as_warning | alone log_rejected_due_post_only_as_warning=False | s.limit(BUY, 64010.0, post_only=True) | Initialized 3, Submitted 3, Rejected 3
            """,
        ),
    ),
    *_rows(
        "Log",
        (
            WORKS,
            "Lines in the run's log, with level and replay time. An error does not end the run; with the engine alone, `shutdown_on_error` would.",
            """
            log | 8 | log.info("a line") | None
            log.trace | 8 | log.trace("a line") | None
            log.debug | 8 | log.debug("a line") | None
            log.info | 8 | log.info("a line") | None
            log.warning | 8 | log.warning("a line") | None
            log.error | 8 | log.error("a line") | None
            log.exception | 8 | log.exception("a line") | None
            log.flush | 8 | log.flush() | None
            log.name | 8 | log.name | Examples-000
            """,
        ),
    ),
    *_rows(
        "Indicators",
        (
            WORKS,
            "All indicators of the engine. They are updated before the callback. Without a subscription to the same rows they are never updated.",
            """
            register_indicator_for_trade_ticks | start | s.register_indicator_for_trade_ticks(ID, SimpleMovingAverage(3)) | None
            register_indicator_for_quote_ticks | start | s.register_indicator_for_quote_ticks(ID, SimpleMovingAverage(3, PriceType.MID)) | None
            register_indicator_for_bars | start | s.register_indicator_for_bars(bars("2-SECOND-LAST-INTERNAL"), SimpleMovingAverage(3)) | None
            registered_indicators | 12 | [indicator.value for indicator in s.registered_indicators] | ['64001.666666666664', '64001.666666666664', '64001.333333333336']
            indicators_initialized | 12 | s.indicators_initialized() | True
            """,
        ),
    ),
    *_rows(
        "Actors and execution algorithms",
        (
            WORKS,
            "A strategy brings actors by a method `actors`, which returns instances. They have the strategy's API but for orders, with the same refusals and log.",
            """
            actor.actor_id | end | seen.notes["actor_id"] | ['Volatility']
            actor.actor_id | end | seen.counts["actor.on_trade"] | 20
            actor.actor_id | 10 | len([signal for signal in seen.notes["on_signal"] if signal.name == "volatility"]) | 6
            """,
        ),
        (
            NO_MEANING,
            "The data has no blockchains, so nothing arrives.",
            """
            actor.on_block | end | callable(DataActor.on_block) | True
            actor.on_pool | end | callable(DataActor.on_pool) | True
            actor.on_pool_fee_collect | end | callable(DataActor.on_pool_fee_collect) | True
            actor.on_pool_flash | end | callable(DataActor.on_pool_flash) | True
            actor.on_pool_liquidity_update | end | callable(DataActor.on_pool_liquidity_update) | True
            actor.on_pool_swap | end | callable(DataActor.on_pool_swap) | True
            actor.subscribe_blocks | end | callable(DataActor.subscribe_blocks) | True
            actor.subscribe_pool | end | callable(DataActor.subscribe_pool) | True
            actor.subscribe_pool_fee_collects | end | callable(DataActor.subscribe_pool_fee_collects) | True
            actor.subscribe_pool_flash_events | end | callable(DataActor.subscribe_pool_flash_events) | True
            actor.subscribe_pool_liquidity_updates | end | callable(DataActor.subscribe_pool_liquidity_updates) | True
            actor.subscribe_pool_swaps | end | callable(DataActor.subscribe_pool_swaps) | True
            actor.unsubscribe_blocks | end | callable(DataActor.unsubscribe_blocks) | True
            actor.unsubscribe_pool | end | callable(DataActor.unsubscribe_pool) | True
            actor.unsubscribe_pool_fee_collects | end | callable(DataActor.unsubscribe_pool_fee_collects) | True
            actor.unsubscribe_pool_flash_events | end | callable(DataActor.unsubscribe_pool_flash_events) | True
            actor.unsubscribe_pool_liquidity_updates | end | callable(DataActor.unsubscribe_pool_liquidity_updates) | True
            actor.unsubscribe_pool_swaps | end | callable(DataActor.unsubscribe_pool_swaps) | True
            """,
        ),
        (
            WORKS,
            "A strategy brings execution algorithms by a method `exec_algorithms`. The engine's TWAP is not among its Python classes. An order for an "
            "algorithm that the run does not have fails the run.",
            """
            algorithm.exec_algorithm_id | end | seen.notes["exec_algorithm_id"] | ['HALVES']
            algorithm.on_order | end | seen.counts["algorithm.on_order"] | 1
            algorithm.is_registered | end | seen.notes["is_registered"] | ['True']
            algorithm.spawn_market | alone | s.market(BUY, exec_algorithm_id=ExecAlgorithmId("HALVES")) | Initialized 3, Updated 3 / Initialized 3, Submitted 3, Filled 3
            algorithm.spawn_limit | end | callable(ExecutionAlgorithm.spawn_limit) | True
            algorithm.spawn_market_to_limit | end | callable(ExecutionAlgorithm.spawn_market_to_limit) | True
            algorithm.on_order_list | end | callable(ExecutionAlgorithm.on_order_list) | True
            algorithm.execute | end | callable(ExecutionAlgorithm.execute) | True
            algorithm.deny_order | end | callable(ExecutionAlgorithm.deny_order) | True
            algorithm.modify_order_in_place | end | callable(ExecutionAlgorithm.modify_order_in_place) | True
            algorithm.to_importable_config | end | callable(ExecutionAlgorithm.to_importable_config) | True
            """,
        ),
    ),
]


def document() -> str:
    """Return the tables as the document has them."""
    parts = []
    for group in dict.fromkeys(row.group for row in ROWS):
        lines = [f"#### {group}", "", "| calls | in a replay | what happens |", "|---|---|---|"]
        for row in ROWS:
            if row.group == group:
                calls = ", ".join(f"`{call}`" for call in row.calls)
                lines.append(f"| {calls} | {row.outcome} | {row.text} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
