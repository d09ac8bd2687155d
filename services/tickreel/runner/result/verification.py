"""What came of a second execution of a run, beside what the result of the first one keeps."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tickreel.runner.result.divergence import first_divergence
from tickreel.stores.result_layout import ResultFile
from tickreel.stores.results import ResultStore, StoredResult, to_json
from tickreel.v1 import result_pb2, verification_pb2
from tickreel.v1.verification_pb2 import FieldDifference, InputChange, Verification

# Of the summary what is no figure: it follows from figures that are compared.
_DRAWN = "pnl_sketch"


def verify(
    store: ResultStore, stored: StoredResult, again: result_pb2.Result, folder: Path, on_progress: Callable[[int, int], None]
) -> Verification:
    """Compares a second execution with the result of the first.

    Args:
        again: The result of the second execution.
        folder: Its tables, and its marks where the first was fast.
        on_progress: Called with the tables compared and those to compare in all.

    Raises:
        TickreelError: NOT_FOUND or DATA_CHANGED where the result was removed or spoilt meanwhile.
    """
    recorded = store.load(stored)
    divergence = first_divergence(stored, folder, on_progress)
    summary = list(_summary_differences(stored, again))
    digests = recorded.metadata.result_digest, again.metadata.result_digest
    equal = divergence is None and not summary and digests[0] == digests[1]
    return Verification(
        verdict=verification_pb2.VERDICT_EQUAL if equal else verification_pb2.VERDICT_DIFFERENT,
        recorded_digest=digests[0],
        result_digest=digests[1],
        orders=again.summary.orders,
        fills=again.summary.fills,
        inputs=_input_changes(recorded.metadata, again.metadata),
        divergence=divergence,
        summary=summary,
    )


def _input_changes(recorded: result_pb2.RunMetadata, again: result_pb2.RunMetadata) -> Iterator[InputChange]:
    """The inputs of which the two say different things, in the order of `RunInput`."""
    for number, (before, now) in enumerate(zip(_inputs(recorded), _inputs(again), strict=True), 1):
        for name in before | now:
            if before.get(name, "") != now.get(name, ""):
                yield InputChange(input=number, name=name, recorded=before.get(name, ""), present=now.get(name, ""))


def _inputs(metadata: result_pb2.RunMetadata) -> tuple[dict[str, str], ...]:
    """What each of `RunInput` was: digests and versions by name."""
    # The span is no input of its own: it follows from the config and the rows.
    return (
        {ResultFile.CONFIG: metadata.config_digest},
        {file.source: file.digest for file in metadata.data_files},
        dict([metadata.engine.rpartition(" ")[::2]]),
        {package.name: f"{package.version} {package.digest}" for package in metadata.code},
    )


def _summary_differences(stored: StoredResult, again: result_pb2.Result) -> Iterator[FieldDifference]:
    """The figures of the file that came out otherwise; one that it does not have is of a later version."""
    recorded = _flat("", json.loads(stored.summary.read_bytes())["summary"] | {_DRAWN: []})
    present = _flat("", json.loads(to_json(again))["summary"])
    for name, value in recorded.items():
        if present.get(name, "") != value:
            yield FieldDifference(name=name, recorded=value, again=present.get(name, ""))


def _flat(path: str, value: Any) -> dict[str, str]:
    """The values below a JSON value, as texts, by their paths."""
    match value:
        case dict():
            parts = [(f"{path}.{key}" if path else key, item) for key, item in value.items()]
        case list():
            parts = [(f"{path}[{number}]", item) for number, item in enumerate(value)]
        case _:
            return {path: value if isinstance(value, str) else json.dumps(value)}
    return {name: text for key, item in parts for name, text in _flat(key, item).items()}
