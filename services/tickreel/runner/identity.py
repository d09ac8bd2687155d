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


def result_digest(orders: Orders, fills: Fills, fees: np.ndarray, ends: Ends, final_account: dict[str, str]) -> str:
    """The digest of an outcome: orders with their ends, fills with our fees, and the final account; no wall-clock value, no
    name."""
    parts = [_canonical({"account": final_account, "reasons": ends.reasons})]
    columns = {
        "orders": (orders.ts_submitted, orders.side, orders.price, orders.quantity),
        "fills": (fills.order, fills.ts, fills.price, fills.quantity, fills.taker, fees),
        "ends": (ends.order, ends.ts, ends.kind, ends.reason),
    }
    for name, table in columns.items():
        parts.append(f"{name} {len(table[0])}".encode())
        parts.extend(np.ascontiguousarray(column, dtype="<i8").tobytes() for column in table)
    return _digest(parts)


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
