"""gRPC health check of a service."""

from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

# For a busy service. If nothing listens, the call fails at once.
ANSWER_SECONDS = 3.0


async def is_serving(service: str, address: str) -> bool:
    """Whether a Tickreel service answers at an address and reports that it serves."""
    name = f"tickreel.v1.{service.capitalize()}Service"
    options = [("grpc.use_local_subchannel_pool", 1)]
    async with grpc.aio.insecure_channel(address, options=options) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        request = health_pb2.HealthCheckRequest(service=name)
        try:
            answer: health_pb2.HealthCheckResponse = await stub.Check(request, timeout=ANSWER_SECONDS)
        except grpc.aio.AioRpcError:
            return False
    return answer.status == health_pb2.HealthCheckResponse.SERVING
