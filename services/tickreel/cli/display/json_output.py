"""What `--output json` prints."""

import json
from typing import Any


def print_json(values: dict[str, Any]) -> None:
    """Prints JSON to standard output, where nothing else goes."""
    print(json.dumps(values, indent=2, ensure_ascii=False), flush=True)
