"""What a result keeps so that its run can be executed again and compared: its config, and a trace of each order."""

import json
from pathlib import Path

from tickreel.rpc import json_document
from tickreel.rpc.errors import TickreelError
from tickreel.runner.config.config_json import to_document
from tickreel.stores.results import StoredResult
from tickreel.v1 import result_pb2, run_config_pb2

CONFIG = "config.json"
"""All that was resolved, as a config file that says it again, but not where it ran."""
MARKS = "marks.bin"
"""Of a fast run; see `order_marks`."""
ORDERS, FILLS = "orders.parquet", "fills.parquet"
"""Of a full run."""


def kept_rows(*, full: bool) -> tuple[str, ...]:
    """The files that the orders and fills of another execution are compared with."""
    return (ORDERS, FILLS) if full else (MARKS,)


def write_config(config: run_config_pb2.RunConfig, folder: Path) -> None:
    """Writes a resolved config."""
    document = to_document(config)
    document.pop("environment", None)
    (folder / CONFIG).write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def read_config(stored: StoredResult) -> dict[str, object]:
    """The JSON values of the config of a result that keeps all it takes.

    Raises:
        TickreelError: NOT_VERIFIABLE where a file is missing, CONFIG_INVALID where the config is no JSON.
    """
    for path in (stored.folder / name for name in kept_rows(full=stored.is_full)):
        if not path.is_file():
            raise _not_verifiable(stored, f"{path} is missing")
    try:
        content = (stored.folder / CONFIG).read_bytes()
    except OSError as error:
        raise _not_verifiable(stored, f"{stored.folder / CONFIG} cannot be read: {error.strerror or error}") from None
    return json_document.parse(content, str(stored.folder / CONFIG))


def snapshot_mode(stored: StoredResult, metadata: result_pb2.RunMetadata) -> result_pb2.SnapshotMode:
    """The snapshot mode of a result.

    Raises:
        TickreelError: NOT_VERIFIABLE where it is none.
    """
    word = metadata.snapshot_mode
    try:
        return result_pb2.SnapshotMode.Value(f"SNAPSHOT_MODE_{word.upper()}")
    except ValueError:
        raise _not_verifiable(stored, f"metadata.snapshot_mode of {stored.summary} is {word!r}") from None


def _not_verifiable(stored: StoredResult, problem: str) -> TickreelError:
    message = f"the result {stored.run_id} cannot be verified: {problem}; a new run of its config makes one that can"
    return TickreelError("NOT_VERIFIABLE", message, run_id=stored.run_id)
