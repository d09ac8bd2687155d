"""A client gets the error that a service raised, cut to the limits of gRPC."""

import asyncio
import logging

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from hypothesis import given, settings
from hypothesis import strategies as st

from rpc.small_service import SmallCatalog, SmallResults, error_of_call, serving
from tickreel.rpc.channel import STUBS, ServiceClient
from tickreel.rpc.errors import DOMAIN, TickreelError, Violation, _cut, count_of, invalid_request, not_found, problems
from tickreel.rpc.server import Server
from tickreel.v1 import catalog_service_pb2, error_reason_pb2, results_service_pb2

REASONS = [name.removeprefix("ERROR_REASON_") for name in error_reason_pb2.ErrorReason.keys()[1:]]


@pytest.mark.parametrize("reason", REASONS)
async def test_every_reason_arrives_with_its_violations_and_metadata(reason: str) -> None:
    raised = TickreelError(
        reason, "file «данные.parquet» 市場 – 100 % wrong\nsee line 2", [Violation("a.b[0]", "is «ü»")], rows=3, path="/d/é"
    )
    caught = await error_of_call(raised)
    assert caught.reason == reason
    assert caught.code == raised.code
    assert caught.message == raised.message
    assert caught.violations == raised.violations
    assert caught.metadata == {"rows": "3", "path": "/d/é"}


async def test_other_clients_read_one_error_info_and_one_bad_request() -> None:
    service = SmallCatalog(invalid_request("dataset_id", "is empty"))
    async with serving(service) as address, grpc.aio.insecure_channel(address) as channel:
        call = STUBS["catalog"](channel).GetDataset(catalog_service_pb2.GetDatasetRequest())
        assert await call.code() == grpc.StatusCode.INVALID_ARGUMENT
        status = await rpc_status.aio.from_call(call)
    assert status is not None
    assert status.message == "dataset_id: is empty"
    info, bad_request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    assert [detail.Unpack(info) for detail in status.details] == [True, False]
    assert status.details[1].Unpack(bad_request)
    assert (info.reason, info.domain) == ("INVALID_REQUEST", DOMAIN)
    assert [(v.field, v.description) for v in bad_request.field_violations] == [("dataset_id", "is empty")]


def test_an_unknown_reason_is_refused() -> None:
    with pytest.raises(ValueError, match="OUT_OF_CHEESE"):
        TickreelError("OUT_OF_CHEESE", "none left")


def test_metadata_may_have_any_key() -> None:
    """In the contract, the example of CONFIG_INVALID has `violations` in its metadata."""
    error = TickreelError("CONFIG_INVALID", "refused", [Violation("a", "is b")], violations=1, reason="r", message="m", self=0)
    assert error.metadata == {"violations": "1", "reason": "r", "message": "m", "self": "0"}
    assert len(error.violations) == 1


def test_a_failed_job_has_the_reason_the_metadata_and_all_violations() -> None:
    violations = [Violation(f"a[{number}]", "is wrong") for number in range(100)]
    failure = TickreelError("DATA_REFUSED", "no rows", violations, rows=0).to_failure()
    assert (failure.reason, dict(failure.metadata)) == ("DATA_REFUSED", {"rows": "0"})
    assert failure.message.splitlines()[0] == "no rows"
    assert failure.message.splitlines()[-1] == "  a[99]: is wrong"


def test_the_failure_of_a_job_is_small_even_for_a_long_message() -> None:
    error = TickreelError("DATA_REFUSED", "x" * 5_000_000, log="y" * 5_000_000)
    assert 30_000 < error.to_failure().ByteSize() < 40_000
    assert TickreelError.from_json(error.to_json()).message.endswith("… (5,000,000 characters)")


async def test_violations_that_do_not_fit_are_counted() -> None:
    raised = TickreelError("CONFIG_INVALID", "refused", [Violation(f"key_{n}", "is unknown; " * 8) for n in range(500)])
    caught = await error_of_call(raised)
    *shown, last = caught.violations
    assert tuple(shown) == raised.violations[: len(shown)]
    assert len(shown) >= 30
    assert last.description.startswith(f"{500 - len(shown)} more;")
    assert (last.count, count_of(caught.violations), problems(caught.violations)) == (500 - len(shown), 500, "500 problems")


