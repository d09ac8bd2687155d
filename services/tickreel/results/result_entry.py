"""Entry of a result in lists: identity, figures, notes and tags."""

from tickreel.stores.results import figures_of
from tickreel.v1 import result_pb2


def result_entry(noted: result_pb2.NotedResult) -> result_pb2.ResultEntry:
    """Return the entry of a result."""
    result, metadata = noted.result, noted.result.metadata
    return result_pb2.ResultEntry(
        run_id=result.run_id,
        mode=result.mode,
        snapshot_mode=metadata.snapshot_mode,
        instrument=result.instrument,
        dataset=result.dataset,
        strategy=metadata.strategy,
        config_path=metadata.config_path,
        replay_start=metadata.replay_start,
        replay_end=metadata.replay_end,
        figures=figures_of(result),
        created_at=noted.created_at,
        notes=noted.notes,
        tags=noted.tags,
    )
