"""From the window of a config to the instants that the engine is given.

A window means the recorder's clock, whose ticks are microseconds; the catalog spreads rows of one microsecond over its
nanoseconds so that the engine keeps their order. A window whose last instant is a recorded one must take all rows of it.
"""

from collections.abc import Iterable

from tickreel.v1 import conversion_pb2

CLOCK_TICK = 1_000


def replay_window(files: Iterable[conversion_pb2.ConvertedFile], start: int, end: int) -> tuple[int, int]:
    """The first and last replay time of the rows that were recorded in a window.

    Args:
        files: Those of the window, with their crowded instants: those whose rows run past the next tick of the clock.
        start, end: The window on the recorder's clock, both inclusive, UNIX nanoseconds.
    """
    first = -(-start // CLOCK_TICK) * CLOCK_TICK
    last = end // CLOCK_TICK * CLOCK_TICK + CLOCK_TICK - 1
    for file in files:
        for crowded in file.crowded:
            if crowded.recorded < start:
                first = max(first, crowded.last_ts_init + 1)
            elif crowded.recorded <= end:
                last = max(last, crowded.last_ts_init)
    return first, last
