"""Exact money: fills become positions, fees, equity and drawdown, in integers."""
