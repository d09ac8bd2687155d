"""Whether a service serves, by its gRPC health."""

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

# Where nothing listens the answer is there at once; this is for a service that has a lot to do.
_ANSWER_SECONDS = 3.0


async def is_serving(service: str, address: str) -> bool:
    """Whether the Tickreel service answers at an address, and says that it serves."""
    name = f"tickreel.v1.{service.capitalize()}Service"
    options = [("grpc.use_local_subchannel_pool", 1)]
    async with grpc.aio.insecure_channel(address, options=options) as channel:
        try:
            answer = await health_pb2_grpc.HealthStub(channel).Check(
                health_pb2.HealthCheckRequest(service=name), timeout=_ANSWER_SECONDS
            )
        except grpc.aio.AioRpcError:
            return False
    return answer.status == health_pb2.HealthCheckResponse.SERVING
