"""The script for plain NautilusTrader in the reference, run unchanged in a process without Tickreel."""

import subprocess
import sys

from documents import code_blocks
from terminal import Up

_WITHOUT_TICKREEL = """
import sys

assert not [name for name in sys.modules if name.partition(".")[0] == "tickreel"]
"""


def test_the_script_replays_the_catalog_without_tickreel(up: Up) -> None:
    converted = up.terminal.json("convert", "--config", "configs/sample_btc_usdt.json", "--data_types", "both")
    rows = sum(file["rows"] for file in converted["files"] if file["data_type"] == "DATA_TYPE_TRADES")
    (code,) = code_blocks("The catalog on disk", "python")
    command = [sys.executable, "-c", code + _WITHOUT_TICKREEL]
    called = subprocess.run(command, cwd=up.terminal.folder, capture_output=True, text=True, timeout=100, check=False)
    assert called.returncode == 0, called.stderr
    assert called.stdout.startswith(f"{rows} trades, {rows // 10} orders, "), called.stdout
