"""Tables written as JSON and CSV are read back, each value in the contract's format."""

import csv
import json
from collections.abc import Iterable
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickreel.stores.table_text import write_csv, write_json

TIME = pa.timestamp("ns", tz="UTC")


def as_json(batches: Iterable[pa.RecordBatch], *arguments: Any) -> Any:
    file = BytesIO()
    write_json(file, batches, *arguments)
    return json.loads(file.getvalue(), parse_float=Decimal)


def as_csv(table: pa.Table) -> list[dict[str, str]]:
    file = BytesIO()
    write_csv(file, table.schema, table.to_batches())
    return list(csv.DictReader(StringIO(file.getvalue().decode(), newline=""), strict=True))


def iso(nanoseconds: int) -> str:
    return f"{np.datetime64(nanoseconds, 'ns')}Z"


texts = st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6))


@st.composite
def columns(draw: st.DrawFn) -> tuple[pa.Table, list[dict[str, Any]]]:
    """Draw a table with every kind of column, and its values as texts, None for missing values."""
    rows = draw(st.integers(0, 12))
    scale = draw(st.integers(0, 20))
    largest = draw(st.sampled_from([9, 10**4, 2**63 - 1, 10**38 - 1]))

    def values[T](of: st.SearchStrategy[T]) -> list[T]:
        return draw(st.lists(of, min_size=rows, max_size=rows))

    numbers = values(st.one_of(st.none(), st.integers(-largest, largest)))
    decimals = [None if number is None else Decimal(f"{number}E-{scale}") for number in numbers]
    times = values(st.one_of(st.none(), st.integers(0, 2**63 - 1)))
    words = values(st.sampled_from(["buy", "sell", None]))
    ids = values(st.integers(-(2**63), 2**63 - 1))
    names = values(texts)
    table = pa.table(
        {
            "id": pa.array(ids, pa.int64()),
            "price": pa.array(decimals, pa.decimal128(38, scale)),
            "ts": pa.array(times, pa.int64()).cast(TIME),
            "side": pa.array(words, pa.string()).dictionary_encode(),
            "name": pa.array(names, pa.string()),
        }
    )
    expected = [
        {
            "id": str(number),
            "price": None if price is None else f"{price:f}",
            "ts": None if time is None else iso(time),
            "side": word,
            "name": name,
        }
        for number, price, time, word, name in zip(ids, decimals, times, words, names, strict=True)
    ]
    return table, expected


@settings(deadline=None)
@given(columns(), st.integers(1, 5))
def test_written_tables_are_read_back(made: tuple[pa.Table, list[dict[str, Any]]], size: int) -> None:
    table, expected = made
    # Batches that do not start at the beginning of their buffers.
    assert as_json(table.to_batches(max_chunksize=size)) == expected
    assert as_csv(table) == [{name: value or "" for name, value in row.items()} for row in expected]


def test_an_average_price_has_no_trailing_zeros_beyond_a_price() -> None:
    averages = {"64000.100000000": "64000.1", "64000.000000000": "64000.0", "64000.123400000": "64000.1234"}
    table = pa.table({"average_price": pa.array([Decimal(text) for text in averages], pa.decimal128(38, 9))})
    assert [row["average_price"] for row in as_json(table.to_batches())] == list(averages.values())
    whole = pa.table({"average_price": pa.array([Decimal("100.00000000"), Decimal("100.50000000")])})
    assert [row["average_price"] for row in as_csv(whole)] == ["100", "100.5"]


def test_small_numbers_and_event_data_are_not_quoted() -> None:
    table = pa.table(
        {
            "rows": pa.array([7, None], pa.int32()),
            "seconds": pa.array([0.5, None]),
            "is_maker": pa.array([True, None]),
            "data": pa.array(['{"a": ["b"]}', None]),
        }
    )
    assert as_json(table.to_batches()) == [
        {"rows": 7, "seconds": Decimal("0.5"), "is_maker": True, "data": {"a": ["b"]}},
        {"rows": None, "seconds": None, "is_maker": None, "data": None},
    ]
    assert as_csv(table)[0] == {"rows": "7", "seconds": "0.5", "is_maker": "true", "data": '{"a": ["b"]}'}


@pytest.mark.parametrize("rows", [0, 3])
def test_an_array_may_be_part_of_an_object(rows: int) -> None:
    table = pa.table({"id": pa.array(range(rows), pa.int64())})
    head = {"run_id": "R", "price_precision": 1}
    assert as_json(table.to_batches(), head, "ticks") == head | {"ticks": [{"id": str(row)} for row in range(rows)]}
