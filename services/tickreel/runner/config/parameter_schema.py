"""The JSON Schema that a strategy declares for its parameters, and the check of a config's parameters against it.

Supports a small subset of draft 2020-12. A keyword outside the subset is refused when the strategy is loaded, so no declared
rule is silently ignored, and any other validator accepts and refuses the same parameters.
"""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf import struct_pb2

from tickreel.rpc.json_struct import values_of
from tickreel.rpc.violations import Violations
from tickreel.runner.config.config_json import Suggestions, kind_of

# Parameters travel as doubles, which represent every whole number below this exactly.
_MAX_WHOLE = 2**53

_BOUNDS: dict[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "minimum": ("at least", lambda value, bound: value >= bound),
    "exclusiveMinimum": ("above", lambda value, bound: value > bound),
    "maximum": ("at most", lambda value, bound: value <= bound),
    "exclusiveMaximum": ("below", lambda value, bound: value < bound),
}
_TYPES = {
    "object": "an object with keys",
    "array": "a list",
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}
_KEYWORDS_OF_ALL = {"type", "enum", "default", "description"}
_KEYWORDS = {
    "object": {"properties", "required", "additionalProperties"},
    "array": {"items"},
    "integer": set(_BOUNDS),
    "number": set(_BOUNDS),
}


class ParameterSchema:
    """The schema of one strategy's parameters.

    Args:
        declared: A JSON Schema of type object.

    Raises:
        ValueError: The schema is invalid, uses a keyword outside the subset, or contradicts itself. The message names the
            place and the remedy.
    """

    def __init__(self, declared: Mapping[str, Any]) -> None:
        self.message = struct_pb2.Struct()
        """The schema as ListStrategies returns it."""
        try:
            self.message.update(dict(declared))
        except (TypeError, ValueError, OverflowError):
            problem = "parameters_schema is not JSON; it must consist of dicts, lists, strings, numbers and booleans"
            raise ValueError(problem) from None
        self._schema = values_of(self.message)
        _check_schema(self._schema, "parameters_schema")
        if self._schema.get("type") != "object":
            raise ValueError("parameters_schema must have the type object, whose properties are the parameters")

    def complete(self, parameters: Mapping[str, Any], path: str, violations: Violations) -> dict[str, Any]:
        """Return the parameters with the defaults of missing ones. Problems are added to `violations`.

        Args:
            parameters: The values as returned by `values_of`.
            path: The path of the parameters in the config.
        """
        return _complete_object(self._schema, parameters, path, violations)


def _check_schema(schema: Any, path: str) -> None:
    if not isinstance(schema, dict):
        raise ValueError(f"{path} is {kind_of(schema)}; it must be an object of keywords")
    kind = schema.get("type")
    if "type" in schema and not (isinstance(kind, str) and kind in _TYPES):
        raise ValueError(f"{path}.type is {kind_of(kind)}; it must be one of {', '.join(_TYPES)}")
    if kind is None and "enum" not in schema:
        raise ValueError(f"{path} must have a type or an enum")
    known = _KEYWORDS_OF_ALL | _KEYWORDS.get(kind or "", set())
    for keyword in schema:
        if keyword not in known:
            of_type = f" of the type {kind}" if kind else ""
            raise ValueError(f"{path}.{keyword} is not supported; the keywords{of_type} are {', '.join(sorted(known))}")
    for keyword in _BOUNDS:
        if keyword in schema and not _is_number(schema[keyword]):
            raise ValueError(f"{path}.{keyword} is {kind_of(schema[keyword])}; it must be a number")
    if not isinstance(schema.get("description", ""), str):
        raise ValueError(f"{path}.description is {kind_of(schema['description'])}; it must be a string")
    _check_parts(schema, path)
    members = schema.get("enum", [])
    if not isinstance(members, list) or ("enum" in schema and not members) or not all(map(_is_scalar, members)):
        raise ValueError(f"{path}.enum must be a list of strings, numbers or booleans")
    samples = [(f"{path}.enum[{index}]", member) for index, member in enumerate(members)]
    if "default" in schema:
        samples.append((f"{path}.default", schema["default"]))
    violations = Violations()
    for where, value in samples:
        _complete(schema, value, where, violations)
    for violation in violations:
        raise ValueError(f"{violation.field} {violation.description}")