async def test_the_count_of_problems_is_kept_by_a_second_service() -> None:
    """The Runner forwards the violations of the Converter together with its own."""
    first = await error_of_call(
        TickreelError("DATA_REFUSED", "refused", [Violation(f"k{n}", "is bad " * 9) for n in range(400)])
    )
    own = [Violation(f"o{n}", "is wrong " * 9) for n in range(60)]
    second = await error_of_call(TickreelError("CONFIG_INVALID", "refused", [*own, *first.violations]))
    assert count_of(second.violations) == 460
    assert second.metadata == {"violations": "460"}


async def test_thirty_ordinary_violations_fit() -> None:
    violations = [
        Violation(f"instrument.price_precision_{n}", "is 'one'; it must be a whole number, 0 to 16") for n in range(30)
    ]
    caught = await error_of_call(TickreelError("CONFIG_INVALID", "refused", violations))
    assert caught.violations == tuple(violations)


@pytest.mark.parametrize("character", ["a", "%", "\n", "é", "市", "🦆"])
async def test_a_very_long_message_is_cut_and_not_lost(character: str) -> None:
    raised = TickreelError(
        "WORKER_DIED", character * 100_000, [Violation("x", character * 100_000)] * 3, log=character * 100_000
    )
    caught = await error_of_call(raised)
    assert caught.reason == "WORKER_DIED"
    assert caught.message.strip(character) == "…"
    assert len(caught.message) > 100
    assert caught.metadata["log"].strip(character) == "…"
    assert caught.violations


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=3000),
    st.lists(st.builds(Violation, st.text(max_size=400), st.text(max_size=4000)), max_size=60),
    st.dictionaries(st.text("abcdefg", min_size=1), st.text(max_size=2000), max_size=5),
)
def test_no_error_exceeds_the_limit_of_a_client(message: str, violations: list[Violation], metadata: dict[str, str]) -> None:
    """Counted as a client counts: names, values, 32 bytes per entry, and the details in base64."""
    status = TickreelError("CONFIG_INVALID", message, violations, **metadata).to_status()
    encoded = "".join(c if " " <= c <= "~" and c != "%" else "%00" * len(c.encode()) for c in status.details)
    (details,) = (value for _, value in status.trailing_metadata)
    assert len(encoded) + -(-len(details) // 3) * 4 + 250 < 8192


async def test_a_file_name_that_is_not_utf8_can_be_sent() -> None:
    """Python represents such bytes as lone surrogates, which protobuf refuses."""
    name = b"day-\xff.parquet".decode(errors="surrogateescape")
    caught = await error_of_call(TickreelError("DATA_REFUSED", f"{name} is corrupt", [Violation(name, name)], source=name))
    assert caught.message == r"day-\udcff.parquet is corrupt"
    assert caught.metadata == {"source": r"day-\udcff.parquet"}


async def test_an_unexpected_error_is_internal_and_its_text_is_only_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "tickreel"):
        caught = await error_of_call(KeyError("the password is swordfish"))
    assert caught.reason == "INTERNAL"
    assert "swordfish" not in str(caught) + str(caught.metadata)
    assert "swordfish" in caplog.text
    assert "/tickreel.v1.CatalogService/GetDataset failed" in caplog.text


@pytest.mark.parametrize(
    ("raised", "reason"), [(not_found("run", "BNF_1"), "NOT_FOUND"), (ZeroDivisionError("a secret"), "INTERNAL")]
)
async def test_a_failing_stream_first_delivers_its_earlier_messages(raised: Exception, reason: str) -> None:
    received = []
    async with serving(SmallResults(raised)) as address:
        client = ServiceClient("results", address)
        with pytest.raises(TickreelError) as caught:
            async for response in client.stream("StreamTicks", results_service_pb2.StreamTicksRequest(cursor="3")):
                received.append(response.cursor)
        await client.close()
    assert received == ["0", "1", "2"]
    assert caught.value.reason == reason
    assert "secret" not in str(caught.value)


