"""Holes in a recording: spans without a row where the rows around them leave no doubt that some are missing.

A thin market pauses for hours and a busy one for seconds, so the rows of the window are the measure. A gap of ten minutes or
more is a hole in two cases:

- MarkRows are dense all over the window: outside of gaps of its order, nearly every stretch a sixteenth as long holds a row.
- MarkRows are dense up to the gap and after it: the twenty seconds with rows on each side follow each other a hundred times as
  closely.

MarkRows of one second count once, since a sweep of a hundred prints says no more than one print. A flurry of rows on one side
proves nothing.
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
# No shorter gap is a hole: reconnects and maintenance take minutes in busy markets too.
SHORTEST = 10 * _MINUTE
# Dense all over the window: the stretches in a hole, the share of them that may be empty elsewhere, and what it takes to tell.
_STRETCHES = 16
_EMPTY_SHARE = 0.1
_FEWEST_GAPS = 50
# Dense on both sides: the gaps that are looked at on each, and how much shorter than the hole they must be.
_GAPS_BESIDE = 19
_SHORTER = 100
_MOST_NAMED = 5


@dataclass(frozen=True)
class Hole:
    """A span without rows: the times around it, UNIX nanoseconds."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """Nanoseconds."""
        return self.end - self.start


def find_holes(times: Int64) -> list[Hole]:
    """The holes between rows, the longest first.

    Args:
        times: Of the rows, in order, UNIX nanoseconds. shape: (rows,)
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
    """The findings on holes in the trades and in the books of a window.

    Days without any data and the ends of the window are the matter of `data_findings`.

    Args:
        files: Those of the window.
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
        # A hole may reach over an end of the window: files that lie on both sides of the end show that rows are missing.
        first = max(window.start.ToNanoseconds(), min(start for start, _ in spans))
        last = min(window.end.ToNanoseconds(), max(end for _, end in spans))
        ends = [min(first, int(times[0]))], [max(last, int(times[-1]))]
        holes = [hole for hole in find_holes(np.concatenate([ends[0], times, ends[1]])) if not _is_told(hole, spans)]
        if holes:
            yield _finding(kind, holes)


def _is_dense(gaps: Int64, scale: int) -> bool:
    """Whether nearly every stretch of the time that these gaps make up, a sixteenth of the scale long, holds a row."""
    covered = int(gaps.sum())
    if len(gaps) < _FEWEST_GAPS or covered < scale // 4:
        return False
    # A stretch is empty where it begins early enough in a gap that is longer.
    empty = int(np.maximum(gaps - scale // _STRETCHES, 0).sum())
    return empty <= _EMPTY_SHARE * covered


def _is_sudden(gaps: Int64, at: int) -> bool:
    """Whether the gaps on both sides of one are all far shorter."""
    before, after = gaps[max(at - _GAPS_BESIDE, 0) : at], gaps[at + 1 : at + 1 + _GAPS_BESIDE]
    if min(len(before), len(after)) < _GAPS_BESIDE:
        return False
    return max(int(before.max()), int(after.max())) * _SHORTER <= int(gaps[at])


def _is_told(hole: Hole, spans: Iterable[tuple[int, int]]) -> bool:
    """Whether a hole lies between files and holds a whole day, which `data_findings` calls a day without data."""
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
