"""Every service answers health and reflection, under both names of reflection, as a process of its own."""

from collections.abc import Iterator

import grpc
import pytest
from google.protobuf import descriptor_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
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
    with Terminal(tmp_path_factory.mktemp("up"), {}).up() as running:
        yield running


@pytest.fixture
def channel(request: pytest.FixtureRequest, up: Up) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(up.said["services"][request.param]["address"]) as opened:
        yield opened


def reflect(channel: grpc.Channel, reflection: str, **request: str) -> reflection_pb2.ServerReflectionResponse:
    call = channel.stream_stream(
        f"/{reflection}/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    return next(call(iter([reflection_pb2.ServerReflectionRequest(**request)])))


@pytest.mark.parametrize(("channel", "name"), SERVICES.items(), indirect=["channel"], ids=SERVICES)
def test_health_is_known_for_the_server_and_the_service(channel: grpc.Channel, name: str) -> None:
    stub = health_pb2_grpc.HealthStub(channel)
    for asked in ("", name):
        answer = stub.Check(health_pb2.HealthCheckRequest(service=asked), timeout=60)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    with pytest.raises(grpc.RpcError) as caught:
        stub.Check(health_pb2.HealthCheckRequest(service="tickreel.v1.NoSuchService"), timeout=60)
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize("reflection", REFLECTIONS)
@pytest.mark.parametrize(("channel", "name"), SERVICES.items(), indirect=["channel"], ids=SERVICES)
def test_reflection_tells_the_contract(channel: grpc.Channel, name: str, reflection: str) -> None:
    listed = {service.name for service in reflect(channel, reflection, list_services="").list_services_response.service}
    assert listed == {name, "grpc.health.v1.Health", *REFLECTIONS}
    (text, *_) = reflect(channel, reflection, file_containing_symbol=name).file_descriptor_response.file_descriptor_proto
    file = descriptor_pb2.FileDescriptorProto.FromString(text)
    assert [f"{file.package}.{service.name}" for service in file.service] == [name]
    # A method is a symbol too.
    for method in file.service[0].method:
        answer = reflect(channel, reflection, file_containing_symbol=f"{name}.{method.name}")
        assert answer.file_descriptor_response.file_descriptor_proto[0] == text
    assert reflect(channel, reflection, file_containing_symbol=f"{name}.NoSuchMethod").error_response.error_code == 5
