"""Parameters are checked against their schema and completed by its defaults. Unsupported schemas are refused."""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickreel.engine.strategy import ReplayStrategy
from tickreel.rpc.json_struct import values_of
from tickreel.rpc.violations import Violations
from tickreel.runner.config.parameter_schema import ParameterSchema

NUMBER = {"type": "number", "exclusiveMinimum": 0, "maximum": 2.5}
DECLARED: dict[str, Any] = {
    "type": "object",
    "description": "All of it.",
    "properties": {
        "n": {"type": "integer", "minimum": 1, "exclusiveMaximum": 100},
        "rate": NUMBER,
        "name": {"type": "string", "default": "x"},
        "exact": {"type": "boolean", "default": False},
        "side": {"enum": ["buy", "sell", 1, True]},
        "levels": {"type": "array", "items": NUMBER, "default": [1, 2.5]},
        "band": {
            "type": "object",
            "properties": {"low": {"type": "number"}, "high": {"type": "number", "default": 9}},
            "required": ["low"],
            "additionalProperties": False,
        },
        "weights": {"type": "object", "additionalProperties": {"type": "number"}},
        "free": {"type": "object"},
    },
    "required": ["n"],
    "additionalProperties": False,
}
DEFAULTS = {"name": "x", "exact": False, "levels": [1, 2.5]}


