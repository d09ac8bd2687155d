"""Holes in a recording: spans without rows where the rows around them show that rows are missing.

A thin market pauses for hours, a busy one for seconds. So a gap is compared with the other rows of the window. A gap of ten
minutes or more is a hole in two cases:

- Rows are dense in the whole window: apart from gaps of a similar or greater length, nearly every stretch of a sixteenth of
  the gap's length holds a row.
- Rows are dense right before and after the gap: on each side, the nearest twenty seconds that hold rows are at most a
  hundredth of the gap apart.

Rows of one second count once, because a sweep of a hundred prints is no more evidence than one print. Dense rows on only one
side are no evidence.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tickreel.runner.window.mark_rows import MarkRows
from tickreel.stores.alternatives import instant
from tickreel.v1 import conversion_pb2, market_data_pb2, result_pb2

Int64 = npt.NDArray[np.int64]

_SECOND = 1_000_000_000
_MINUTE = 60 * _SECOND
_DAY = 1440 * _MINUTE
# The minimum length of a hole. Reconnects and maintenance take minutes in busy markets too.
SHORTEST = 10 * _MINUTE
# Dense in the whole window: stretches per hole, the share that may be empty elsewhere, the fewest gaps to judge by.
_STRETCHES = 16
_EMPTY_SHARE = 0.1
_FEWEST_GAPS = 50
# Dense on both sides: the number of gaps compared on each side, and how many times shorter than the hole they must be.
_NEARBY_GAPS = 19
_SHORTER = 100
_MOST_NAMED = 5


@dataclass(frozen=True)
class Hole:
    """A span without rows, from the last row before it to the first row after it; UNIX nanoseconds."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """The length in nanoseconds."""
        return self.end - self.start


def find_holes(times: Int64) -> list[Hole]:
    """Return the holes between rows, longest first.

    Args:
        times: The times of the rows, in order, UNIX nanoseconds; shape (rows,).
    """
    seconds = np.unique(times // _SECOND) * _SECOND
    gaps = np.diff(seconds)
    holes: list[Hole] = []
    scale = SHORTEST
    longest = int(gaps.max(initial=0))
    while scale <= longest:
        of_scale = np.flatnonzero((gaps >= scale) & (gaps < 2 * scale))
        dense = len(of_scale) > 0 and _is_dense(gaps[gaps < scale // 2], scale)
        for at in of_scale:
            if dense or _is_sudden(gaps, int(at)):
                after = int(np.searchsorted(times, seconds[at + 1]))
                holes.append(Hole(int(times[after - 1]), int(times[after])))
        scale *= 2
    return sorted(holes, key=lambda hole: (-hole.length, hole.start))


def hole_findings(
    window: market_data_pb2.TimeWindow, files: Sequence[conversion_pb2.ConvertedFile], rows: MarkRows
) -> Iterator[result_pb2.Finding]:
    """Yield the findings on holes in the trades and the books of a window.

    `data_findings` reports days without data and uncovered ends of the window.

    Args:
        files: The converted files of the window.
    """
    kinds = (
        ("trades", market_data_pb2.DATA_TYPE_TRADES, rows.ts),
        ("books", market_data_pb2.DATA_TYPE_BOOK_SNAPSHOT_5, rows.book_ts),
    )
    for kind, data_type, times in kinds:
        spans = [
            (file.span.start.ToNanoseconds(), file.span.end.ToNanoseconds()) for file in files if file.data_type == data_type
        ]
        if not len(times) or not spans:
            continue
        # A hole may reach beyond an end of the window. Files on both sides of that end show that rows are missing.
        first = max(window.start.ToNanoseconds(), min(start for start, _ in spans))
        last = min(window.end.ToNanoseconds(), max(end for _, end in spans))
        ends = [min(first, int(times[0]))], [max(last, int(times[-1]))]
        holes = [hole for hole in find_holes(np.concatenate([ends[0], times, ends[1]])) if not _is_missing_day(hole, spans)]
        if holes:
            yield _finding(kind, holes)


def _is_dense(gaps: Int64, scale: int) -> bool:
    """Return whether nearly every stretch of a sixteenth of the scale holds a row, within the time that the gaps cover."""
    covered = int(gaps.sum())
    if len(gaps) < _FEWEST_GAPS or covered < scale // 4:
        return False
    # A stretch is empty if it begins in a gap and ends before the next row.
    empty = int(np.maximum(gaps - scale // _STRETCHES, 0).sum())
    return empty <= _EMPTY_SHARE * covered


def _is_sudden(gaps: Int64, at: int) -> bool:
    """Return whether all nearby gaps on both sides of a gap are far shorter."""
    before, after = gaps[max(at - _NEARBY_GAPS, 0) : at], gaps[at + 1 : at + 1 + _NEARBY_GAPS]
    if min(len(before), len(after)) < _NEARBY_GAPS:
        return False
    return max(int(before.max()), int(after.max())) * _SHORTER <= int(gaps[at])


def _is_missing_day(hole: Hole, spans: Iterable[tuple[int, int]]) -> bool:
    """Return whether a hole between files covers a whole day. `data_findings` reports such a day."""
    holds_day = -(-hole.start // _DAY) * _DAY + _DAY <= hole.end
    return holds_day and not any(start <= hole.start and hole.end <= end for start, end in spans)


def _finding(kind: str, holes: Sequence[Hole]) -> result_pb2.Finding:
    named = ", ".join(f"{_second(hole.start)} to {_second(hole.end)} ({_length(hole.length)})" for hole in holes[:_MOST_NAMED])
    if len(holes) == 1:
        message = f"the {kind} have a hole, although rows are dense around it: {named}"
    else:
        total = _length(sum(hole.length for hole in holes))
        more = f" and {len(holes) - _MOST_NAMED} more" if len(holes) > _MOST_NAMED else ""
        message = f"the {kind} have {len(holes)} holes, {total} in all, although rows are dense around them: {named}{more}"
    return result_pb2.Finding(severity=result_pb2.SEVERITY_WARNING, code="HOLES", message=message)


def _second(nanoseconds: int) -> str:
    return instant(nanoseconds // _SECOND * _SECOND)


def _length(nanoseconds: int) -> str:
    hours, minutes = divmod(round(nanoseconds / _MINUTE), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
