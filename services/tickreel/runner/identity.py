"""What names a run: its readable id, and the digests by which two runs are the same.

All digests are SHA-256 over canonical bytes, in hex: JSON with sorted keys and no spaces, and little-endian int64 columns.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
from google.protobuf import json_format

from tickreel.engine.tape import Ends, Fills, Orders
from tickreel.stores.instrument_name import InstrumentName
from tickreel.v1 import conversion_pb2, market_data_pb2, result_pb2, run_config_pb2


def run_id(config: run_config_pb2.RunConfig, config_digest: str) -> str:
    """A new id: venue, base, start of the window, config, and six random digits that tell two runs of one config apart."""
    name = InstrumentName.parse(config.instrument.id)
    start = datetime.fromtimestamp(config.time_window.start.ToNanoseconds() // 10**9, UTC)
    return "_".join(
        [_abbreviate(name.venue), name.base.upper(), f"{start:%Y%m%d_%H%M%S}", config_digest[:6], secrets.token_hex(3)]
    )


def config_digest(config: run_config_pb2.RunConfig, snapshot_mode: result_pb2.SnapshotMode) -> str:
    """The digest of a resolved config; where it runs (its environment) is not part of it."""
    bare = run_config_pb2.RunConfig()
    bare.CopyFrom(config)
    bare.ClearField("environment")
    values = json_format.MessageToDict(bare, always_print_fields_with_no_presence=True)
    return _digest([_canonical({"config": values, "snapshot_mode": result_pb2.SnapshotMode.Name(snapshot_mode)})])


def data_digest(files: Iterable[tuple[conversion_pb2.ConvertedFile, int, int]]) -> str:
    """The digest of a window of converted files.

    Args:
        files: Trades first, then books, each in time order, with the first and last instant that is replayed of each.
    """
    rows = [[market_data_pb2.DataType.Name(file.data_type), file.digest, start, end] for file, start, end in files]
    return _digest([_canonical({"files": rows})])


class OutcomeDigest:
    """The digest of an outcome: orders with their ends, fills with our fees, and the final account; no wall-clock value, no
    name. It is the same however many of them are added at a time.

    Each table is hashed row by row; the digest is that of the final account, the reasons of ends in the order they first came,
    and the name, length and hash of each table.
    """

    def __init__(self) -> None:
        self._tables = {name: hashlib.sha256() for name in ("orders", "fills", "ends")}
        self._rows = dict.fromkeys(self._tables, 0)
        self._reasons: dict[str, int] = {}

    def add(self, orders: Orders, fills: Fills, fees: npt.NDArray[np.generic], ends: Ends) -> None:
        """Adds what follows; orders are named by their row in the whole."""
        codes = np.array([self._reasons.setdefault(reason, len(self._reasons)) for reason in ends.reasons] or [0])
        self._add("orders", orders.ts_submitted, orders.side, orders.price, orders.quantity)
        self._add("fills", fills.order, fills.ts, fills.side, fills.price, fills.quantity, fills.taker, fees)
        self._add("ends", ends.order, ends.ts, ends.kind, codes[ends.reason])

    def of(self, final_account: dict[str, str]) -> str:
        """The digest, in hex."""
        parts = [_canonical({"account": final_account, "reasons": list(self._reasons)})]
        for name, table in self._tables.items():
            parts += [f"{name} {self._rows[name]}".encode(), table.digest()]
        return _digest(parts)

    def _add(self, name: str, *columns: npt.NDArray[np.generic]) -> None:
        rows = np.empty((len(columns[0]), len(columns)), dtype="<i8")
        for number, column in enumerate(columns):
            rows[:, number] = column
        self._tables[name].update(rows)
        self._rows[name] += len(rows)


def _abbreviate(venue: str) -> str:
    """BINANCE-FUTURES is BNF, BITMEX is BTM: consonants of the first word, initials of the others."""
    first, *others = re.split(r"[-_]", venue.upper())
    skeleton = first[0] + re.sub(r"[AEIOU]", "", first[1:])
    return (skeleton[: 3 - min(len(others), 1)] + "".join(word[0] for word in others))[:4]


def _canonical(values: object) -> bytes:
    return json.dumps(values, sort_keys=True, separators=(",", ":")).encode()


def _digest(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()
