"""Refusals end with exit code 2: one line per problem, nothing on standard output, no incomplete file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from e2e_folder import BTC, write_config
from terminal import Terminal

ETH = BTC.replace("BTC", "ETH")


@pytest.fixture(scope="module")
def up(terminal: Terminal) -> Iterator[Terminal]:
    """A terminal with services up. Tests damage the trades of ETH through the fixture `eth_trades`."""
    with terminal.up(jobs=False) as running:
        yield running.terminal


@pytest.fixture
def config(terminal: Terminal) -> Path:
    return terminal.folder / "refused.json"


def refusal(up: Terminal, config: Path, *flags: str) -> list[str]:
    before = everything_in(up.folder / "data/backtest_results")
    refused = up.call("run", "--config", config, "--snapshot_mode", "trades", *flags, code=2)
    assert refused.out == ""
    assert everything_in(up.folder / "data/backtest_results") == before
    return refused.err.splitlines()


def everything_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_every_problem_of_a_config_has_its_own_line(up: Terminal, config: Path) -> None:
    write_config(
        config,
        venue__taker_fee=None,
        venue__starting_balance=None,
        venue__startingBalance=1000,
        risk__throttling_per_sec="1000000",
        strategy__name="NoSuchStrategy",
        strategy__orders=[{"side": "buy"}, {"side": "sell"}],
        time_window={"start": "2024-05-18T02:00:00Z", "end": "2024-05-17T22:00:00Z"},
        fx_stub=None,
        unheard_of=1,
    )
    lines = refusal(up, config)
    # A misspelt key counts as one problem, not as an unknown key and a missing key.
    assert sorted(line.split(":")[0].strip() for line in lines[1:]) == [
        "risk.throttling_per_sec",
        "strategy.name",
        "strategy.orders",
        "time_window.end",
        "unheard_of",
        "venue.startingBalance",
        "venue.taker_fee",
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"instrument__price_precision": 0}, "price_precision"),
        ({"instrument__size_precision": None}, "instrument.size_precision: is missing"),
        ({"venue": None}, "venue: is missing"),
        ({"time_window": {"start": "2020-01-01T00:00:00Z", "end": "2020-01-01T01:00:00Z"}}, "2020-01-01"),
        ({"data_catalog": {"auto_discover": False, "trades_path": "../../*.parquet"}}, "data_catalog.trades_path"),
        ({"data_catalog": {"auto_discover": True, "instrument_file_pattern": "NO:PERPETUAL:SUCH-FILE"}}, "SUCH-FILE"),
        ({"strategy__submission_mode": "per_bar"}, "strategy.submission_mode"),
        ({"environment__DATA_CATALOG_PATH": "/elsewhere"}, "environment.DATA_CATALOG_PATH"),
    ],
)
def test_a_problem_names_its_field(up: Terminal, config: Path, changes: dict[str, Any], words: str) -> None:
    write_config(config, **changes)
    assert any(words in line for line in refusal(up, config))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{\n  "instrument": {"id" 3}\n}', "line 2, column 23"),
        ('{"venue": {"name": "A", "name": "B"}}', "venue.name: is there more than once"),
        ('{"venue": {"taker_fee": NaN}}', "venue.taker_fee: is NaN"),
        ("[]", "is not a JSON object"),
    ],
)
def test_a_malformed_config_is_refused_with_the_position(up: Terminal, config: Path, text: str, words: str) -> None:
    config.write_text(text)
    assert any(words in line for line in refusal(up, config))


def test_a_missing_config_file_is_named(up: Terminal, terminal: Terminal) -> None:
    assert "missing.json: cannot be read" in refusal(up, Path("missing.json"))[0]


def test_the_instrument_flag_refuses_a_config_of_another_instrument(up: Terminal, config: Path) -> None:
    write_config(config)
    assert any(f"{ETH}@LIN" in line for line in refusal(up, config, "--instrument", f"{ETH}@LIN"))


@pytest.mark.parametrize(
    "flags",
    [
        ["--snapshot_mode", "quotes"],
        ["--start", "2024-05-17"],
        ["--full", "perhaps"],
        ["--address", "nowhere"],
        ["--no-such-flag"],
    ],
)
def test_an_invalid_flag_is_a_usage_error(up: Terminal, config: Path, flags: list[str]) -> None:
    write_config(config)
    assert any("Error:" in line for line in refusal(up, config, *flags))


def eth_config(config: Path, **changes: Any) -> Path:
    return write_config(
        config,
        instrument={"id": f"{ETH}@LIN", "price_precision": 2, "size_precision": 3},
        data_catalog={"auto_discover": True},
        **changes,
    )


@pytest.fixture
def eth_trades(terminal: Terminal) -> Iterator[Path]:
    path = terminal.folder / f"data_downloads/raw_tick_data/by_date/day-2024-05-17/data_type-trades/{ETH}.parquet"
    content = path.read_bytes()
    yield path
    path.write_bytes(content)


def test_rows_without_a_side_are_counted(up: Terminal, config: Path, eth_trades: Path) -> None:
    rows = pq.read_table(eth_trades)
    sides = pa.array(["unknown"] * 7 + rows["side"].to_pylist()[7:])
    pq.write_table(rows.set_column(rows.schema.get_field_index("side"), "side", sides), eth_trades)
    eth_config(config)
    assert any("7 of" in line and "side" in line for line in refusal(up, config))
    eth_config(config, strategy__orders=[{"side": "buy"}])
    result = up.json("run", "--config", config, "--snapshot_mode", "trades")
    assert result["summary"]["orders"] == result["summary"]["trade_rows"]


def test_unusable_files_are_named(up: Terminal, config: Path, eth_trades: Path) -> None:
    eth_config(config)
    rows = pq.read_table(eth_trades)
    eth_trades.write_bytes(eth_trades.read_bytes()[:-100])
    assert any(eth_trades.name in line for line in refusal(up, config))
    pq.write_table(rows.drop_columns("price"), eth_trades)
    assert any("price" in line for line in refusal(up, config))
    pq.write_table(rows.slice(0, 0), eth_trades)
    assert any(eth_trades.name in line for line in refusal(up, config))


def test_prices_with_more_decimals_than_stated_are_refused(up: Terminal, config: Path, eth_trades: Path) -> None:
    rows = pq.read_table(eth_trades)
    prices = pc.add(rows["price"], 0.001)
    pq.write_table(rows.set_column(rows.schema.get_field_index("price"), "price", prices), eth_trades)
    eth_config(config)
    assert any("price" in line and "decimals" in line for line in refusal(up, config))


@pytest.mark.parametrize("command", ["watch", "cancel", "show", "datasets", "instruments", "configs"])
def test_an_unknown_id_is_refused(up: Terminal, command: str) -> None:
    refused = up.call(command, "no-such-thing", code=2)
    assert "no-such-thing" in refused.err
    assert refused.out == ""


@pytest.mark.parametrize("command", [["runs"], ["watch", "x"], ["run", "--config", "btc.json", "--snapshot-mode", "trades"]])
def test_a_service_that_does_not_answer_is_a_failure(terminal: Terminal, command: list[str]) -> None:
    failed = terminal.call(*command, "--address", "127.0.0.1:1", code=1)
    assert "127.0.0.1:1 does not answer" in failed.err
    assert "tickreel up" in failed.err
