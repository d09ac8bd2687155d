"""Strategies in the manner of published examples, run by Tickreel: the tables of a run equal what the engine alone does.

Uses a real day of trades and books where the recordings are present, else the sample data. TICKREEL_TEST_DAYS=all tries every
recorded day.
"""

import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bare_runs import BareNode, spec_of
from differential import published_strategies
