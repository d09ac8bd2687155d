"""The readable id of a run, and the digests that tell whether two runs are the same.

All digests are SHA-256 in hex, over canonical bytes: JSON with sorted keys and no spaces, and little-endian int64 columns. For
a value of more than 64 bits, the column holds the lowest 64 bits, and a separate digest covers the higher bits.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime

import numpy as np
from google.protobuf import json_format

from tickreel.accounting.scaled import Integers, low_bits, narrow
from tickreel.engine.event_record import EventRecord
from tickreel.engine.tape import Ends, Fills, Orders
from tickreel.stores.instrument_name import InstrumentName
from tickreel.v1 import conversion_pb2, market_data_pb2, result_pb2, run_config_pb2


def run_id(config: run_config_pb2.RunConfig, config_digest: str) -> str:
    """Return a new id: venue, base currency, window start, start of the config digest, and six random hex digits."""
    name = InstrumentName.parse(config.instrument.id)
    start = datetime.fromtimestamp(config.time_window.start.ToNanoseconds() // 10**9, UTC)
    return "_".join(
        [_abbreviate(name.venue), name.base.upper(), f"{start:%Y%m%d_%H%M%S}", config_digest[:6], secrets.token_hex(3)]
    )


def config_digest(config: run_config_pb2.RunConfig, snapshot_mode: result_pb2.SnapshotMode) -> str:
    """Return the digest of a resolved config, without its environment."""
    bare = run_config_pb2.RunConfig()
    bare.CopyFrom(config)
    bare.ClearField("environment")
    values = json_format.MessageToDict(bare, always_print_fields_with_no_presence=True)
    return _digest([_canonical({"config": values, "snapshot_mode": result_pb2.SnapshotMode.Name(snapshot_mode)})])


def data_digest(files: Iterable[tuple[conversion_pb2.ConvertedFile, int, int]]) -> str:
    """Return the digest of a window of converted files.

    Args:
        files: Trades first, then books, each in order of time, with the first and the last replay time of each file.
    """
    rows = [[market_data_pb2.DataType.Name(file.data_type), file.digest, start, end] for file, start, end in files]
    return _digest([_canonical({"files": rows})])


class OutcomeDigest:
    """The digest of an outcome: orders with their end states, fills with our fees, and the final account.

    It covers no wall-clock values and no order ids, and does not depend on how the rows are split into calls of `add`.

    Each table is hashed row by row. The digest covers the final account, the reasons of order ends in order of their first
    occurrence, and the name, length and hash of each table. For rows with a value of more than 64 bits, a second hash covers
    the row number and the higher bits of all columns. It follows the hash of the table, if the table has such rows.

    If the general recorder made the outcome, the digest also covers the tables and texts of its record.
    """

    def __init__(self) -> None:
        self._tables = {name: hashlib.sha256() for name in ("orders", "fills", "ends")}
        self._wide = {name: hashlib.sha256() for name in self._tables}
        self._rows, self._wide_rows = dict.fromkeys(self._tables, 0), dict.fromkeys(self._tables, 0)
        self._reasons: dict[str, int] = {}
        self._texts: dict[str, object] = {}

    def add(self, orders: Orders, fills: Fills, fees: Integers, ends: Ends) -> None:
        """Add the next rows. Fills and ends refer to orders by their row number in the whole outcome."""
        codes = np.array([self._reasons.setdefault(reason, len(self._reasons)) for reason in ends.reasons] or [0])
        self._add("orders", orders.ts_submitted, orders.side, orders.price, orders.quantity)
        self._add("fills", fills.order, fills.ts, fills.side, fills.price, fills.quantity, fills.taker, fees)
        self._add("ends", ends.order, ends.ts, ends.kind, codes[ends.reason])

    def add_events(self, record: EventRecord) -> None:
        """Add the record of a replay. Call it at most once: such a replay is one piece."""
        for name, table in (("created", record.orders), ("filled", record.fills), ("changed", record.changes)):
            self._tables[name], self._wide[name] = hashlib.sha256(), hashlib.sha256()
            self._rows[name] = self._wide_rows[name] = 0
            self._add(name, *vars(table).values())
        self._texts = {
            "instruments": record.instruments,
            "positions": list(record.positions),
            "event_reasons": list(record.reasons),
            "texts": list(record.texts),
            "text_lists": list(record.text_lists),
            "exact": sorted(record.exact.items()),
        }

    def of(self, final_account: dict[str, str]) -> str:
        """Return the digest in hex."""
        parts = [_canonical({"account": final_account, "reasons": list(self._reasons), **self._texts})]
        for name, table in self._tables.items():
            parts += [f"{name} {self._rows[name]}".encode(), table.digest()]
            if self._wide_rows[name]:
                parts += [f"{name} beyond 64 bits {self._wide_rows[name]}".encode(), self._wide[name].digest()]
        return _digest(parts)

    def _add(self, name: str, *columns: Integers) -> None:
        rows = np.empty((len(columns[0]), len(columns)), dtype="<i8")
        for number, column in enumerate(map(narrow, columns)):
            rows[:, number] = low_bits(column).view(np.int64) if column.dtype == object else column
        if any(narrow(column).dtype == object for column in columns):
            self._add_wide(name, [column.astype(object) for column in columns])
        self._tables[name].update(rows)
        self._rows[name] += len(rows)

    def _add_wide(self, name: str, columns: list[Integers]) -> None:
        for number, row in enumerate(zip(*columns, strict=True), self._rows[name]):
            # The bits above the lowest 64, with the sign.
            high = [(value + 2**63) >> 64 for value in row]
            if any(high):
                self._wide[name].update(_canonical([number, *high]))
                self._wide_rows[name] += 1


def _abbreviate(venue: str) -> str:
    """Abbreviate a venue: BNF for BINANCE-FUTURES, BTM for BITMEX (consonants of the first word, initials of the others)."""
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
