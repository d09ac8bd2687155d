"""JSON text is read exactly, or refused with all faults and their places."""

import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format, struct_pb2
from hypothesis import given
from hypothesis import strategies as st

from tickreel.rpc import json_document
from tickreel.rpc.errors import TickreelError

_numbers = st.integers(1 - 2**53, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
_values = st.recursive(
    st.none() | st.booleans() | st.text() | _numbers,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), _values, max_size=4))
def test_json_values_are_read_unchanged(document: dict[str, Any]) -> None:
    """They are also unchanged by a Struct."""
    read = json_document.parse(json.dumps(document).encode(), "config.json")
    assert read == document
    carried = json_format.MessageToDict(json_format.ParseDict(read, struct_pb2.Struct()))
    assert carried == document


def refusal(content: bytes) -> TickreelError:
    with pytest.raises(TickreelError) as caught:
        json_document.parse(content, "config.json")
    assert caught.value.reason == "CONFIG_INVALID"
    return caught.value


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b'{\n  "a": 1,\n  "b" 2\n}', "config.json: line 3, column 7"),
        (b"", "config.json: line 1, column 1"),
        (b'{"a": 1}\n}', "config.json: line 2, column 1"),
        (b'{"a": "x\xff"}', "config.json: line 1, column 9: is not UTF-8"),
        (b'{"a": 1,\n"b": "\xff"}', "config.json: line 2, column 7: is not UTF-8"),
    ],
)
def test_bad_json_is_refused_with_line_and_column(content: bytes, place: str) -> None:
    assert place in str(refusal(content))


def test_every_fault_is_reported_with_its_path() -> None:
    error = refusal(
        b'{"venue": {"taker_fee": 1, "taker_fee": 2, "x": [0, NaN]}, "balance": 1e999, "whole": 9007199254740993,'
        b' "minus": -Infinity, "text": "\\ud800", "\\udfff": 1, "venue": {"y": 1, "y": 1}}'
    )
    assert [violation.field for violation in error.violations] == [
        "venue",
        "venue.y",
        "balance",
        "whole",
        "minus",
        "text",
        "'\\udfff'",
    ]


@pytest.mark.parametrize("content", [b"[]", b"3", b"null", b'"text"'])
def test_only_an_object_is_a_config(content: bytes) -> None:
    assert "is not a JSON object" in str(refusal(content))


@pytest.mark.parametrize("depth", [40, 100_000])
def test_deep_nesting_is_refused(depth: int) -> None:
    assert "nested" in str(refusal(b'{"a": ' + b"[" * depth + b"]" * depth + b"}"))


def test_a_text_that_is_too_large_is_refused() -> None:
    error = refusal(b'{"a": "' + b"x" * json_document.MOST_BYTES + b'"}')
    assert str(error) == "config.json: has 1048585 bytes; a run config has at most 1048576"


class CountingKey(str):
    """A key that counts how often it is compared."""

    comparisons = 0
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        CountingKey.comparisons += 1
        return str.__eq__(self, other)


def test_repeated_keys_are_found_in_linear_time() -> None:
    CountingKey.comparisons = 0
    keys = [CountingKey(f"key_{number % 8_000}") for number in range(16_000)]
    assert len(json_document.repeated(keys)) == 8_000
    assert CountingKey.comparisons < 4 * len(keys)


def test_the_path_of_a_long_key_is_cut() -> None:
    """The paths of all values below the key repeat it. Uncut, a megabyte of JSON would give a gigabyte of paths."""
    error = refusal(json.dumps({"k" * 500_000: [float("nan")] * 1_000}).encode())
    assert len(error.violations) == 1_000
    assert {len(violation.field) for violation in error.violations} <= {104, 105, 106}


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (b"1e999", "is 1e999; it must be a finite number"),
        (b"9" * 400, "is 999999999999999999999999999999"),
        (b"9" * 5_000, "is 999999999999999999999999999999"),
        (b"-9007199254740992", "a whole one below 2^53"),
        (b"NaN", "is NaN; it must be a finite number"),
        (b'"\\ud83d"', "has half of a surrogate pair"),
    ],
)
def test_a_value_that_a_struct_cannot_represent_is_one_problem(value: bytes, says: str) -> None:
    (violation,) = refusal(b'{"a": [' + value + b"]}").violations
    assert violation.field == "a[0]"
    assert says in violation.description


def test_utf_16_is_refused_at_its_first_byte() -> None:
    assert "line 1, column 1: is not UTF-8" in str(refusal('{"a": 1}'.encode("utf-16")))


def test_a_byte_order_mark_is_accepted() -> None:
    assert json_document.parse(b'\xef\xbb\xbf{"a": 1}', "config.json") == {"a": 1}


@pytest.mark.parametrize("name", ["missing.json", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(TickreelError, match="cannot be read") as caught:
        json_document.read_file(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)
