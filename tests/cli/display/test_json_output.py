"""The JSON of the commands is the message: the keys that users know, and nothing lost."""

import json

from google.protobuf import json_format
from google.protobuf.message import Message

from tickreel.cli.display.json_output import as_json
from tickreel.v1 import catalog_service_pb2, result_pb2, run_pb2


def result() -> result_pb2.Result:
    made = result_pb2.Result(run_id="R", mode="fast", instrument="V:PERPETUAL:A-B@LIN")
    made.summary.orders = 3
    made.summary.orders_unfilled.update({"EXPIRED": 2, "DENIED": 1})
    made.summary.pnl = "-1.50000000"
    made.metadata.replay_seconds = 1.5
    made.metadata.environment["DATA_CATALOG_PATH"] = "data/parquet"
    made.findings.add(severity=result_pb2.SEVERITY_WARNING, code="ROWS_SORTED", message="m")
    return made


def test_a_result_is_printed_as_its_file_has_it() -> None:
    stored = json_format.MessageToDict(result(), always_print_fields_with_no_presence=True)
    assert json.dumps(as_json(result()), sort_keys=True) == json.dumps(stored, sort_keys=True)


def test_figures_that_are_zero_are_there_and_those_unknown_are_not() -> None:
    summary = as_json(result())["summary"]
    assert summary["fills"] == 0
    assert summary["orders_unfilled"] == {"DENIED": 1, "EXPIRED": 2}
    assert "pnl_usd" not in summary


def test_names_are_those_of_the_contract_and_a_config_keeps_its_own() -> None:
    run = run_pb2.Run(run_id="R")
    run.config.environment.data_catalog_path = "c"
    run.config.time_window.start.FromJsonString("2024-05-17T22:00:00Z")
    printed = as_json(run)
    assert printed["run_id"] == "R"
    assert printed["state"] == "JOB_STATE_UNSPECIFIED"
    assert printed["config"]["environment"] == {"DATA_CATALOG_PATH": "c"}
    assert printed["config"]["time_window"] == {"start": "2024-05-17T22:00:00Z"}


def test_large_counts_are_numbers() -> None:
    dataset = catalog_service_pb2.Dataset(rows=2**40, data_types=[1])
    printed = as_json(dataset)
    assert printed["rows"] == 2**40
    assert printed["data_types"] == ["DATA_TYPE_TRADES"]


def test_a_parser_of_protojson_reads_it_back() -> None:
    run = run_pb2.Run(run_id="R", result=result())
    run.config.fx_stub["USDT_USD"] = 1.0
    run.config.strategy.orders.add(side="buy")
    run.created_at.FromNanoseconds(1_715_983_200_123_456_789)
    dataset = catalog_service_pb2.Dataset(rows=2**40, size_bytes=5, data_types=[1, 2])
    messages: list[Message] = [run, dataset]
    for message in messages:
        assert json_format.ParseDict(as_json(message), type(message)()) == message
