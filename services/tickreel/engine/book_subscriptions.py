"""Subscriptions to books. The engine makes books at an interval of changes of the book only, which the data does not have."""

from collections.abc import Callable
from typing import Any

from nautilus_trader.model import BookType, ClientId, InstrumentId

_MILLISECOND = 1_000_000


class BookSubscriptions:
    """The subscriptions of one strategy or actor to books.

    - Books at an interval come from a managed book of the snapshots and a timer on the clock of the component. They come at
      multiples of the interval since 1970, the first one after one to two intervals, as the engine's own do. The timer is
      named `BOOK_AT_INTERVAL|<instrument>|<milliseconds>`.
    - A managed subscription works also after an unmanaged one. The engine would never build the book.

    Args:
        component: The class of the strategy or actor.
    """

    def __init__(self, component: type) -> None:
        self._base: Any = component
        # Instruments of which the component wants snapshots, of which the engine manages the book, and intervals by instrument.
        self._snapshots: set[InstrumentId] = set()
        self._managed: set[InstrumentId] = set()
        self._intervals: dict[InstrumentId, set[int]] = {}

    def methods(self) -> dict[str, Callable[..., None]]:
        """Return the methods of the component that subscribe to books and unsubscribe."""
        return {
            "subscribe_book_depth": _method(self._subscribe_depth),
            "unsubscribe_book_depth": _method(self._unsubscribe_depth),
            "subscribe_book_at_interval": _method(self._subscribe_interval),
            "unsubscribe_book_at_interval": _method(self._unsubscribe_interval),
        }

    def _subscribe_depth(
        self,
        this: Any,
        instrument_id: InstrumentId,
        book_type: BookType,
        depth: int | None = None,
        client_id: ClientId | None = None,
        managed: bool = False,
        params: dict[str, Any] | None = None,
    ) -> None:
        if managed:
            self._manage(this, instrument_id, book_type, client_id, params)
        elif instrument_id not in self._managed:
            self._base.subscribe_book_depth(this, instrument_id, book_type, depth, client_id, params=params)
        self._snapshots.add(instrument_id)
        vars(this).pop("on_book_depth", None)

    def _unsubscribe_depth(self, this: Any, instrument_id: InstrumentId, *args: Any, **options: Any) -> None:
        self._snapshots.discard(instrument_id)
        if instrument_id in self._intervals:
            self._ignore_unwanted(this)
        else:
            self._managed.discard(instrument_id)
            self._base.unsubscribe_book_depth(this, instrument_id, *args, **options)

    def _subscribe_interval(
        self,
        this: Any,
        instrument_id: InstrumentId,
        book_type: BookType,
        interval_ms: int,
        depth: int | None = None,
        client_id: ClientId | None = None,
        params: dict[str, Any] | None = None,
    ) -> None:
        if interval_ms <= 0:
            raise ValueError(f"subscribe_book_at_interval: interval_ms is {interval_ms}; it must be above 0")
        if interval_ms in self._intervals.get(instrument_id, ()):
            return
        self._manage(this, instrument_id, book_type, client_id, params)
        self._intervals.setdefault(instrument_id, set()).add(interval_ms)
        self._ignore_unwanted(this)

        def publish(_: Any) -> None:
            # The engine still calls a timer that is due at the instant at which it is cancelled.
            wanted = interval_ms in self._intervals.get(instrument_id, ())
            if wanted and this.cache.book_update_count(instrument_id):
                this.on_book(this.cache.order_book(instrument_id))

        interval = interval_ms * _MILLISECOND
        now = this.clock.timestamp_ns()
        # The first event comes an interval after the start.
        start = now - now % interval + interval
        this.clock.set_timer_ns(_timer(instrument_id, interval_ms), interval, start, callback=publish)

    def _unsubscribe_interval(
        self,
        this: Any,
        instrument_id: InstrumentId,
        interval_ms: int,
        client_id: ClientId | None = None,
        params: dict[str, Any] | None = None,
    ) -> None:
        intervals = self._intervals.get(instrument_id, set())
        if interval_ms not in intervals:
            return
        intervals.remove(interval_ms)
        this.clock.cancel_timer(_timer(instrument_id, interval_ms))
        if not intervals:
            del self._intervals[instrument_id]
            if instrument_id not in self._snapshots:
                self._unsubscribe_depth(this, instrument_id, client_id)

    def _manage(
        self,
        this: Any,
        instrument_id: InstrumentId,
        book_type: BookType,
        client_id: ClientId | None,
        params: dict[str, Any] | None,
    ) -> None:
        if instrument_id in self._managed:
            return
        if instrument_id in self._snapshots:
            self._base.unsubscribe_book_depth(this, instrument_id, client_id)
        self._base.subscribe_book_depth(this, instrument_id, book_type, None, client_id, managed=True, params=params)
        self._managed.add(instrument_id)

    def _ignore_unwanted(self, this: Any) -> None:
        """Deliver no snapshots to a component that subscribed only to books at an interval."""
        if not self._snapshots:
            # The engine looks up callbacks on the instance first.
            this.on_book_depth = lambda depth: None


def _method(call: Callable[..., None]) -> Callable[..., None]:
    def method(this: Any, *args: Any, **options: Any) -> None:
        call(this, *args, **options)

    return method


def _timer(instrument_id: InstrumentId, interval_ms: int) -> str:
    return f"BOOK_AT_INTERVAL|{instrument_id}|{interval_ms}"
