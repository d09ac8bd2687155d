"""The comparison of a second execution of a run with the result of the first."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tickreel.runner.result.divergence import first_divergence
from tickreel.stores.result_layout import ResultFile
from tickreel.stores.results import ResultStore, StoredResult, to_json
from tickreel.v1 import result_pb2, verification_pb2
from tickreel.v1.verification_pb2 import FieldDifference, InputChange, Verification

# Not compared: the curve follows from figures that are compared.
_SKETCH = "pnl_sketch"


def verify(
    store: ResultStore,
    stored: StoredResult,
    again: result_pb2.Result,
    folder: Path,
    calls: Iterable[result_pb2.Finding],
    on_progress: Callable[[int, int], None],
) -> Verification:
    """Compare a second execution with the result of the first.

    Args:
        again: The result of the second execution.
        folder: The tables of the second execution, and its marks if the first run was fast.
        calls: Findings on calls of the strategy during the second execution.
        on_progress: Called with the number of files compared so far and the number of files in all.

    Raises:
        TickreelError: NOT_FOUND if the result was deleted during the execution, DATA_CHANGED if one of its files was damaged.
    """
    recorded = store.load(stored)
    divergence = first_divergence(stored, folder, on_progress)
    summary = list(_summary_differences(stored, again))
    digests = recorded.metadata.result_digest, again.metadata.result_digest
    equal = divergence is None and not summary and digests[0] == digests[1]
    inputs = list(_input_changes(recorded.metadata, again.metadata))
    findings = list(calls)
    if not (equal or inputs):
        findings.append(_unexplained(same_digest=digests[0] == digests[1], code=again.metadata.code))
    return Verification(
        verdict=verification_pb2.VERDICT_EQUAL if equal else verification_pb2.VERDICT_DIFFERENT,
        recorded_digest=digests[0],
        result_digest=digests[1],
        orders=again.summary.orders,
        fills=again.summary.fills,
        inputs=inputs,
        divergence=divergence,
        summary=summary,
        findings=findings,
    )


def _unexplained(*, same_digest: bool, code: Sequence[result_pb2.CodePackage]) -> result_pb2.Finding:
    """Return the usual causes of a difference although no input has changed.

    Args:
        same_digest: Whether both executions have the same result digest.
        code: The packages of the run: the product, and the package of the strategy if that is another one.
    """
    if same_digest:
        causes = "the digests of both executions are equal, so a file of the result was changed after the run"
    elif len(code) == 1:
        causes = "the strategy is a part of Tickreel and is deterministic, so a file of the result was changed after the run"
    else:
        causes = (
            f"usual causes in a strategy, here of the package {code[-1].name}: the clock of the machine, random numbers without"
            " a seed, the order of a set of strings (it differs in every process; sort it), a file or an address that it reads,"
            " or another version of a package that it imports. Otherwise a file of the result was changed after the run"
        )
    message = f"the executions differ, but config, data, engine and code are unchanged; {causes}"
    return result_pb2.Finding(severity=result_pb2.SEVERITY_WARNING, code="DIFFERS_WITHOUT_CHANGE", message=message)


def _input_changes(recorded: result_pb2.RunMetadata, again: result_pb2.RunMetadata) -> Iterator[InputChange]:
    """Yield the inputs that differ between two executions, in the order of `RunInput`."""
    present = _inputs(again)
    for kind, before in _inputs(recorded).items():
        now = present[kind]
        for name in before | now:
            if before.get(name, "") != now.get(name, ""):
                yield InputChange(input=kind, name=name, recorded=before.get(name, ""), present=now.get(name, ""))


def _inputs(metadata: result_pb2.RunMetadata) -> dict[verification_pb2.RunInput, dict[str, str]]:
    """Return the inputs of an execution by kind: digests and versions by name."""
    # The span of each file is not compared: it follows from the config and the rows.
    engine, _, version = metadata.engine.rpartition(" ")
    return {
        verification_pb2.RUN_INPUT_CONFIG: {ResultFile.CONFIG: metadata.config_digest},
        verification_pb2.RUN_INPUT_DATA: {file.source: file.digest for file in metadata.data_files},
        verification_pb2.RUN_INPUT_ENGINE: {engine: version},
        verification_pb2.RUN_INPUT_CODE: {package.name: f"{package.version} {package.digest}" for package in metadata.code},
    }


def _summary_differences(stored: StoredResult, again: result_pb2.Result) -> Iterator[FieldDifference]:
    """Yield the recorded figures that differ. Figures that the file lacks, because an older version wrote it, are ignored."""
    recorded = _flat("", json.loads(stored.summary.read_bytes())["summary"] | {_SKETCH: []})
    present = _flat("", json.loads(to_json(again))["summary"])
    for name, value in recorded.items():
        if present.get(name, "") != value:
            yield FieldDifference(name=name, recorded=value, again=present.get(name, ""))


def _flat(path: str, value: Any) -> dict[str, str]:
    """Return the leaves of a JSON value as texts, by path."""
    match value:
        case dict():
            parts = [(f"{path}.{key}" if path else key, item) for key, item in value.items()]
        case list():
            parts = [(f"{path}[{number}]", item) for number, item in enumerate(value)]
        case _:
            return {path: value if isinstance(value, str) else json.dumps(value)}
    return {name: text for key, item in parts for name, text in _flat(key, item).items()}
