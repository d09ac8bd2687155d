"""Run configs for tests and benchmarks, as JSON documents."""

from datetime import datetime
from typing import Any


def run_config(
    raw_name: str,
    start: str | datetime,
    end: str | datetime,
    *,
    price_precision: int = 1,
    size_precision: int = 3,
    starting_balance: float = 1_000_000,
) -> dict[str, Any]:
    """Return the config of a linear perpetual that sends one order per trade row of a window."""
    base_currency = raw_name.rpartition("-")[2]
    return {
        "instrument": {"id": f"{raw_name}@LIN", "price_precision": price_precision, "size_precision": size_precision},
        "venue": {
            "name": raw_name.partition(":")[0],
            "oms_type": "NETTING",
            "account_type": "MARGIN",
            "base_currency": base_currency,
            "starting_balance": starting_balance,
            "maker_fee": 0.0002,
            "taker_fee": 0.0004,
        },
        "data_catalog": {"auto_discover": True, "instrument_file_pattern": raw_name},
        "time_window": {"start": _text(start), "end": _text(end)},
        "strategy": {"name": "TempBacktestStrategy", "submission_mode": "per_trade_tick", "orders": []},
        "risk": {"throttling_per_sec": 1_000_000},
        "fx_stub": {"USDT_USD": 1.0},
    }


def market_config(
    raw_name: str, start: str, end: str, *, suffix: str = "@LIN", fee: float = 0.0004, **changes: Any
) -> dict[str, Any]:
    """Return the config of any market with keys changed, for example `venue__latency=...`. None removes a key."""
    precisions = {key: changes.pop(key) for key in ("price_precision", "size_precision") if key in changes}
    config = run_config(raw_name, start, end, **precisions)
    config["instrument"]["id"] = raw_name + suffix
    config["venue"]["taker_fee"] = fee
    for name, value in changes.items():
        block, key = name.split("__")
        if value is None:
            del config[block][key]
        else:
            config[block][key] = value
    return config


def _text(time: str | datetime) -> str:
    return time if isinstance(time, str) else f"{time:%Y-%m-%dT%H:%M:%S.%fZ}"
