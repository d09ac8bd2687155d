"""The answers of all services about the data of a folder, as JSON values.

A table is reduced to its columns: per column the first value, the last value and a digest of all values. Columns and fields
that a later version adds therefore do not change the old ones.
"""

import asyncio
import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from google.protobuf import json_format
from google.protobuf.message import Message

from stack import Stack
from tickreel.rpc.channel import ServiceClient
from tickreel.rpc.errors import TickreelError
from tickreel.v1 import (
    catalog_service_pb2,
    converter_service_pb2,
    results_service_pb2,
    runner_service_pb2,
)

TABLES = ("summary", "orders", "fills", "timeline", "equity", "ticks")
# The columns of ticks that version 0.1.0 exported.
_TICK_COLUMNS = ("ts_event", "ts_init", "price", "size", "side", "trade_id")
# New names of fields by their old names.
_RENAMED = {"verifies": "verified_run_id"}
# Fields that depend on the machine, the time of the call or the version of the converter, and not on the stored data.
_CHANGING = {"deleted_at", "updated_at", "freshness"}


async def answers(services: Stack, catalog: ServiceClient) -> dict[str, Any]:
    """Return everything that the services answer about runs, results, conversions and converted data."""
    runs = await _all(services.runner, runner_service_pb2, "ListRuns", "runs")
    entries = await _all(services.results, results_service_pb2, "ListResults", "results")
    return {
        "runs": [entry["run_id"] for entry in runs],
        "run": {entry["run_id"]: await _run(services, entry) for entry in runs},
        "results": [entry["run_id"] for entry in entries],
        "result": {entry["run_id"]: await _result(services.results, entry) for entry in entries},
        "configs": await _all(services.runner, runner_service_pb2, "ListConfigs", "configs"),
        "conversions": await _conversions(services.converter),
        "catalog": await _catalog(catalog),
    }


def lost(expected: Any, found: Any, path: str = "") -> list[str]:
    """Return the paths of expected values that are missing or different. Additional keys are ignored."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return [
            problem
            for key, value in ((_RENAMED.get(key, key), value) for key, value in expected.items())
            if key not in _CHANGING
            for problem in (lost(value, found[key], f"{path}/{key}") if key in found else [f"{path}/{key} is missing"])
        ]
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = enumerate(zip(expected, found, strict=True))
        return [problem for row, (one, other) in pairs for problem in lost(one, other, f"{path}[{row}]")]
    return [] if _same(expected, found) else [f"{path} was {expected!r}, is {found!r}"]


def _same(expected: Any, found: Any) -> bool:
    """Return whether two values are equal, even if the field's type changed from string to enum, or from int32 to int64."""
    if isinstance(found, str) and not isinstance(expected, str):
        return found == str(expected)
    is_name = isinstance(expected, str) and isinstance(found, str) and found.isupper()
    return expected == found or (is_name and found.endswith((f"_{expected.upper()}", "_UNSPECIFIED")[not expected]))


async def _run(services: Stack, listed: dict[str, Any]) -> dict[str, Any]:
    run_id = listed["run_id"]
    got = _values((await services.runner.call("GetRun", runner_service_pb2.GetRunRequest(run_id=run_id))).run)
    watch = runner_service_pb2.WatchRunRequest(run_id=run_id)
    watched = [_values(response.run) async for response in services.runner.stream("WatchRun", watch)]
    assert watched == [got]
    assert (listed["state"], listed["instrument"]) == (got["state"], got["config"]["instrument"]["id"])
    if "result" in got:
        assert listed["figures"].items() <= (got["result"]["summary"] | got["result"]["metadata"]).items()
    return got


