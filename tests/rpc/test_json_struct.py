"""A Struct returns the JSON values that it was made from."""

import json
import math
from typing import Any

from google.protobuf import struct_pb2
from hypothesis import given
from hypothesis import strategies as st

from tickreel.rpc.json_struct import values_of

_numbers = st.integers(1 - 2**53, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
_values = st.recursive(
    st.none() | st.booleans() | st.text() | _numbers,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def carried(values: dict[str, Any]) -> dict[str, Any]:
    struct = struct_pb2.Struct()
    struct.update(values)
    return values_of(struct_pb2.Struct.FromString(struct.SerializeToString()))


@given(st.dictionaries(st.text(), _values, max_size=4))
def test_values_are_unchanged(values: dict[str, Any]) -> None:
    assert carried(values) == values
    assert carried(carried(values)) == carried(values)


def test_whole_numbers_become_integers_and_keys_are_sorted() -> None:
    assert (
        json.dumps(carried({"b": 2.0, "a": [1, 0.5, {"d": 1e300, "c": -3}]}))
        == '{"a": [1, 0.5, {"c": -3, "d": 1e+300}], "b": 2}'
    )


def test_values_that_json_does_not_have_are_returned_unchanged() -> None:
    struct = struct_pb2.Struct()
    struct.update({"much": math.inf})
    _ = struct.fields["nothing"]
    assert values_of(struct) == {"much": math.inf, "nothing": None}
