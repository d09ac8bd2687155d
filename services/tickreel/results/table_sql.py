"""Filters and orders as SQL over the table of a run, values as parameters."""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal, localcontext
from typing import Any

import numpy as np
import pyarrow as pa

from tickreel.rpc.errors import TickreelError, invalid_request
from tickreel.rpc.fields import Field, Kind
from tickreel.rpc.filter import All, Any_, Comparison, Filter, Not
from tickreel.rpc.ordering import SortKey

# The most digits of a decimal, in Parquet and in DuckDB.
_DIGITS = 38


def where(filter_: Filter, schema: pa.Schema) -> tuple[str, list[Any]]:
    """A filter as a condition and its parameters.

    Raises:
        TickreelError: INVALID_REQUEST for a field that is no column of the table.
    """
    match filter_:
        case Not(part):
            condition, values = where(part, schema)
            # A comparison with nothing is neither true nor false, and shall be false.
            return f"NOT coalesce({condition}, false)", values
        case All(parts):
            return _joined(" AND ", parts, schema) if parts else ("true", [])
        case Any_(parts):
            return _joined(" OR ", parts, schema)
        case Comparison():
            return _comparison(filter_, schema)


def order(keys: Sequence[SortKey], schema: pa.Schema) -> str:
    """An order as a list of expressions.

    Raises:
        TickreelError: INVALID_REQUEST for a field that is no column of the table.
    """
    return ", ".join(
        f"{_column('order_by', key.field, schema)} {'DESC' if key.descending else 'ASC'} NULLS LAST" for key in keys
    )


def _joined(word: str, parts: Sequence[Filter], schema: pa.Schema) -> tuple[str, list[Any]]:
    found = [where(part, schema) for part in parts]
    return "(" + word.join(condition for condition, _ in found) + ")", [value for _, values in found for value in values]


def _comparison(comparison: Comparison, schema: pa.Schema) -> tuple[str, list[Any]]:
    field, symbol, value = comparison.field, comparison.operator, comparison.value
    column = _column("filter", field, schema)
    if not (comparison.starts and comparison.ends):
        match = "starts_with" if comparison.starts else "ends_with" if comparison.ends else "contains"
        return f"{'NOT ' if symbol == '!=' else ''}{match}({column}, ?)", [value]
    if field.kind is Kind.TIME and _is_text(field, schema):
        assert isinstance(value, int)
        return f"{column} {symbol} ?", [_iso(value)]
    if field.kind is Kind.DECIMAL:
        assert isinstance(value, Decimal)
        return _decimal_comparison(column, symbol, value, schema.field(field.path).type.scale)
    return f"{column} {symbol} ?", [value]


def _decimal_comparison(column: str, symbol: str, value: Decimal, scale: int) -> tuple[str, list[Any]]:
    """Compares with the value as the column could have it, so that nothing is rounded."""
    with localcontext(prec=200):
        if abs(value) >= Decimal(10) ** (_DIGITS - scale):
            # Beyond all that the column can have.
            always = {"!=": True, "<": value > 0, "<=": value > 0, ">": value < 0, ">=": value < 0}.get(symbol, False)
            return f"({column} IS NOT NULL AND {str(always).lower()})", []
        below = value.quantize(Decimal(1).scaleb(-scale), ROUND_FLOOR)
    if below != value:
        # Between two values that the column can have.
        match symbol:
            case "=":
                return "false", []
            case "!=":
                return f"{column} IS NOT NULL", []
            case "<":
                symbol = "<="
            case ">=":
                symbol = ">"
    return f"{column} {symbol} CAST(? AS DECIMAL({_DIGITS}, {scale}))", [f"{below:f}"]


def _column(argument: str, field: Field, schema: pa.Schema) -> str:
    if field.path not in schema.names:
        raise _no_column(argument, field)
    match field.kind:
        case Kind.TIME if not _is_text(field, schema):
            return f'epoch_ns("{field.path}")'
        case Kind.TEXT:
            # No text is an empty one.
            return f"coalesce(\"{field.path}\", '')"
    return f'"{field.path}"'


def _is_text(field: Field, schema: pa.Schema) -> bool:
    """Whether a column of times has them as texts, which are as long as each other and so in the order of time."""
    return pa.types.is_string(schema.field(field.path).type)


def _iso(nanoseconds: int) -> str:
    return f"{np.datetime64(nanoseconds, 'ns')}Z"


def _no_column(argument: str, field: Field) -> TickreelError:
    return invalid_request(
        argument, f"names {field.path}, which the table of this run has not; it was made before there was one"
    )
