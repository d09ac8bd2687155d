"""Health and reflection of each service process, under both names of reflection."""

from collections.abc import Iterator

import grpc
import pytest
from google.protobuf import descriptor_pb2
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from terminal import Terminal, Up

SERVICES = {
    "catalog": "tickreel.v1.CatalogService",
    "converter": "tickreel.v1.ConverterService",
    "runner": "tickreel.v1.RunnerService",
    "results": "tickreel.v1.ResultsService",
}
REFLECTIONS = ("grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection")


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with Terminal(tmp_path_factory.mktemp("up"), {}).up(jobs=False) as running:
        yield running


@pytest.fixture
def channel(request: pytest.FixtureRequest, up: Up) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(up.said["services"][request.param]["address"]) as opened:
        yield opened


def reflect(
    channel: grpc.Channel, reflection: str, request: reflection_pb2.ServerReflectionRequest
) -> reflection_pb2.ServerReflectionResponse:
    call: grpc.StreamStreamMultiCallable[reflection_pb2.ServerReflectionRequest, reflection_pb2.ServerReflectionResponse] = (
        channel.stream_stream(
            f"/{reflection}/ServerReflectionInfo",
            request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
            response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
        )
    )
    return next(iter(call(iter([request]))))


def reflect_symbol(channel: grpc.Channel, reflection: str, symbol: str) -> reflection_pb2.ServerReflectionResponse:
    return reflect(channel, reflection, reflection_pb2.ServerReflectionRequest(file_containing_symbol=symbol))


@pytest.mark.parametrize(("channel", "name"), SERVICES.items(), indirect=["channel"], ids=SERVICES)
def test_health_is_known_for_the_server_and_the_service(channel: grpc.Channel, name: str) -> None:
    check: grpc.UnaryUnaryMultiCallable[health_pb2.HealthCheckRequest, health_pb2.HealthCheckResponse] = channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
        response_deserializer=health_pb2.HealthCheckResponse.FromString,
    )
    for service in ("", name):
        answer = check(health_pb2.HealthCheckRequest(service=service), timeout=60)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    with pytest.raises(grpc.RpcError) as caught:
        check(health_pb2.HealthCheckRequest(service="tickreel.v1.NoSuchService"), timeout=60)
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize("reflection", REFLECTIONS)
@pytest.mark.parametrize(("channel", "name"), SERVICES.items(), indirect=["channel"], ids=SERVICES)
def test_reflection_returns_the_contract(channel: grpc.Channel, name: str, reflection: str) -> None:
    listed = reflect(channel, reflection, reflection_pb2.ServerReflectionRequest(list_services=""))
    assert {service.name for service in listed.list_services_response.service} == {name, "grpc.health.v1.Health", *REFLECTIONS}
    (text, *_) = reflect_symbol(channel, reflection, name).file_descriptor_response.file_descriptor_proto
    file = descriptor_pb2.FileDescriptorProto.FromString(text)
    assert [f"{file.package}.{service.name}" for service in file.service] == [name]
    # Methods are symbols, too.
    for method in file.service[0].method:
        answer = reflect_symbol(channel, reflection, f"{name}.{method.name}")
        assert answer.file_descriptor_response.file_descriptor_proto[0] == text
    assert reflect_symbol(channel, reflection, f"{name}.NoSuchMethod").error_response.error_code == 5