def complete(parameters: Mapping[str, Any], declared: Mapping[str, Any] = DECLARED) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the parameters with defaults, and the descriptions of violations by path. Each path occurs once."""
    violations = Violations()
    completed = ParameterSchema(declared).complete(parameters, "p", violations)
    found = {violation.field: violation.description for violation in violations}
    assert len(found) == len(violations)
    return completed, found


def test_defaults_are_filled_in_at_all_depths() -> None:
    assert complete({"n": 3}) == ({"n": 3, **DEFAULTS}, {})
    assert complete({"n": 3, "name": "y", "band": {"low": 1}})[0] == {
        "n": 3,
        **DEFAULTS,
        "name": "y",
        "band": {"low": 1, "high": 9},
    }
    assert complete({}, ReplayStrategy.parameters_schema) == ({}, {})


@pytest.mark.parametrize(
    ("key", "value", "path", "says"),
    [
        ("n", 0, "n", "is the number 0; it must be a whole number, at least 1, below 100"),
        ("n", 100, "n", "is the number 100; it must be a whole number, at least 1, below 100"),
        ("n", 1.5, "n", "is the number 1.5; it must be a whole number"),
        ("n", 1e18, "n", "must be a whole number"),
        ("n", "3", "n", "is the string '3'; it must be a whole number"),
        ("n", True, "n", "is true; it must be a whole number"),
        ("n", None, "n", "is null; it must be a whole number"),
        ("rate", 0, "rate", "is the number 0; it must be a number, above 0, at most 2.5"),
        ("rate", 2.6, "rate", "at most 2.5"),
        ("rate", math.nan, "rate", "must be a number"),
        ("rate", math.inf, "rate", "must be a number"),
        ("name", 1, "name", "is the number 1; it must be a string"),
        ("exact", 1, "exact", "is the number 1; it must be true or false"),
        ("side", "both", "side", "is the string 'both'; it must be buy or sell or 1 or true"),
        ("side", False, "side", "is false; it must be buy or sell or 1 or true"),
        ("levels", 1, "levels", "is the number 1; it must be a list"),
        ("levels", [1, 0, 2, "x"], "levels[1]", "above 0"),
        ("band", [], "band", "is a list; it must be an object with keys"),
        ("band", {}, "band.low", "is missing; it must be a number"),
        ("band", {"low": 1, "heigh": 2}, "band.heigh", "did you mean 'high'?"),
        ("weights", {"a": 1, "b": "2"}, "weights.b", "is the string '2'; it must be a number"),
        ("free", {"a": [{"b": math.inf}]}, "free.a[0].b", "is the number inf; leave it out or give it a finite value"),
        ("free", {"a": None}, "free.a", "is null; leave it out or give it a finite value"),
        (
            "m",
            3,
            "m",
            "is not a parameter of the strategy; known here: band, exact, free, levels, n, name, rate, side, weights",
        ),
        ("sides", "buy", "sides", "did you mean 'side'?"),
    ],
)
def test_an_invalid_value_is_refused_at_its_path_with_the_remedy(key: str, value: Any, path: str, says: str) -> None:
    _, found = complete({"n": 1, key: value})
    assert f"p.{path}" in found
    assert says in found[f"p.{path}"]
    assert all(other.startswith(f"p.{key}") for other in found)


def test_all_problems_are_reported_at_once_and_a_misspelt_key_once() -> None:
    assert set(complete({"N": 3, "rate": 9, "levels": [0, 0]})[1]) == {"p.n", "p.N", "p.rate", "p.levels[0]", "p.levels[1]"}
    misspelt = {"type": "object", "properties": {"numbers": NUMBER}, "required": ["numbers"], "additionalProperties": False}
    assert set(complete({"number": 1}, misspelt)[1]) == {"p.number"}
    assert complete({"n": 1}, ReplayStrategy.parameters_schema)[1] == {"p.n": "is not a parameter of the strategy; it has none"}


def test_true_and_1_are_different_values() -> None:
    assert complete({"v": True}, {"type": "object", "properties": {"v": {"enum": [1]}}})[1]
    assert complete({"v": 1}, {"type": "object", "properties": {"v": {"enum": [True]}}})[1]
    assert not complete({"v": 1}, {"type": "object", "properties": {"v": {"enum": [1.0]}}})[1]


_levels = st.floats(0, 2.5, exclude_min=True)
_right = st.fixed_dictionaries(
    {"n": st.integers(1, 99)},
    optional={
        "rate": _levels,
        "name": st.text(),
        "exact": st.booleans(),
        "side": st.sampled_from(["buy", "sell", 1, True]),
        "levels": st.lists(_levels),
        "band": st.fixed_dictionaries({"low": st.integers(-9, 9)}, optional={"high": st.floats(-1e9, 1e9)}),
        "weights": st.dictionaries(st.text(), st.floats(-1e9, 1e9)),
        "free": st.dictionaries(st.text(), st.lists(st.booleans() | st.text() | st.dictionaries(st.text(), st.booleans()))),
    },
)


@given(_right)
def test_valid_values_are_kept_and_completing_is_idempotent(parameters: dict[str, Any]) -> None:
    completed, found = complete(parameters)
    assert found == {}
    assert {key: completed[key] for key in parameters if key != "band"} == {k: v for k, v in parameters.items() if k != "band"}
    assert complete(completed) == (completed, {})


@given(_right, st.sampled_from(sorted(DECLARED["properties"])), st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2), max_leaves=4,
))  # fmt: skip
def test_any_value_is_accepted_or_refused_at_its_path(parameters: dict[str, Any], key: str, value: Any) -> None:
    completed, found = complete({**parameters, key: value})
    assert all(path.startswith(f"p.{key}") for path in found)
    assert found or complete(completed) == (completed, {})


def test_the_schema_is_returned_as_declared() -> None:
    assert values_of(ParameterSchema(MappingProxyType(DECLARED)).message) == DECLARED


@pytest.mark.parametrize(
    ("declared", "says"),
    [
        ({"type": "string"}, "must have the type object"),
        ({}, "parameters_schema must have a type or an enum"),
        ({"type": "object", "title": "x"}, "parameters_schema.title is not supported; the keywords of the type object are "),
        ({"type": "object", "minProperties": 1}, "minProperties is not supported"),
        ({"type": "object", "properties": []}, "properties is a list; it must be an object of schemas"),
        ({"type": "object", "required": "n"}, "required must be a list of names"),
        ({"type": "object", "required": ["n"]}, "required names 'n', which is not among its properties"),
        ({"type": "object", "additionalProperties": {"type": "float"}}, "additionalProperties.type is the string 'float'"),
        ({"type": "object", "x": {1, 2}}, "is not JSON"),
        ({"type": "object", "x": 10**400}, "is not JSON"),
    ],
)
def test_an_unsupported_schema_is_refused(declared: Any, says: str) -> None:
    with pytest.raises(ValueError, match=r"parameters_schema") as refused:
        ParameterSchema(declared)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ({"type": "string", "pattern": "a+"}, "properties.v.pattern is not supported"),
        ({"type": "string", "minimum": 1}, "v.minimum is not supported; the keywords of the type string are default, "),
        ({"$ref": "#/x", "type": "string"}, "$ref is not supported"),
        ({"type": ["string", "number"]}, "properties.v.type is a list; it must be one of object, array, string, "),
        ({"type": "null"}, "type is the string 'null'"),
        ({"description": "no more"}, "properties.v must have a type or an enum"),
        ("string", "properties.v is the string 'string'; it must be an object of keywords"),
        ({"type": "integer", "minimum": "1"}, "minimum is the string '1'; it must be a number"),
        ({"type": "integer", "minimum": 3, "default": 2}, "v.default is the number 2; it must be a whole number, at least 3"),
        ({"type": "integer", "default": 2**60}, "it must be a whole number"),
        ({"type": "string", "description": 1}, "description is the number 1; it must be a string"),
        ({"enum": []}, "enum must be a list of strings, numbers or booleans"),
        ({"enum": "ab"}, "enum must be a list of strings, numbers or booleans"),
        ({"enum": [None]}, "enum must be a list of strings, numbers or booleans"),
        ({"type": "integer", "enum": [1, "2"]}, "properties.v.enum[1] is the string '2'; it must be"),
        ({"enum": ["a"], "default": "b"}, "properties.v.default is the string 'b'; it must be a"),
        ({"type": "array", "items": {"type": "list"}}, "properties.v.items.type is the string 'list'"),
        ({"type": "array", "items": {"type": "integer"}, "default": [1, "x"]}, "properties.v.default[1] is the string 'x'"),
    ],
)  # fmt: skip
def test_an_unsupported_part_of_a_schema_is_refused(part: Any, says: str) -> None:
    with pytest.raises(ValueError, match=r"parameters_schema\.properties\.v") as refused:
        ParameterSchema({"type": "object", "properties": {"v": part}})
    assert says in str(refused.value)
