"""The entry of a run in lists: its identity, state and figures."""

from tickreel.stores.results import figures_of
from tickreel.v1 import run_pb2


def run_entry(run: run_pb2.Run) -> run_pb2.RunEntry:
    """Return the entry of a run."""
    config = run.config
    entry = run_pb2.RunEntry(
        run_id=run.run_id,
        state=run.state,
        config_digest=run.config_digest,
        attempts=run.attempts,
        queue_position=run.queue_position,
        verified_run_id=run.verified_run_id,
        instrument=config.instrument.id,
        strategy=config.strategy.name,
        verdict=run.verification.verdict,
    )
    for name in ("options", "progress", "failure", "created_at", "started_at", "ended_at", "live"):
        if run.HasField(name):
            getattr(entry, name).CopyFrom(getattr(run, name))
    if config.HasField("time_window"):
        entry.time_window.CopyFrom(config.time_window)
    if run.HasField("result"):
        entry.figures.CopyFrom(figures_of(run.result))
    return entry
