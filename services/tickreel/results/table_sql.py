"""SQL of filters and orders over a table of a run. Values are passed as parameters."""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal, localcontext
from typing import Any

import numpy as np
import pyarrow as pa

from tickreel.rpc.errors import TickreelError, invalid_request
from tickreel.rpc.fields import Field, Kind
from tickreel.rpc.filter import All, Any_, Comparison, Filter, Not
from tickreel.rpc.message_json import word
from tickreel.rpc.ordering import SortKey
from tickreel.stores.converted_rows import scale_of
from tickreel.stores.table_rows import column_of

# Most digits of a decimal in Parquet and in DuckDB.
_DIGITS = 38


def where(filter_: Filter, schema: pa.Schema) -> tuple[str, list[Any]]:
    """Return the SQL condition of a filter, and its parameters.

    Raises:
        TickreelError: INVALID_REQUEST for a field that is not a column of the table.
    """
    match filter_:
        case Not(part):
            condition, values = where(part, schema)
            # A comparison with an unset field is NULL in SQL and false in a filter.
            return f"NOT coalesce({condition}, false)", values
        case All(parts):
            return _joined(" AND ", parts, schema) if parts else ("true", [])
        case Any_(parts):
            return _joined(" OR ", parts, schema)
        case Comparison():
            return _comparison(filter_, schema)


def order(keys: Sequence[SortKey], schema: pa.Schema) -> str:
    """Return the SQL expressions of an order, separated by commas.

    Raises:
        TickreelError: INVALID_REQUEST for a field that is not a column of the table.
    """
    return ", ".join(
        f"{_column('order_by', key.field, schema)} {'DESC' if key.descending else 'ASC'} NULLS LAST" for key in keys
    )


def _joined(word: str, parts: Sequence[Filter], schema: pa.Schema) -> tuple[str, list[Any]]:
    clauses = [where(part, schema) for part in parts]
    return "(" + word.join(condition for condition, _ in clauses) + ")", [value for _, values in clauses for value in values]


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
        return _decimal_comparison(column, symbol, value, scale_of(schema.field(column_of(field.path)).type))
    if field.type is not None:
        assert isinstance(value, int)
        return f"{column} {symbol} ?", [word(field.type, value)]
    return f"{column} {symbol} ?", [value]


def _decimal_comparison(column: str, symbol: str, value: Decimal, scale: int) -> tuple[str, list[Any]]:
    """Compare a column with a value in the decimals of the column, without rounding the value."""
    with localcontext(prec=200):
        if abs(value) >= Decimal(10) ** (_DIGITS - scale):
            # The value is outside the range of the column.
            always = {"!=": True, "<": value > 0, "<=": value > 0, ">": value < 0, ">=": value < 0}.get(symbol, False)
            return f"({column} IS NOT NULL AND {str(always).lower()})", []
        below = value.quantize(Decimal(1).scaleb(-scale), ROUND_FLOOR)
    if below != value:
        # The value is between two values that the column can have.
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
    name = column_of(field.path)
    if name not in schema.names:
        raise _no_column(argument, field)
    match field.kind:
        case Kind.TIME if not _is_text(field, schema):
            return f'epoch_ns("{name}")'
        case Kind.TEXT:
            # In a filter, an unset text is an empty text.
            return f"coalesce(\"{name}\", '')"
    return f'"{name}"'


def _is_text(field: Field, schema: pa.Schema) -> bool:
    """Return whether a column stores times as texts. They all have the same length, so text order is time order."""
    return pa.types.is_string(schema.field(field.path).type)


def _iso(nanoseconds: int) -> str:
    return f"{np.datetime64(nanoseconds, 'ns')}Z"


def _no_column(argument: str, field: Field) -> TickreelError:
    return invalid_request(
        argument, f"names {field.path}, which the table of this run does not have: an earlier version wrote it"
    )
