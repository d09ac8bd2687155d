"""The client: the Runner's and the Results' calls that a script or a notebook needs."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, overload

from google.protobuf import json_format
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp

from tickreel.client import download, summary, tables
from tickreel.client.calls import Service
from tickreel.jobs import job as jobs
from tickreel.rpc import json_document
from tickreel.rpc.errors import TickreelError, invalid_request
from tickreel.rpc.settings import address_variable, default_address
from tickreel.v1 import result_pb2, results_service_pb2, run_pb2, runner_service_pb2, verification_pb2

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

# The service reads the footers of the raw files before it answers, and a bucket's mount is slow.
_CREATE_SECONDS = 300.0


class Client:
    """A client of the Runner and the Results.

    Calls block, and work where an event loop runs. Every fault is a `TickreelError`.

    Args:
        address: Where both are reached: the gateway. What is not given is taken from TICKREEL_RUNNER_ADDRESS and
            TICKREEL_RESULTS_ADDRESS, else from TICKREEL_GATEWAY_ADDRESS, else it is the gateway's default address.
        runner, results: Where one of them is reached by itself.
    """

    def __init__(self, address: str | None = None, *, runner: str | None = None, results: str | None = None) -> None:
        self._runner = _service("runner", runner or address)
        self._results = _service("results", results or address)

    def run(
        self,
        config: Mapping[str, Any] | str | os.PathLike[str],
        *,
        on_progress: Callable[[run_pb2.Run], None] = lambda _: None,
        **options: Any,
    ) -> run_pb2.Run:
        """Runs a config to its end. Interrupting this (Ctrl-C, the stop button of a notebook) cancels the run.

        Args:
            config: A config file, or its content.
            on_progress: Called with the run as it is, at most ten times a second.
            options: Those of `create`.

        Raises:
            TickreelError: The run is refused, has failed, or was cancelled: JOB_ENDED.
        """
        return self._finish(self.create(config, **options), on_progress)

    def verify(
        self, run_id: str, *, on_progress: Callable[[run_pb2.Run], None] = lambda _: None
    ) -> verification_pb2.Verification:
        """Executes a finished run again and compares: see its `verdict`. Interrupting this cancels the execution.

        Args:
            on_progress: As for `run`.

        Raises:
            TickreelError: It is refused, NOT_FOUND and NOT_VERIFIABLE included, has failed, or was cancelled: JOB_ENDED.
        """
        request = runner_service_pb2.VerifyRunRequest(request_id=str(uuid.uuid4()), run_id=run_id)
        made = self._runner.call("VerifyRun", request, timeout=_CREATE_SECONDS).run
        return self._finish(made, on_progress).verification

    def create(
        self,
        config: Mapping[str, Any] | str | os.PathLike[str],
        *,
        snapshot_mode: str,
        mode: str = "fast",
        start: str | datetime | None = None,
        end: str | datetime | None = None,
        dataset: str = "",
        export_ticks: bool = False,
        validate_only: bool = False,
    ) -> run_pb2.Run:
        """Asks for a run, and does not wait for it.

        Args:
            config: A config file, or its content.
            snapshot_mode: What is replayed: trades, book or both.
            mode: How much is kept: fast or full.
            start, end: Replace those of the config: ISO 8601 with a zone, or a datetime with one.
            dataset: The day folder to restrict the raw data to.
            export_ticks: Whether the ticks are exported as JSON; a full run does so anyway.
            validate_only: Whether to stop after the checks.

        Raises:
            TickreelError: The run is refused, with one violation a problem.
        """
        document, origin = _document(config)
        options = run_pb2.RunOptions(
            mode=_choice(result_pb2.RunMode, "mode", mode),
            snapshot_mode=_choice(result_pb2.SnapshotMode, "snapshot_mode", snapshot_mode),
            export_ticks=export_ticks,
            dataset=dataset,
            config_path=origin,
        )
        request = runner_service_pb2.CreateRunRequest(
            request_id=str(uuid.uuid4()),
            options=options,
            start=_instant("start", start),
            end=_instant("end", end),
            validate_only=validate_only,
        )
        json_format.ParseDict(document, request.document)
        return self._runner.call("CreateRun", request, timeout=_CREATE_SECONDS).run

    def watch(self, run_id: str) -> Iterator[run_pb2.Run]:
        """The run as it is now, and as it becomes, up to its final state. Leaving the iteration does not cancel it.

        Raises:
            TickreelError: NOT_FOUND, or SERVICE_UNAVAILABLE where the Runner is gone for long.
        """
        for response in self._runner.stream("WatchRun", lambda: runner_service_pb2.WatchRunRequest(run_id=run_id)):
            yield response.run

    def cancel(self, run_id: str) -> run_pb2.Run:
        """Cancels a run.

        Raises:
            TickreelError: NOT_FOUND, or JOB_ENDED.
        """
        return self._runner.call("CancelRun", runner_service_pb2.CancelRunRequest(run_id=run_id)).run

    def result(self, run_id: str) -> result_pb2.Result:
        """What a run found: the figures, the findings, and what they were made from.

        Raises:
            TickreelError: NOT_FOUND, or RESULT_DELETED.
        """
        return self._results.call("GetResult", results_service_pb2.GetResultRequest(run_id=run_id)).result.result

    def summary(self, run_id: str, *, floats: bool = False) -> dict[str, Any]:
        """The figures of a run by their paths below the summary: `pnl`, `statistics.win_rate`, `costs.total`.

        Counts are `int`; a figure that is not set is None; times are texts.

        Args:
            floats: Whether decimals are `float` instead of `Decimal`: rounded, since a double has 15 to 17 significant digits.

        Raises:
            TickreelError: As for `result`.
        """
        return summary.figures(self.result(run_id).summary, floats=floats)

    def annotate(self, run_id: str, *, notes: str | None = None, tags: Sequence[str] | None = None) -> result_pb2.NotedResult:
        """Replaces the notes or the tags of a result; what is not given stays as it is.

        Raises:
            TickreelError: NOT_FOUND, RESULT_DELETED, or INVALID_REQUEST, with one violation a problem.
        """
        paths = [name for name, value in (("notes", notes), ("tags", tags)) if value is not None]
        request = results_service_pb2.UpdateResultRequest(
            run_id=run_id, notes=notes, tags=tags, update_mask=FieldMask(paths=paths)
        )
        return self._results.call("UpdateResult", request).result

    def delete_result(self, run_id: str) -> None:
        """Deletes a result for good: its tables, its exports, its notes and tags. The run stays in the list of runs.

        Raises:
            TickreelError: NOT_FOUND, RESULT_DELETED, or STORE_NOT_WRITABLE.
        """
        self._results.call("DeleteResult", results_service_pb2.DeleteResultRequest(run_id=run_id))

    @overload
    def orders(self, run_id: str, *, floats: Literal[False] = False) -> pa.Table: ...
    @overload
    def orders(self, run_id: str, *, floats: Literal[True]) -> pd.DataFrame: ...
    def orders(self, run_id: str, *, floats: bool = False) -> pa.Table | pd.DataFrame:
        """The orders of a full run, one row each.

        Args:
            floats: Whether to return a pandas DataFrame of doubles, indexed by the time in UTC (`ts_submitted` of orders),
                instead of a table of exact decimals. A double has 15 to 17 significant digits: longer values are rounded, and
                sums of doubles are inexact. Use the decimals where money must add up.

        Raises:
            TickreelError: TABLE_NOT_KEPT of a fast run, as for fills and equity.
        """
        return self._table(run_id, "orders.parquet", "ts_submitted" if floats else None)

    @overload
    def fills(self, run_id: str, *, floats: Literal[False] = False) -> pa.Table: ...
    @overload
    def fills(self, run_id: str, *, floats: Literal[True]) -> pd.DataFrame: ...
    def fills(self, run_id: str, *, floats: bool = False) -> pa.Table | pd.DataFrame:
        """The fills of a full run, one row each.

        Args:
            floats: As for `orders`: a DataFrame of doubles, rounded, indexed by `ts`.
        """
        return self._table(run_id, "fills.parquet", "ts" if floats else None)

    @overload
    def equity(self, run_id: str, *, floats: Literal[False] = False) -> pa.Table: ...
    @overload
    def equity(self, run_id: str, *, floats: Literal[True]) -> pd.DataFrame: ...
    def equity(self, run_id: str, *, floats: bool = False) -> pa.Table | pd.DataFrame:
        """Position, profit, fees, equity and drawdown of a full run: one row a trade row, and one at the end where that
        differs from the last trade row.

        Args:
            floats: As for `orders`: a DataFrame of doubles, rounded, indexed by `ts`.
        """
        return self._table(run_id, "equity.parquet", "ts" if floats else None)

    @overload
    def ticks(
        self, run_id: str, columns: Sequence[str] = tables.TICK_COLUMNS, *, floats: Literal[False] = False
    ) -> pa.Table: ...
    @overload
    def ticks(self, run_id: str, columns: Sequence[str] = tables.TICK_COLUMNS, *, floats: Literal[True]) -> pd.DataFrame: ...
    def ticks(
        self, run_id: str, columns: Sequence[str] = tables.TICK_COLUMNS, *, floats: bool = False
    ) -> pa.Table | pd.DataFrame:
        """The trade rows that a run replayed, in replay order: decimal prices and sizes, times in UTC to the nanosecond.

        Args:
            columns: Those to fetch. Without trade_id, whose texts cost the most, rows come many times as fast. `ts_recorded` is
                null in full results written before it existed.
            floats: As for `orders`: a DataFrame of doubles, rounded, indexed by `ts_init`, whether among the columns or not.

        Raises:
            TickreelError: NOT_FOUND, or DATA_CHANGED where a fast run's rows are no longer in the catalog.
        """
        tables.import_pyarrow()
        if not floats:
            return tables.table_of_ticks(self._tick_chunks(run_id, columns), columns)
        tables.import_pandas()
        wanted = list(dict.fromkeys(["ts_init", *columns]))
        return tables.frame_of(tables.table_of_ticks(self._tick_chunks(run_id, wanted), wanted), "ts_init")

    def export(
        self,
        run_id: str,
        name: str,
        to: str | os.PathLike[str] | None = None,
        *,
        on_making: Callable[[int, int], None] = lambda done, total: None,
        on_progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> Path:
        """Fetches a table of a run as a file, to its final name only once it is whole; broken off, the same call goes on.

        Args:
            name: The table and the form: orders.csv, ticks.json. Tables are summary, orders, fills, timeline, equity and
                ticks, forms json, csv and parquet; any other key of `metadata.outputs` of the result is taken too.
            to: The path to write to, or a folder to put it in. Default: <run_id>.<name> in this folder.
            on_making: Called with the rows that the service has made of the file and those of the table, where the run
                did not leave it and nobody has asked for it before.
            on_progress: Called with the bytes that are there and those of the whole file.

        Raises:
            TickreelError: NOT_FOUND, with the names that there are; TABLE_NOT_KEPT for a fast run; STORE_NOT_WRITABLE.
        """
        path = Path(f"{run_id}.{name}" if to is None else to)
        if path.is_dir():
            path = path / f"{run_id}.{name}"
        download.download(self._results, run_id, name, path, on_making, on_progress)
        return path

    def close(self) -> None:
        """Closes the connections."""
        self._runner.close()
        self._results.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def _finish(self, created: run_pb2.Run, on_progress: Callable[[run_pb2.Run], None]) -> run_pb2.Run:
        run = created
        try:
            for run in self.watch(created.run_id):
                on_progress(run)
        except KeyboardInterrupt:
            # It may have ended in this moment.
            with suppress(TickreelError):
                self.cancel(run.run_id)
            raise
        except TickreelError as error:
            raise TickreelError(error.reason, f"run {run.run_id}: {error.message}", **error.metadata) from None
        if run.state == jobs.FAILED:
            raise TickreelError(run.failure.reason, f"run {run.run_id}: {run.failure.message}", **run.failure.metadata)
        if run.state == jobs.CANCELLED:
            raise TickreelError("JOB_ENDED", f"run {run.run_id} was cancelled", id=run.run_id, state="CANCELLED")
        return run

    def _table(self, run_id: str, name: str, index: str | None) -> pa.Table | pd.DataFrame:
        """A table of a run; with an index, a DataFrame."""
        tables.import_pyarrow()
        if index is not None:
            tables.import_pandas()
        table = tables.table_of_parquet(b"".join(part.data for part in download.parts(self._results, run_id, name)))
        return table if index is None else tables.frame_of(table, index)

    def _tick_chunks(self, run_id: str, columns: Sequence[str]) -> Iterator[Any]:
        cursor = ""
        # Every chunk says by its times how many rows it has, and by itself the number of its first row.
        mask = FieldMask(paths=sorted({"ts_init", *columns} - {"trade_row"}))

        def request() -> results_service_pb2.StreamTicksRequest:
            return results_service_pb2.StreamTicksRequest(run_id=run_id, cursor=cursor, read_mask=mask)

        for response in self._results.stream("StreamTicks", request):
            cursor = response.cursor
            yield response.trades


def _service(name: str, address: str | None) -> Service:
    named = (os.environ.get(address_variable(service)) for service in (name, "gateway"))
    return Service(name, address or next(filter(None, named), default_address("gateway")))


def _document(config: Mapping[str, Any] | str | os.PathLike[str]) -> tuple[dict[str, Any], str]:
    """The JSON values of a config, and where they come from."""
    if not isinstance(config, Mapping):
        return json_document.read_file(Path(config)), os.fspath(config)
    try:
        text = json.dumps(config)
    except (TypeError, ValueError, RecursionError) as error:
        raise TickreelError("CONFIG_INVALID", f"the config has a value that is no JSON: {error}") from None
    return json_document.parse(text.encode(), "the config"), ""


def _choice(enum: Any, field: str, word: str) -> Any:
    prefix, *names = enum.keys()
    words = {name.removeprefix(prefix.removesuffix("UNSPECIFIED")).lower(): name for name in names}
    if word not in words:
        raise invalid_request(field, f"is {word!r}; it must be {' or '.join(words)}")
    return enum.Value(words[word])


def _instant(field: str, time: str | datetime | None) -> Timestamp | None:
    if time is None:
        return None
    stamp = Timestamp()
    try:
        stamp.FromJsonString(time.isoformat() if isinstance(time, datetime) else time)
    except ValueError:
        raise invalid_request(field, f"is {str(time)!r}, no time with its zone; 2024-07-18T23:57:00Z is one") from None
    return stamp
