"""The spec of a run's process: the run, the converted files of its window, and the folders it uses."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf import json_format

from tickreel.v1 import conversion_pb2, result_pb2, run_pb2


@dataclass(frozen=True)
class RunSpec:
    """The spec of one run. `scratch` is an empty folder that is removed when the process ends."""

    run: run_pb2.Run
    files: list[conversion_pb2.ConvertedFile]
    notes: list[result_pb2.Finding]
    catalog_root: Path
    results_root: Path
    tickdata_root: Path
    scratch: Path
    environment: dict[str, str]
    chunk_size: int
    segment_rows: int
    processes: int

    def to_json(self) -> dict[str, Any]:
        """Return the spec as JSON values."""
        return {
            "run": json_format.MessageToDict(self.run),
            "files": [json_format.MessageToDict(file) for file in self.files],
            "notes": [json_format.MessageToDict(note) for note in self.notes],
            "catalog_root": str(self.catalog_root),
            "results_root": str(self.results_root),
            "tickdata_root": str(self.tickdata_root),
            "scratch": str(self.scratch),
            "environment": self.environment,
            "chunk_size": self.chunk_size,
            "segment_rows": self.segment_rows,
            "processes": self.processes,
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "RunSpec":
        """Return the spec for values from `to_json`."""
        return cls(
            run=json_format.ParseDict(values["run"], run_pb2.Run()),
            files=[json_format.ParseDict(file, conversion_pb2.ConvertedFile()) for file in values["files"]],
            notes=[json_format.ParseDict(note, result_pb2.Finding()) for note in values["notes"]],
            catalog_root=Path(values["catalog_root"]),
            results_root=Path(values["results_root"]),
            tickdata_root=Path(values["tickdata_root"]),
            scratch=Path(values["scratch"]),
            environment=values["environment"],
            chunk_size=values["chunk_size"],
            segment_rows=values["segment_rows"],
            processes=values["processes"],
        )
