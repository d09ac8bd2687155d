"""The entry of a run in lists: its identity and figures, without the whole config and the files that it replayed."""

from tickreel.v1 import run_config_pb2, run_pb2


def run_entry(run: run_pb2.Run) -> run_pb2.Run:
    """The entry of a run."""
    entry, whole = run_pb2.Run(), run.config
    entry.CopyFrom(run)
    config = run_config_pb2.RunConfig(
        instrument=run_config_pb2.InstrumentConfig(id=whole.instrument.id),
        strategy=run_config_pb2.StrategyConfig(name=whole.strategy.name, submission_mode=whole.strategy.submission_mode),
    )
    if whole.HasField("time_window"):
        config.time_window.CopyFrom(whole.time_window)
    entry.config.CopyFrom(config)
    if entry.HasField("result"):
        entry.result.metadata.ClearField("data_files")
    return entry
