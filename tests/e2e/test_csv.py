"""Raw data as `.csv.gz`: the same rows make the same catalog and the same run as from Parquet."""

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recordings import BTC, DAY, RawFolder, needs_real_data, real_data, trades
from run_configs import run_config
from terminal import Terminal, wait_until_empty
from tickreel.rpc.settings import CSV, PARQUET, USE_PARQUET

REAL_DAY = "2020-02-22"


@pytest.fixture
def here(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, {"TMPDIR": str(tmp_path)})


def _config(here: Terminal, ending: str, day: str, **precisions: int) -> Path:
    """Write a config for one type of raw files, whose folders are set only by its environment block."""
    config = run_config(BTC, f"{day}T00:00:00Z", f"{day}T23:59:59.999999999Z", **precisions)
    kind = ending.strip(".")
    config["environment"] = {
        "UNIFIED_CLOUD_LOCAL_PATH": f"raw-{kind}",
        "DATA_CATALOG_PATH": f"catalog-{kind}",
        USE_PARQUET: ending == PARQUET,
    }
    path = here.folder / f"{kind}.json"
    path.write_text(json.dumps(config))
    return path


def _write(here: Terminal, table: pa.Table, ending: str, day: str = DAY) -> Path:
    return RawFolder(here.folder / f"raw-{ending.strip('.')}", ending).write(table, day)


def _converted(here: Terminal, config: Path) -> dict[str, Any]:
    files: list[dict[str, Any]] = here.json("convert", "--config", config, "--standalone")["files"]
    (file,) = files
    return file


def _without_paths(file: dict[str, Any]) -> dict[str, Any]:
    """The fields that must be equal for both types of raw files."""
    return {name: value for name, value in file.items() if name not in ("source", "path")}


def test_the_same_rows_make_the_same_run(here: Terminal) -> None:
    table = trades(3_000)
    results = []
    for ending in (PARQUET, CSV):
        _write(here, table, ending)
        config = _config(here, ending, DAY)
        results.append(here.json("run", "--config", config, "--snapshot-mode", "trades", "--standalone"))
        file = _converted(here, config)
        assert (file["cached"], file["rows"]) == (True, 3_000)
        assert file["source"].endswith(f"{BTC}{ending}")
    parquet, csv = (result["metadata"] for result in results)
    for digest in ("data_digest", "result_digest"):
        assert csv[digest] == parquet[digest]
    assert results[0]["summary"] == results[1]["summary"]
    wait_until_empty(here.folder)


def test_a_price_that_is_not_a_number_is_refused_with_its_row(here: Terminal) -> None:
    path = _write(here, trades(100), CSV)
    text = gzip.decompress(path.read_bytes()).decode().replace("64050.5", "sixty")
    path.write_bytes(gzip.compress(text.encode()))
    refused = here.call("convert", "--config", _config(here, CSV, DAY), "--standalone", code=2)
    assert "price is 'sixty' in row 50 (from 0)" in refused.err


def test_raw_files_of_the_other_type_are_hinted_at(here: Terminal) -> None:
    _write(here, trades(), CSV)
    shutil.move(here.folder / "raw-csv.gz", here.folder / "raw-parquet")
    refused = here.call("convert", "--config", _config(here, PARQUET, DAY), "--standalone", code=2)
    assert f"set {USE_PARQUET} to false to read .csv.gz files" in refused.err


@needs_real_data
def test_real_csv_and_real_parquet_convert_to_the_same_file(here: Terminal) -> None:
    (csv,) = (real_data() / "csv").glob(f"*{REAL_DAY}*{CSV}")
    shutil.copyfile(csv, _write(here, trades(), CSV, REAL_DAY))
    _write(here, pq.read_table(RawFolder(real_data()).path(REAL_DAY)).slice(0, 9_999), PARQUET, REAL_DAY)
    parquet, csv_file = (_converted(here, _config(here, ending, REAL_DAY, price_precision=2)) for ending in (PARQUET, CSV))
    assert parquet["rows"] == 9_999
    assert _without_paths(csv_file) == _without_paths(parquet)
