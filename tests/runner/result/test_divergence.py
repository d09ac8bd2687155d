"""The first row that differs is found in every column and at every row, whatever the row groups."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from full_runs import Ticks, without_recorded_times, write_full_run
from tickreel.rpc.errors import TickreelError
from tickreel.runner.result.divergence import first_divergence
from tickreel.stores.results import ResultStore
from tickreel.v1.verification_pb2 import Divergence

ROWS = 120
COLUMNS = {
    "orders": (
        "ts_submitted",
        "ts_closed",
        "side",
        "price",
        "amount",
        "filled_amount",
        "fees",
        "status",
        "reason",
        "ts_recorded",
        "trade_row",
    ),
    "fills": ("ts", "side", "price", "amount", "fee", "engine_fee", "liquidity", "ts_recorded", "trade_row"),
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ResultStore:
    folder = tmp_path_factory.mktemp("results")
    made = ResultStore(folder / "results", folder / "tickdata")
    write_full_run(made, "A", Ticks.random(ROWS), group=50, timeline=False)
    return made


def another(value: Any) -> Any:
    """Return a different value of the same type; text instead of null."""
    return "another" if isinstance(value, str | None) else value + 1


def changed(store: ResultStore, folder: Path, change: Callable[[str, pa.Table], pa.Table]) -> Divergence | None:
    """Change the tables of the run and return the first divergence."""
    folder.mkdir()
    stored = store.find("A")
    for name in COLUMNS:
        table = pq.read_table(stored.folder / f"{name}.parquet")
        pq.write_table(
            change(name, table.cast(_without_dictionaries(table.schema))), folder / f"{name}.parquet", row_group_size=33
        )
    return first_divergence(stored, folder, lambda done, of: None)


def _without_dictionaries(schema: pa.Schema) -> pa.Schema:
    kinds = ((field.name, field.type) for field in schema)
    return pa.schema([(name, kind.value_type if pa.types.is_dictionary(kind) else kind) for name, kind in kinds])


def with_cell(table: pa.Table, column: str, row: int) -> pa.Table:
    kind = table.schema.field(column).type
    whole = table[column].cast(pa.int64()) if pa.types.is_timestamp(kind) else table[column]
    values = whole.to_pylist()
    values[row] = another(values[row])
    return table.set_column(table.schema.get_field_index(column), column, pa.array(values).cast(kind))


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from([(table, column) for table, columns in COLUMNS.items() for column in columns]),
    st.integers(0, ROWS * 3 // 4 - 1),
    st.integers(0, 20),
)
def test_a_cell_that_differs_is_named(
    tmp_path_factory: pytest.TempPathFactory, store: ResultStore, where: tuple[str, str], row: int, later: int
) -> None:
    name, column = where
    after = min(row + later, ROWS * 3 // 4 - 1)

    def change(table: str, rows: pa.Table) -> pa.Table:
        for place in {row, after} if table == name else set():
            rows = with_cell(rows, column, place)
        return rows

    found = changed(store, tmp_path_factory.mktemp("again") / "tables", change)
    assert found is not None
    assert [field.name for field in found.fields] == [column]
    assert (found.order_id if name == "orders" else found.fill_id) == row + 1
    assert found.order_id == found.order.id == found.recorded_order.id
    assert [fill.id for fill in found.fills] == [fill.id for fill in found.recorded_fills]


@pytest.mark.parametrize(("name", "column"), [("orders", "price"), ("fills", "fee")])
def test_columns_that_the_recorded_table_lacks_are_not_compared(tmp_path: Path, name: str, column: str) -> None:
    """Results of older versions have no recorded times."""
    store = ResultStore(tmp_path / "results", tmp_path / "tickdata")
    folder = write_full_run(store, "A", Ticks.random(ROWS), timeline=False)
    (tmp_path / "again").mkdir()
    for table in COLUMNS:
        rows = pq.read_table(folder / f"{table}.parquet")
        pq.write_table(with_cell(rows, column, 7) if table == name else rows, tmp_path / "again" / f"{table}.parquet")
    without_recorded_times(folder)
    found = first_divergence(store.find("A"), tmp_path / "again", lambda done, of: None)
    assert found is not None
    assert [field.name for field in found.fields] == [column]


def test_equal_tables_have_no_divergence(store: ResultStore, tmp_path: Path) -> None:
    assert changed(store, tmp_path / "same", lambda _, rows: rows) is None


@pytest.mark.parametrize("rows", [0, 1, 40])
def test_a_missing_row_is_the_divergence(store: ResultStore, tmp_path: Path, rows: int) -> None:
    found = changed(store, tmp_path / "fewer", lambda name, table: table.slice(0, rows) if name == "orders" else table)
    assert found is not None
    assert (found.order_id, found.HasField("order"), found.recorded_order.id) == (rows + 1, False, rows + 1)
    assert not found.fields


def test_an_unreadable_table_is_named_in_the_error(store: ResultStore, tmp_path: Path) -> None:
    write_full_run(store, "B", Ticks.random(ROWS), timeline=False)
    stored = store.find("B")
    (stored.folder / "fills.parquet").write_bytes(b"PAR1")
    with pytest.raises(TickreelError, match="cannot be compared") as refusal:
        first_divergence(stored, store.find("A").folder, lambda done, of: None)
    assert refusal.value.reason == "DATA_CHANGED"
