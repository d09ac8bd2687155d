"""The JSON of result files and commands has the keys and words that users know, and loses nothing."""

import json

import pytest
from google.protobuf import json_format
from google.protobuf.message import Message

from tickreel.rpc.message_json import as_json, read_json
from tickreel.v1 import catalog_service_pb2, market_data_pb2, result_pb2, run_pb2, statistics_pb2


def result() -> result_pb2.Result:
    made = result_pb2.Result(run_id="R", mode=result_pb2.RUN_MODE_FAST, instrument="V:PERPETUAL:A-B@LIN")
    made.summary.orders = 3
    made.summary.orders_unfilled.update({"EXPIRED": 2, "DENIED": 1})
    made.summary.pnl = "-1.50000000"
    made.metadata.replay_seconds = 1.5
    made.metadata.environment["DATA_CATALOG_PATH"] = "data/parquet"
    made.findings.add(severity=result_pb2.SEVERITY_WARNING, code="ROWS_SORTED", message="m")
    return made


def test_it_is_protojson_except_for_words_and_large_integers() -> None:
    plain = json_format.MessageToDict(result(), always_print_fields_with_no_presence=True)
    assert (plain["mode"], plain["metadata"]["snapshot_mode"]) == ("RUN_MODE_FAST", "SNAPSHOT_MODE_UNSPECIFIED")
    plain["mode"], plain["metadata"]["snapshot_mode"] = "fast", ""
    for name in ("orders", "fills", "orders_filled", "orders_partially_filled", "trade_rows", "book_rows"):
        plain["summary"][name] = int(plain["summary"][name])
    plain["summary"]["orders_unfilled"] = {"DENIED": 1, "EXPIRED": 2}
    assert json.dumps(as_json(result()), sort_keys=True) == json.dumps(plain, sort_keys=True)


def test_zero_figures_are_written_and_unset_ones_are_not() -> None:
    summary = as_json(result())["summary"]
    assert summary["fills"] == 0
    assert summary["orders_unfilled"] == {"DENIED": 1, "EXPIRED": 2}
    assert "pnl_usd" not in summary


def test_keys_are_proto_names_and_configs_keep_their_own() -> None:
    run = run_pb2.Run(run_id="R")
    run.config.environment.data_catalog_path = "c"
    run.config.time_window.start.FromJsonString("2024-05-17T22:00:00Z")
    printed = as_json(run)
    assert printed["run_id"] == "R"
    assert printed["state"] == "JOB_STATE_UNSPECIFIED"
    assert printed["config"]["environment"] == {"DATA_CATALOG_PATH": "c"}
    assert printed["config"]["time_window"] == {"start": "2024-05-17T22:00:00Z"}


def test_large_counts_are_numbers() -> None:
    dataset = catalog_service_pb2.Dataset(rows=2**40, data_types=[market_data_pb2.DATA_TYPE_TRADES])
    printed = as_json(dataset)
    assert printed["rows"] == 2**40
    assert printed["data_types"] == ["DATA_TYPE_TRADES"]


def test_written_messages_are_read_back() -> None:
    made = result()
    made.metadata.data_files.add(data_type=market_data_pb2.DATA_TYPE_BOOK_SNAPSHOT_5, rows=2**40)
    made.summary.statistics.by_side.add(side=statistics_pb2.POSITION_SIDE_SHORT)
    assert read_json(result_pb2.Result, json.dumps(as_json(made))) == made
    # Keys of a later version are ignored.
    assert read_json(result_pb2.Result, json.dumps(as_json(made) | {"later": 1})) == made


def test_the_error_of_an_unknown_word_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"^mode is 'slow'; it must be fast or full$"):
        read_json(result_pb2.Result, '{"mode": "slow"}')
    with pytest.raises(ValueError, match=r"^mode is 2; it must be fast or full$"):
        read_json(result_pb2.Result, '{"mode": 2}')
    problem = r"^metadata.data_files.data_type is 'bars'; it must be trades or book_snapshot_5$"
    with pytest.raises(ValueError, match=problem):
        read_json(result_pb2.Result, '{"metadata": {"data_files": [{"data_type": "trades"}, {"data_type": "bars"}]}}')
    with pytest.raises(ValueError, match="not a JSON object"):
        read_json(result_pb2.Result, "[]")


def test_a_protojson_parser_reads_messages_without_words() -> None:
    run = run_pb2.Run(run_id="R")
    run.config.fx_stub["USDT_USD"] = 1.0
    run.config.strategy.orders.add(side="buy")
    run.created_at.FromNanoseconds(1_715_983_200_123_456_789)
    types = [market_data_pb2.DATA_TYPE_TRADES, market_data_pb2.DATA_TYPE_BOOK_SNAPSHOT_5]
    dataset = catalog_service_pb2.Dataset(rows=2**40, size_bytes=5, data_types=types)
    messages: list[Message] = [run, dataset]
    for message in messages:
        assert json_format.ParseDict(as_json(message), type(message)()) == message
