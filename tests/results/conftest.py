"""A results service over a new folder for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from serving import serving, settings_in
from tickreel.results.service import ResultsServicer
from tickreel.rpc.channel import ServiceClient
from tickreel.stores.results import ResultStore
from tickreel.v1 import result_pb2


@pytest.fixture
def store(tmp_path: Path) -> ResultStore:
    """The store of the service, with a fast run S."""
    store = ResultStore(tmp_path / "results", tmp_path / "tickdata")
    store.check_writable()
    fast = result_pb2.Result(run_id="S", mode=result_pb2.RUN_MODE_FAST)
    fast.metadata.outputs["summary.json"] = "/somewhere/else/S.json"
    store.commit(fast, None, None)
    return store


@pytest.fixture
async def results(tmp_path: Path, store: ResultStore) -> AsyncIterator[ServiceClient]:
    async with serving("results", ResultsServicer, settings_in(tmp_path)) as client:
        yield client