async def test_leaving_a_stream_ends_it_at_the_service() -> None:
    service = SmallResults()
    async with serving(service) as address:
        client = ServiceClient("results", address)
        stream = client.stream("StreamTicks", results_service_pb2.StreamTicksRequest(cursor="1"))
        await anext(stream)
        await stream.aclose()
        await asyncio.wait_for(service.left.wait(), 30)
        await client.close()


async def test_a_missing_service_is_named_with_its_address() -> None:
    async with serving(SmallCatalog()) as address:
        pass
    client = ServiceClient("catalog", address)
    request = catalog_service_pb2.GetDatasetRequest()
    with pytest.raises(TickreelError, match=rf"the catalog service at {address} does not answer") as caught:
        await client.call("GetDataset", request)
    assert caught.value.reason == "SERVICE_UNAVAILABLE"
    assert caught.value.metadata == {"service": "catalog", "address": address}
    await client.close()


async def test_a_service_that_exceeds_the_deadline_does_not_answer() -> None:
    async with serving(SmallCatalog(delay=3600)) as address:
        client = ServiceClient("catalog", address)
        with pytest.raises(TickreelError, match="does not answer") as caught:
            await client.call("GetDataset", catalog_service_pb2.GetDatasetRequest(), timeout=0.1)
        await client.close()
    assert caught.value.reason == "SERVICE_UNAVAILABLE"


async def test_a_wrong_service_at_an_address_is_reported() -> None:
    async with serving(SmallResults()) as address:
        client = ServiceClient("catalog", address)
        with pytest.raises(TickreelError, match=f"the server at {address} is not the catalog service") as caught:
            await client.call("GetDataset", catalog_service_pb2.GetDatasetRequest())
        await client.close()
    assert caught.value.reason == "SERVICE_UNAVAILABLE"


async def test_a_request_beyond_the_limit_of_grpc_is_refused_as_too_large() -> None:
    async with serving(SmallCatalog()) as address:
        client = ServiceClient("catalog", address)
        with pytest.raises(TickreelError, match=r"the catalog service is too large: .*4194304") as caught:
            await client.call("GetDataset", catalog_service_pb2.GetDatasetRequest(dataset_id="x" * 4_200_000))
        await client.close()
    assert caught.value.reason == "INVALID_REQUEST"


async def test_a_call_waits_for_a_service_that_is_just_starting() -> None:
    hung_up = asyncio.Event()

    async def hang_up(_: asyncio.StreamReader, connection: asyncio.StreamWriter) -> None:
        connection.close()
        hung_up.set()

    listener = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    address = f"127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    client = ServiceClient("catalog", address)
    call = asyncio.create_task(
        client.call("GetDataset", catalog_service_pb2.GetDatasetRequest(dataset_id="d"), wait=True, timeout=60)
    )
    await hung_up.wait()
    listener.close()
    server = Server(SmallCatalog())
    await server.start(address)
    assert (await call).dataset.dataset_id == "d"
    await client.close()
    await server.stop(grace=0)


async def test_a_file_without_read_permission_is_named() -> None:
    caught = await error_of_call(PermissionError(13, "Permission denied", "/data/day-2024-07-18"))
    assert caught.reason == "STORE_NOT_READABLE"
    assert (
        caught.message
        == "day-2024-07-18 cannot be read in /data: Permission denied; give the user of the service permission to read it"
    )


def test_cutting_reads_only_the_beginning_of_a_text() -> None:
    text = Sliced("x" * 1_000_000)
    assert _cut(text, 300) == "x" * 291 + "…"
    assert text.read == 300


class Sliced(str):
    """A text that records how far it was sliced and cannot be encoded."""

    read = 0

    def __getitem__(self, part: slice) -> str:  # type: ignore[override]
        self.read = part.stop
        return super().__getitem__(part)

    def encode(self, *_: str) -> bytes:
        raise AssertionError("the whole text is read")
