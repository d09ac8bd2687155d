"""Formats of figures: alignment, units, rounding, unknown values."""

from decimal import Decimal

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from tickreel.cli.display import formatting
from tickreel.v1 import market_data_pb2


@given(st.lists(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=8), min_size=1))
def test_decimals_keep_their_value_and_align_at_the_point(values: list[Decimal]) -> None:
    shown = formatting.decimals([f"{value:f}" for value in values] + ["7"])
    assert [Decimal(text.replace(",", "")) for text in shown[:-1]] == values
    assert len({len(text) - text.index(".") for text in shown[:-1]}) == 1
    assert shown[-1] == "7" + " " * 9


def test_an_unknown_figure_stays_blank() -> None:
    assert formatting.decimals(["", "-1234.5"]) == ["  ", "-1,234.5"]


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 B"), (999, "999 B"), (1_234, "1.2 kB"), (3_456_000_000, "3.5 GB"), (2e13, "20.0 TB")]
)
def test_sizes(number: float, text: str) -> None:
    assert formatting.size(number) == text


@pytest.mark.parametrize(
    ("number", "text"), [(0.4149, "0.41 s"), (12.34, "12.3 s"), (125, "2:05"), (59.96, "1:00"), (3_725, "1:02:05")]
)
def test_durations(number: float, text: str) -> None:
    assert formatting.seconds(number) == text


def test_shares_and_ratios_are_rounded_and_unknown_ones_stay_blank() -> None:
    assert (formatting.percent("0.766251"), formatting.percent("0.063214"), formatting.percent("")) == ("76.6%", "6.3%", "")
    assert (formatting.rounded("1234.567890"), formatting.rounded("-0.004000"), formatting.rounded("")) == (
        "1,234.57",
        "-0.00400",
        "",
    )


@pytest.mark.parametrize(
    ("share", "text"),
    [
        ("0.000000", "0%"),
        ("1.000000", "100%"),
        ("0.000012", "0.00120%"),
        ("-0.00000005", "-0.00000500%"),
        ("0.999960", "99.996%"),
        ("1.000040", "100.004%"),
    ],
)
def test_only_exact_shares_are_shown_as_0_or_100_percent(share: str, text: str) -> None:
    assert formatting.percent(share) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-2, max_value=2, places=12))
def test_only_zero_is_shown_as_zero(value: Decimal) -> None:
    assert (Decimal(formatting.percent(f"{value:f}").rstrip("%")) == 0) == (value == 0)
    assert (Decimal(formatting.percent(f"{value:f}").rstrip("%")) == 100) == (value == 1)
    assert (Decimal(formatting.rounded(f"{value:f}")) == 0) == (value == 0)


def test_an_amount_below_the_eighth_decimal_has_an_exponent() -> None:
    shown = formatting.decimals(["0.00000000000000000004", "-0.0000000123456", "0.0000000000", "12.5"])
    assert [text.rstrip() for text in shown] == ["4.00e-20", "-0.00000001", "0.00000000", "12.5"]


def test_a_window_has_its_date_once() -> None:
    window = market_data_pb2.TimeWindow()
    assert formatting.window(window) == ""
    window.start.FromJsonString("2024-05-17T22:00:00Z")
    window.end.FromJsonString("2024-05-17T23:59:59.999Z")
    assert formatting.window(window) == "2024-05-17 22:00:00 → 23:59:59"
    assert formatting.window(window, "2024-05-17") == "22:00:00 → 23:59:59"
    window.end.FromJsonString("2024-05-18T02:00:00Z")
    assert formatting.window(window) == "2024-05-17 22:00:00 → 2024-05-18 02:00:00"


def test_a_duration_with_an_unset_end_is_blank() -> None:
    assert formatting.took(Timestamp(), Timestamp(seconds=3)) == ""
    assert formatting.took(Timestamp(seconds=1), Timestamp(seconds=3)) == "2.0 s"
    assert (formatting.plural(1, "row"), formatting.plural(2000, "row")) == ("1 row", "2,000 rows")
