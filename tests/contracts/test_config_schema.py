"""The JSON Schema of run configs: generated from the protos, and as strict as the Runner."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tickreel.runner.config.json_schema import render
from tickreel.v1 import run_config_pb2

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "configs/schema/run_config.schema.json"


def test_the_committed_schema_is_generated_from_the_protos() -> None:
    buf = Path(sys.executable).with_name("buf")
    image = subprocess.run([buf, "build", "-o", "-"], cwd=ROOT, capture_output=True, check=True).stdout
    assert render(image) == SCHEMA.read_text(), "run: make proto"


def test_every_key_has_a_description_and_unknown_keys_are_refused() -> None:
    def check(schema: dict[str, Any], path: str) -> None:
        assert schema["additionalProperties"] is False, path
        for key, value in schema["properties"].items():
            if key != "$schema":
                assert value["description"], f"{path}.{key}"
            if "properties" in value:
                check(value, f"{path}.{key}")

    schema = json.loads(SCHEMA.read_text())
    check(schema, "config")
    assert set(schema["properties"]) - {"$schema"} == {field.json_name for field in run_config_pb2.RunConfig.DESCRIPTOR.fields}


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.json")), ids=lambda path: path.stem)
def test_a_committed_config_names_the_schema_and_has_the_required_keys(path: Path) -> None:
    schema, config = json.loads(SCHEMA.read_text()), json.loads(path.read_text())
    assert (path.parent / config["$schema"]).resolve() == SCHEMA
    assert set(schema["required"]) <= set(config)
