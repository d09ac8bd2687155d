"""Live account figures of a running replay: current values, and a few points of equity for each batch of marked rows."""

import itertools
from typing import Any

import numpy as np

from tickreel.accounting import scaled
from tickreel.accounting.scaled import Integers
from tickreel.runner.ledger.ledger import Ledger, MarkedRows
from tickreel.runner.window.iso_time import iso

# A batch of marked rows is cut into this many parts, and each part keeps its lowest and its highest point.
_PARTS = 4


def figures(ledger: Ledger, counts: tuple[int, ...]) -> dict[str, Any]:
    """Return the JSON values of a `LiveFigures` message.

    Args:
        counts: Trade rows, book rows, orders and fills.
    """
    account = ledger.account
    values: dict[str, Any] = dict(zip(("tradeRows", "bookRows", "orders", "fills"), counts, strict=True))
    if ledger.marked_until is not None:
        values["accountTs"] = iso(ledger.marked_until)
    money = {"equity": ledger.equity, "pnl": ledger.equity - account.start, "maxDrawdown": ledger.drawdown.depth}
    position = scaled.text(int(account.position[-1]), account.contract.size_precision)
    return values | {name: scaled.text(value, account.scale) for name, value in money.items()} | {"position": position}


def points(marked: MarkedRows) -> list[list[float]]:
    """Return a sample of the rows as (time, equity, drawdown, position), in time order; the time is an int, UNIX nanoseconds.

    The sample includes the extremes of equity, the deepest drawdown and the last row.
    """
    account, rows = marked.account, len(marked.ts)
    keep = {rows - 1, int(np.argmax(marked.drawdown))}
    edges = np.unique(np.linspace(0, rows, _PARTS + 1).astype(int))
    for first, past in itertools.pairwise(edges.tolist()):
        part = marked.equity[first:past]
        keep |= {first + int(np.argmin(part)), first + int(np.argmax(part))}
    kept = np.array(sorted(keep))
    position = _doubles(account.position[marked.at[kept]], account.contract.size_precision)
    equity, drawdown = (_doubles(column[kept], account.scale) for column in (marked.equity, marked.drawdown))
    columns = (marked.ts[kept].tolist(), equity, drawdown, position)
    return [list(point) for point in zip(*columns, strict=True)]


def _doubles(values: Integers, scale: int) -> list[float]:
    """Return the nearest double of each value."""
    return [value / 10**scale for value in values.tolist()]
