"""The files that a verification needs from a result: the config, and the rows to compare with."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tickreel.rpc import json_document
from tickreel.rpc.errors import TickreelError
from tickreel.runner.config.config_json import to_document
from tickreel.stores.result_layout import ResultFile
from tickreel.stores.results import StoredResult
from tickreel.v1 import result_pb2, run_config_pb2

MARK_BYTES = 8
"""The size of the mark of an order; see `order_marks`."""


def compared_files(*, full: bool) -> tuple[ResultFile, ...]:
    """Return the files that the orders and fills of another execution are compared with."""
    return (ResultFile.ORDERS, ResultFile.FILLS) if full else (ResultFile.MARKS,)


def write_config(config: run_config_pb2.RunConfig, folder: Path) -> None:
    """Write a resolved config without its environment."""
    document = to_document(config)
    document.pop("environment", None)
    (folder / ResultFile.CONFIG).write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def read_config(stored: StoredResult, summary: result_pb2.RunSummary) -> dict[str, object]:
    """Return the JSON values of the kept config, after checking that the result has all files that a verification needs.

    Raises:
        TickreelError: NOT_VERIFIABLE if a file is missing, cannot be read, or has another number of rows than the summary says.
    """
    counted = {ResultFile.MARKS: summary.orders, ResultFile.ORDERS: summary.orders, ResultFile.FILLS: summary.fills}
    for file in compared_files(full=stored.is_full):
        path = stored.folder / file
        if not path.is_file():
            raise _not_verifiable(stored, f"{path} is missing")
        try:
            rows = path.stat().st_size / MARK_BYTES if file is ResultFile.MARKS else pq.read_metadata(path).num_rows
        except (OSError, pa.ArrowException) as error:
            raise _not_verifiable(stored, f"{path} cannot be read: {' '.join(str(error).split())}") from None
        if rows != counted[file]:
            text = f"{path} has {rows:,g} rows, but the summary says {counted[file]:,}"
            raise _not_verifiable(stored, text)
    path = stored.folder / ResultFile.CONFIG
    try:
        return json_document.parse(path.read_bytes(), str(path))
    except OSError as error:
        raise _not_verifiable(stored, f"{path} cannot be read: {error.strerror or error}") from None
    except TickreelError as error:
        raise _not_verifiable(stored, " ".join(str(error).split())) from None


def snapshot_mode(stored: StoredResult, metadata: result_pb2.RunMetadata) -> result_pb2.SnapshotMode:
    """Return the snapshot mode of a result.

    Raises:
        TickreelError: NOT_VERIFIABLE if the field is unset.
    """
    if not metadata.snapshot_mode:
        raise _not_verifiable(stored, f"metadata.snapshot_mode of {stored.summary} is empty")
    return metadata.snapshot_mode


def _not_verifiable(stored: StoredResult, problem: str) -> TickreelError:
    message = (
        f"the result {stored.run_id} cannot be verified: {problem}; "
        "create a new run with the same config to get a result that can be verified"
    )
    return TickreelError("NOT_VERIFIABLE", message, run_id=stored.run_id)
