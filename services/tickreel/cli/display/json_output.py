"""The output of `--output json`."""

import json
from typing import Any


def print_json(values: dict[str, Any]) -> None:
    """Print JSON to standard output. Every other message of a command goes to standard error."""
    print(json.dumps(values, indent=2, ensure_ascii=False), flush=True)