async def _result(results: ServiceClient, listed: dict[str, Any]) -> dict[str, Any]:
    run_id = listed["run_id"]

    async def ask(method: str, **fields: Any) -> Any:
        return await results.call(method, getattr(results_service_pb2, f"{method}Request")(run_id=run_id, **fields))

    async def table(method: str, field: str) -> dict[str, Any]:
        return _table(await _all(results, results_service_pb2, method, field, run_id=run_id))

    async def chunks(method: str, **fields: Any) -> dict[str, Any]:
        request = getattr(results_service_pb2, f"{method}Request")(run_id=run_id, **fields)
        return _joined([_values(chunk) async for chunk in results.stream(method, request)])

    async def sample(method: str, **fields: Any) -> dict[str, Any]:
        return _joined([_values(await ask(method, **fields))])

    entry = _values((await ask("GetResult")).result)
    result = entry["result"]
    assert (listed["mode"], listed["notes"], listed["tags"]) == (result["mode"], entry["notes"], entry["tags"])
    assert listed["figures"].items() <= (result["summary"] | result["metadata"]).items()
    outputs = sorted(result["metadata"]["outputs"])
    exports = sorted({f"{name}.{form}" for name in TABLES for form in ("csv", "parquet", "json")} | set(outputs))
    calls = (_or_reason(_exported(results, run_id, name)) for name in exports)
    return {
        "entry": entry,
        "orders": await _or_reason(table("ListOrders", "orders")),
        "fills": await _or_reason(table("ListFills", "fills")),
        "timeline": await _or_reason(table("ListTimeline", "events")),
        "filtered": await _or_reason(sample("ListOrders", filter="status = filled", order_by="price desc, id", page_size=3)),
        "ticks": await _or_reason(chunks("StreamTicks")),
        "ticks with markers": await _or_reason(chunks("StreamTicks", markers=True)),
        "equity": await _or_reason(chunks("StreamEquity")),
        "sampled ticks": await _or_reason(sample("SampleTicks", max_points=50, max_markers=20)),
        "sampled equity": await _or_reason(sample("SampleEquity", max_points=50)),
        "exports": dict(zip(exports, await asyncio.gather(*calls), strict=True)),
    }


async def _exported(results: ServiceClient, run_id: str, name: str) -> Any:
    request = results_service_pb2.ExportArtifactRequest(run_id=run_id, name=name)
    content = b"".join([part.data async for part in results.stream("ExportArtifact", request)])
    match name.rpartition(".")[2]:
        case "csv":
            rows = list(csv.DictReader(io.StringIO(content.decode())))
        case "parquet":
            rows = _parquet_rows(content)
        case "json":
            value = json.loads(content)
            rows = value if isinstance(value, list) else [_of_first_columns(value)]
        case _:
            return _digest(content)
    return {"rows": len(rows), **{name: _digest(values) for name, values in _columns(rows).items()}}


def _of_first_columns(exported: dict[str, Any]) -> dict[str, Any]:
    """Return a tick export without the columns that later versions added, because all of its rows share one digest."""
    ticks = [{name: row[name] for name in _TICK_COLUMNS} for row in exported.get("ticks", ())]
    return exported | ({"ticks": ticks} if ticks else {})


async def _conversions(converter: ServiceClient) -> list[dict[str, Any]]:
    found = []
    for conversion in await _all(converter, converter_service_pb2, "ListConversions", "conversions"):
        fields = {"conversion_id": conversion["conversion_id"]}
        got = await converter.call("GetConversion", converter_service_pb2.GetConversionRequest(**fields))
        watch = converter_service_pb2.WatchConversionRequest(**fields)
        watched = [_values(response.conversion) async for response in converter.stream("WatchConversion", watch)]
        assert watched == [_values(got.conversion)]
        # Lists compute the figures of older conversions, GetConversion does not.
        conversion.pop("figures", None)
        assert not lost(_set_fields(conversion), watched[0])
        found.append(watched[0])
    return found


