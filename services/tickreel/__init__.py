"""Deterministic tick-level backtests of recorded exchange data, as gRPC services."""
