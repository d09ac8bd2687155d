"""The blocking client of the Runner and the Results."""

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

# The service reads the footers of the raw files before it answers, which is slow on a mounted bucket.
_CREATE_SECONDS = 300.0


class Client:
    """A client of the Runner and the Results.

    Calls block. They also work while an event loop runs, as in a notebook. Every failure raises `TickreelError`.

    Args:
        address: The address of the gateway, which serves both. Default: TICKREEL_RUNNER_ADDRESS and TICKREEL_RESULTS_ADDRESS,
            else TICKREEL_GATEWAY_ADDRESS, else the gateway's default address.
        runner, results: The address of one service, if it is not reached through `address`.
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
        """Run a config and wait for the end. A KeyboardInterrupt (Ctrl-C, the stop button of a notebook) cancels the run.

        Args:
            config: The path of a config file, or its content.
            on_progress: Called with the current state of the run, at most ten times a second.
            options: The options of `create`.

        Raises:
            TickreelError: The run was refused or failed. JOB_ENDED: it was cancelled.
        """
        return self._finish(self.create(config, **options), on_progress)

    def verify(
        self, run_id: str, *, on_progress: Callable[[run_pb2.Run], None] = lambda _: None
    ) -> verification_pb2.Verification:
        """Execute a finished run again and compare the outcome: see `verdict`. A KeyboardInterrupt cancels the execution.

        Args:
            on_progress: As for `run`.

        Raises:
            TickreelError: The verification was refused (also NOT_FOUND, NOT_VERIFIABLE) or failed. JOB_ENDED: it was
                cancelled.
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
        """Create a run, without waiting for its end.

        Args:
            config: The path of a config file, or its content.
            snapshot_mode: The data to replay: trades, book or both.
            mode: The tables to keep: fast (only the summary) or full.
            start, end: The window, instead of the config's: ISO 8601 with a zone, or a datetime with a zone.
            dataset: The only day folder of raw data to read.
            export_ticks: Whether to export the ticks as JSON. A full run always does.
            validate_only: Whether to only check the config and the data.

        Raises:
            TickreelError: The run was refused; the error has one violation per problem.
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
        created: run_pb2.Run = self._runner.call("CreateRun", request, timeout=_CREATE_SECONDS).run
        return created

    def watch(self, run_id: str) -> Iterator[run_pb2.Run]:
        """Yield the current state of a run and each later one, up to its final state. Leaving the iteration does not cancel it.

        Raises:
            TickreelError: NOT_FOUND. SERVICE_UNAVAILABLE: the Runner has not answered for 30 seconds.
        """
        for response in self._runner.stream("WatchRun", lambda: runner_service_pb2.WatchRunRequest(run_id=run_id)):
            yield response.run

    def cancel(self, run_id: str) -> run_pb2.Run:
        """Cancel a run.

        Raises:
            TickreelError: NOT_FOUND, or JOB_ENDED.
        """
        cancelled: run_pb2.Run = self._runner.call("CancelRun", runner_service_pb2.CancelRunRequest(run_id=run_id)).run
        return cancelled

    def result(self, run_id: str) -> result_pb2.Result:
        """Return the result of a run: figures, findings, and the inputs that they were computed from.

        Raises:
            TickreelError: NOT_FOUND, or RESULT_DELETED.
        """
        noted: result_pb2.NotedResult = self._results.call(
            "GetResult", results_service_pb2.GetResultRequest(run_id=run_id)
        ).result
        return noted.result

    def summary(self, run_id: str, *, floats: bool = False) -> dict[str, Any]:
        """Return the figures of a run by their paths below the summary: `pnl`, `statistics.win_rate`, `costs.total`.

        Decimals are `Decimal`, counts `int`, times `str`; an unset figure is None.

        Args:
            floats: Whether decimals are `float` instead of `Decimal`. Floats are rounded to 15 to 17 significant digits.

        Raises:
            TickreelError: As for `result`.
        """
        return summary.figures(self.result(run_id).summary, floats=floats)

    def annotate(self, run_id: str, *, notes: str | None = None, tags: Sequence[str] | None = None) -> result_pb2.NotedResult:
        """Replace the notes or the tags of a result. None leaves them unchanged.

        Raises:
            TickreelError: NOT_FOUND, RESULT_DELETED, or INVALID_REQUEST with one violation per problem.
        """
        paths = [name for name, value in (("notes", notes), ("tags", tags)) if value is not None]
        request = results_service_pb2.UpdateResultRequest(
            run_id=run_id, notes=notes, tags=tags, update_mask=FieldMask(paths=paths)
        )
        noted: result_pb2.NotedResult = self._results.call("UpdateResult", request).result
        return noted

    def delete_result(self, run_id: str) -> None:
        """Delete a result for good: its tables, exports, notes and tags. The run stays in the list of runs.

        Raises:
            TickreelError: NOT_FOUND, RESULT_DELETED, or STORE_NOT_WRITABLE.
        """
        self._results.call("DeleteResult", results_service_pb2.DeleteResultRequest(run_id=run_id))

    @overload
    def orders(self, run_id: str, *, floats: Literal[False] = False) -> pa.Table: ...
    @overload
    def orders(self, run_id: str, *, floats: Literal[True]) -> pd.DataFrame: ...
    def orders(self, run_id: str, *, floats: bool = False) -> pa.Table | pd.DataFrame:
        """Return the orders of a full run, one row per order.

        Args:
            floats: Whether to return a pandas DataFrame of doubles, indexed by the time in UTC (`ts_submitted` of orders),
                instead of a table of exact decimals. A double has 15 to 17 significant digits: longer values are rounded, and
                sums of doubles are inexact. Use the decimals where money must add up.

        Raises:
            TickreelError: TABLE_NOT_KEPT for a fast run; also for the tables below except ticks.
        """
        return self._table(run_id, "orders.parquet", "ts_submitted" if floats else None)

    @overload
    def order_updates(self, run_id: str, *, floats: Literal[False] = False) -> pa.Table: ...
    @overload
    def order_updates(self, run_id: str, *, floats: Literal[True]) -> pd.DataFrame: ...
    def order_updates(self, run_id: str, *, floats: bool = False) -> pa.Table | pd.DataFrame:
        """Return the updates of the orders of a full run: all events of orders except creations and fills.

        The table is empty for copying strategies.

        Args:
            floats: As for `orders`: a DataFrame of doubles, rounded, indexed by `ts`.

        Raises:
            TickreelError: TABLE_NOT_KEPT for a fast run, and for a result of an earlier version.
        """
        return self._table(run_id, "order_updates.parquet", "ts" if floats else None)

    @overload
    def fills(self, run_id: str, *, floats: Literal[False] = False) -> pa.Table: ...
    @overload
    def fills(self, run_id: str, *, floats: Literal[True]) -> pd.DataFrame: ...
    def fills(self, run_id: str, *, floats: bool = False) -> pa.Table | pd.DataFrame:
        """Return the fills of a full run, one row per fill.

        Args:
            floats: As for `orders`: a DataFrame of doubles, rounded, indexed by `ts`.
        """
        return self._table(run_id, "fills.parquet", "ts" if floats else None)

    @overload
    def positions(self, run_id: str, *, floats: Literal[False] = False) -> pa.Table: ...
    @overload
    def positions(self, run_id: str, *, floats: Literal[True]) -> pd.DataFrame: ...
    def positions(self, run_id: str, *, floats: bool = False) -> pa.Table | pd.DataFrame:
        """Return the positions of a full run, one row from the opening to the close of a position.

        A position that was open at the end has no `ts_closed`.

        Args:
            floats: As for `orders`: a DataFrame of doubles, rounded, indexed by `ts_opened`.

        Raises:
            TickreelError: TABLE_NOT_KEPT for a fast run, and for a result of an earlier version.
        """
        return self._table(run_id, "positions.parquet", "ts_opened" if floats else None)

    @overload
    def equity(self, run_id: str, *, floats: Literal[False] = False) -> pa.Table: ...
    @overload
    def equity(self, run_id: str, *, floats: Literal[True]) -> pd.DataFrame: ...
    def equity(self, run_id: str, *, floats: bool = False) -> pa.Table | pd.DataFrame:
        """Return position, profit, fees, equity and drawdown of a full run.

        There is one row per trade row, and one more at the end if the account changed after the last trade row.

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
        """Return the trade rows that a run replayed, in replay order.

        Prices and sizes are decimals, times are UTC to the nanosecond.

        Args:
            columns: The columns to fetch. Without `trade_id`, a string column, the download is many times faster. `ts_recorded`
                is null in full results written before the column existed.
            floats: As for `orders`: a DataFrame of doubles, rounded. Its index is `ts_init`, even if not among the columns.

        Raises:
            TickreelError: NOT_FOUND. DATA_CHANGED: the catalog no longer has the rows of a fast run.
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
        """Download a table of a run as a file and return its path.

        The file gets its final name once it is complete. The same call resumes an interrupted download.

        Args:
            name: The table and the format, e.g. orders.csv or ticks.json. The tables are summary, orders, order_updates,
                fills, positions, timeline, equity and ticks; the formats are json, csv and parquet. Any other key of the
                result's `metadata.outputs` is accepted, too.
            to: The file or folder to write to. Default: <run_id>.<name> in the current folder.
            on_making: Called with (rows written, rows in all) while the service makes the file. The service makes a file on its
                first export, unless the run wrote it.
            on_progress: Called with (bytes downloaded, bytes in all).

        Raises:
            TickreelError: NOT_FOUND; the message lists the known names. TABLE_NOT_KEPT for a fast run. STORE_NOT_WRITABLE.
        """
        path = Path(f"{run_id}.{name}" if to is None else to)
        if path.is_dir():
            path = path / f"{run_id}.{name}"
        download.download(self._results, run_id, name, path, on_making, on_progress)
        return path

    def close(self) -> None:
        """Close the connections."""
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
            # The run may have just ended.
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
        """Return a table of a run, or with an index column a DataFrame."""
        tables.import_pyarrow()
        if index is not None:
            tables.import_pandas()
        table = tables.table_of_parquet(b"".join(part.data for part in download.parts(self._results, run_id, name)))
        return table if index is None else tables.frame_of(table, index)

    def _tick_chunks(self, run_id: str, columns: Sequence[str]) -> Iterator[Any]:
        cursor = ""
        # `ts_init` gives the number of rows of a chunk. Chunks have no column `trade_row`, but always `first_row`.
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
    """Return the JSON values of a config, and the path of its file or ""."""
    if not isinstance(config, Mapping):
        return json_document.read_file(Path(config)), os.fspath(config)
    try:
        text = json.dumps(config)
    except (TypeError, ValueError, RecursionError) as error:
        raise TickreelError("CONFIG_INVALID", f"the config has a value that is not JSON: {error}") from None
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
        message = f"is {str(time)!r}, not a time with a zone; write it like 2024-07-18T23:57:00Z"
        raise invalid_request(field, message) from None
    return stamp