async def _catalog(catalog: ServiceClient) -> dict[str, Any]:
    found: dict[str, Any] = {"datasets": await _all(catalog, catalog_service_pb2, "ListDatasets", "datasets")}
    found["instruments"] = await _all(catalog, catalog_service_pb2, "ListInstruments", "instruments")
    for instrument in found["instruments"]:
        name = instrument["instrument_id"]

        async def ask(method: str, name: str = name, **fields: Any) -> dict[str, Any]:
            request = getattr(catalog_service_pb2, f"{method}Request")(instrument_id=name, **fields)
            return _joined([_values(await catalog.call(method, request))])

        async def chunks(method: str, request: Message) -> dict[str, Any]:
            return _joined([_values(chunk) async for chunk in catalog.stream(method, request)])

        at = {"seconds": 1_721_304_001}
        found[name] = {
            "coverage": await ask("GetCoverage"),
            "bars": await _or_reason(ask("SampleBars", max_bars=20)),
            "quotes": await _or_reason(ask("SampleQuotes", max_points=20)),
            "depth at": await _or_reason(ask("GetDepthSnapshot", at=at)),
            "ticks": await _or_reason(chunks("StreamTrades", catalog_service_pb2.StreamTradesRequest(instrument_id=name))),
            "depth": await _or_reason(chunks("StreamDepth", catalog_service_pb2.StreamDepthRequest(instrument_id=name))),
        }
    return found


async def _all(client: ServiceClient, module: Any, method: str, field: str, **fields: Any) -> list[dict[str, Any]]:
    """Return all entries of a list, read in pages of seven."""
    found: list[dict[str, Any]] = []
    token = ""
    while True:
        response = await client.call(method, getattr(module, f"{method}Request")(page_size=7, page_token=token, **fields))
        found += [_values(entry) for entry in getattr(response, field)]
        token = response.next_page_token
        if not token:
            return found


async def _or_reason(answer: Any) -> Any:
    try:
        return await answer
    except TickreelError as error:
        return {"refused": error.reason}


def _values(message: Message) -> dict[str, Any]:
    values = json_format.MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
    return {key: _without_changing(value) for key, value in values.items() if key not in _CHANGING}


def _set_fields(entry: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a list entry that are set; lists leave some fields of a resource unset."""
    fields = {key: _set_fields(value) if isinstance(value, dict) else value for key, value in entry.items()}
    return {key: value for key, value in fields.items() if value not in (0, "0", "", [], {}, False)}


def _without_changing(values: Any) -> Any:
    match values:
        case dict():
            return {key: _without_changing(value) for key, value in values.items() if key not in _CHANGING}
        case list():
            return [_without_changing(value) for value in values]
    return values


def _table(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"rows": len(rows), **{name: _column(values) for name, values in _columns(rows).items()}}


def _columns(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    flat = [dict(_flat(row)) for row in rows]
    names = dict.fromkeys(name for row in flat for name in row)
    return {name: [_unordered(row.get(name)) for row in flat] for name in names}


def _joined(chunks: list[dict[str, Any]]) -> dict[str, Any]:
    """Join the chunks of a stream: concatenate each list, and keep the last value of every other field."""
    lists: dict[str, list[Any]] = {}
    last: dict[str, Any] = {}
    for name, value in (pair for chunk in chunks for pair in _flat(chunk)):
        if isinstance(value, list) and not any(isinstance(part, dict) for part in value):
            lists.setdefault(name, []).extend(value)
        else:
            last[name] = value
    return last | {name: f"{len(values)} values: {_column(values)}" for name, values in lists.items()}


def _flat(values: Mapping[str, Any], path: str = "") -> Iterable[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{path}{key}.")
        else:
            yield path + key, value


def _unordered(value: Any) -> Any:
    """Return a value, with sorted keys if it is the text of a JSON object, because the order of keys means nothing."""
    is_object = isinstance(value, str) and value.startswith("{")
    return json.dumps(json.loads(value), sort_keys=True) if is_object else value


def _column(values: list[Any]) -> str:
    """Return the first value, the last value, and a digest of all values as one text."""
    return f"{values[0]} … {values[-1]} {_digest(values)}" if values else ""


def _digest(values: list[Any] | bytes) -> str:
    content = values if isinstance(values, bytes) else json.dumps(values, sort_keys=True).encode()
    return hashlib.sha256(content).hexdigest()[:12]


def _parquet_rows(content: bytes) -> list[dict[str, Any]]:
    table = pq.read_table(io.BytesIO(content))
    columns = {}
    for name in table.column_names:
        column = table[name]
        # Python's datetime has no nanoseconds.
        values = column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column
        columns[name] = [None if value is None else str(value) for value in values.to_pylist()]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
