"""Benchmark of the web UI in headless Chromium, through the gateway: times that a user waits, beside a plain implementation.

    python tests/benchmarks/bench_browser.py [--rows 1000000] [--stream_rows 5000000] [--launches 6]

Results are made from arrays, in the schema of a run's results. The page is the built one. Ticks are streamed in two ways: by
the report's button into typed arrays in its worker, and by the generated client on the page's thread.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))

from full_runs import Ticks, write_full_run
from tickreel.stores.results import ResultStore

FRONTEND = Path(__file__).parents[2] / "frontend"
SERVICES = ("catalog", "converter", "runner", "results", "gateway")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000, help="ticks and orders of the report")
    parser.add_argument("--stream_rows", type=int, default=5_000_000, help="ticks of the stream")
    parser.add_argument(
        "--launches", type=int, default=6, help="launches; the first, which converts the data, counts where it is the only one"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tickreel-bench-") as name:
        folder = Path(name)
        store = ResultStore(folder / "data" / "backtest_results", folder / "frontend" / "public" / "tickdata")
        for run_id, rows in (("REPORT", arguments.rows), ("STREAM", arguments.stream_rows)):
            write_full_run(store, run_id, Ticks.random(rows), timeline=False)
        for config in ("vite.config.ts", "benchmarks/vite.config.ts"):
            options = ("-c", config, "--outDir", str(folder / "dist"), "--logLevel", "error")
            _run_node("node_modules/vite/bin/vite.js", "build", *options)
        found = _measure(folder, arguments.launches)
    _print(found, arguments.rows, arguments.stream_rows)


def _measure(folder: Path, launches: int) -> dict[str, Any]:
    (folder / "configs").mkdir()
    shutil.copy(FRONTEND.parent / "configs/sample_btc_usdt.json", folder / "configs")
    subprocess.run([sys.executable, "-m", "tickreel.cli", "sample-data"], cwd=folder, stdout=subprocess.DEVNULL, check=True)
    addresses = {f"TICKREEL_{service.upper()}_ADDRESS": "127.0.0.1:0" for service in SERVICES}
    environ = {**os.environ, **addresses, "TICKREEL_UI_PATH": str(folder / "dist")}
    command = [sys.executable, "-m", "tickreel.cli", "up", "--output", "json"]
    with subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.PIPE, text=True) as services:
        try:
            url = _first_document(services)["url"]
            found: dict[str, Any] = json.loads(_run_node("benchmarks/browser.ts", url, "REPORT", "STREAM", str(launches)))
            return found
        finally:
            services.terminate()


def _first_document(services: subprocess.Popen[str]) -> dict[str, Any]:
    """Return the document that `tickreel up` prints once all services are up."""
    text = ""
    assert services.stdout is not None
    for line in services.stdout:
        text += line
        try:
            document: dict[str, Any] = json.loads(text)
        except json.JSONDecodeError:
            continue
        return document
    raise SystemExit("the services did not come up")


def _run_node(script: str, *arguments: str) -> str:
    node = Path(sys.executable).with_name("node")
    done = subprocess.run([str(node), script, *arguments], cwd=FRONTEND, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def _print(found: dict[str, Any], rows: int, stream_rows: int) -> None:
    rate = stream_rows / found["streamSeconds"]
    plain = found["plain"]["rows"] / (found["plain"]["milliseconds"] / 1_000)
    print(f"{stream_rows:,} ticks into typed arrays, through the gateway     rows/s")
    print(f"in the worker of the report, by its button            {rate:12,.0f}   (target: at least 5,000,000)")
    print(f"in the plain way, of {found['plain']['rows']:,} rows                    {plain:12,.0f}")
    print(f"ratio {rate / plain:.1f} x; longest time without a frame {found['longestBlock']:.0f} ms (target: 50)")
    print()
    print(f"report of {rows:,} ticks and {rows:,} orders              ms")
    print(f"first chart, as the first to look at the run    {found['coldChart']:8.0f}   (target: under 1,000)")
    print(f"first chart, from then on                       {found['firstChart']:8.0f}   (target: under 1,000)")
    print(f"zoom and pan: longest time to a frame           {found['longestFrame']:8.0f}   (target: under 100)")
    print(
        f"zoom and pan: longest answer of {found['answers']:<4d}            {found['longestAnswer']:8.0f}   (target: under 100)"
    )
    print(f"orders: longest time with a blank row in sight  {found['longestBlank']:8.0f}   (target: under 100)")
    print()
    print(f"launch, the median of {found['launches']}                             ms")
    print(f"from the click to the first progress            {found['firstProgress']:8.0f}   (target: under 300)")
    print(f"of which the Runner took to create the run      {found['created']:8.0f}")


if __name__ == "__main__":
    main()
