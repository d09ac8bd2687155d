"""Instants as ISO 8601 text."""

import numpy as np


def iso(nanoseconds: int) -> str:
    """Format UNIX nanoseconds as ISO 8601 in UTC."""
    return np.datetime_as_string(np.datetime64(nanoseconds, "ns")) + "Z"