def _check_parts(schema: Mapping[str, Any], path: str) -> None:
    properties = schema.get("properties", {})
    if not isinstance(properties, dict):
        raise ValueError(f"{path}.properties is {kind_of(properties)}; it must be an object of schemas")
    for name, part in properties.items():
        _check_schema(part, f"{path}.properties.{name}")
    if "items" in schema:
        _check_schema(schema["items"], f"{path}.items")
    if not isinstance(schema.get("additionalProperties", True), bool):
        _check_schema(schema["additionalProperties"], f"{path}.additionalProperties")
    required = schema.get("required", [])
    if not (isinstance(required, list) and all(isinstance(name, str) for name in required)):
        raise ValueError(f"{path}.required must be a list of names")
    for name in required:
        if name not in properties:
            raise ValueError(f"{path}.required names {name!r}, which is not among its properties")


def _complete(schema: Mapping[str, Any], value: Any, path: str, violations: Violations) -> Any:
    """Return a value with the defaults inside it. Problems are added to `violations`."""
    kind = schema.get("type")
    if not (_is_of(kind, value) and _is_among(schema, value) and _is_within(schema, value)):
        violations.add(path, f"is {kind_of(value)}; it must be {_wanted(schema)}")
    elif kind == "object":
        return _complete_object(schema, value, path, violations)
    elif kind == "array":
        return [
            _complete_item(schema.get("items", True), item, f"{path}[{index}]", violations) for index, item in enumerate(value)
        ]
    return value


def _complete_object(schema: Mapping[str, Any], value: Mapping[str, Any], path: str, violations: Violations) -> dict[str, Any]:
    properties = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    completed: dict[str, Any] = {}
    misspelt: set[str] = set()
    suggestions = Suggestions(properties, value)
    for key, item in value.items():
        here = f"{path}.{key}"
        if key in properties or others is not False:
            completed[key] = _complete_item(properties.get(key, others), item, here, violations)
            continue
        near = suggestions.nearest(key)
        misspelt.add(near)
        known = f"known here: {', '.join(properties)}" if properties else "it has none"
        violations.add(here, f"is not a parameter of the strategy; {f'did you mean {near!r}?' if near else known}")
    for key, part in properties.items():
        if key in value or key in misspelt:
            continue
        if "default" in part:
            completed[key] = _complete(part, part["default"], f"{path}.{key}", violations)
        elif key in schema.get("required", []):
            violations.add(f"{path}.{key}", f"is missing; it must be {_wanted(part)}")
    return completed


def _complete_item(schema: Mapping[str, Any] | bool, value: Any, path: str, violations: Violations) -> Any:
    """Return a value with the defaults inside it, as `_complete` does. Without a schema any value but null is valid."""
    if not isinstance(schema, bool):
        return _complete(schema, value, path, violations)
    if isinstance(value, dict):
        return _complete_object({}, value, path, violations)
    if isinstance(value, list):
        return [_complete_item(True, item, f"{path}[{index}]", violations) for index, item in enumerate(value)]
    if not _is_scalar(value):
        violations.add(path, f"is {kind_of(value)}; leave it out or give it a finite value")
    return value


def _is_of(kind: str | None, value: Any) -> bool:
    match kind:
        case "object":
            return isinstance(value, dict)
        case "array":
            return isinstance(value, list)
        case "string":
            return isinstance(value, str)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _MAX_WHOLE
        case "number":
            return _is_number(value)
        case "boolean":
            return isinstance(value, bool)
    return True


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | bool) or _is_number(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_among(schema: Mapping[str, Any], value: Any) -> bool:
    # In Python True == 1. In JSON they differ.
    return "enum" not in schema or any(
        member == value and isinstance(member, bool) is isinstance(value, bool) for member in schema["enum"]
    )


def _is_within(schema: Mapping[str, Any], value: Any) -> bool:
    return all(holds(value, schema[keyword]) for keyword, (_, holds) in _BOUNDS.items() if keyword in schema)


def _wanted(schema: Mapping[str, Any]) -> str:
    """Describe the valid values in words: a whole number, at least 1."""
    if "enum" in schema:
        return " or ".join(member if isinstance(member, str) else json.dumps(member) for member in schema["enum"])
    bounds = [f"{words} {schema[keyword]}" for keyword, (words, _) in _BOUNDS.items() if keyword in schema]
    return ", ".join([_TYPES[schema["type"]], *bounds])
