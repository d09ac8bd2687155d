"""Blocking calls to a service. They need no event loop, and work in a notebook, which already runs one."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc

from tickreel.rpc.channel import OPTIONS, STUBS
from tickreel.rpc.errors import TickreelError

# Seconds from the first failure of a stream until it gives up.
PATIENCE = 30.0
# Bounds of the exponential backoff between attempts, in seconds.
RETRY_FIRST, RETRY_MOST = 0.25, 4.0

_BROKEN = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.INTERNAL)


class Service:
    """A blocking client of one service.

    Calls return the response message or raise `TickreelError`: the service's own error, or SERVICE_UNAVAILABLE if the service
    does not answer.
    """

    def __init__(self, name: str, address: str) -> None:
        self._name = name
        self._address = address
        self._channel = grpc.insecure_channel(address, options=OPTIONS)
        self._stub: Any = STUBS[name](self._channel)

    def call(self, method: str, request: Any, *, timeout: float = 60) -> Any:
        """Call a unary method."""
        try:
            return getattr(self._stub, method)(request, timeout=timeout)
        except grpc.RpcError as error:
            raise TickreelError.from_rpc_error(error, self._name, self._address) from None

    def stream(self, method: str, make_request: Callable[[], Any]) -> Iterator[Any]:
        """Yield the responses of a server-streaming method. Leaving the iteration cancels the call.

        A stream that breaks after its first response is requested again, until the service has not answered for `PATIENCE`
        seconds.

        Args:
            make_request: Makes the request for the responses that have not arrived yet.
        """
        # Time of the first failure, not of the last response: this process may have been suspended since that response.
        failing_since: float | None = None
        has_answered, retry = False, RETRY_FIRST
        while True:
            call = getattr(self._stub, method)(make_request())
            try:
                for response in call:
                    yield response
                    has_answered, failing_since, retry = True, None, RETRY_FIRST
                return
            except grpc.RpcError as error:
                # Fail at once if the service never answered.
                can_retry = has_answered and _is_broken(error)
                failing_since = time.monotonic() if failing_since is None else failing_since
                if not can_retry or time.monotonic() - failing_since >= PATIENCE:
                    raise TickreelError.from_rpc_error(error, self._name, self._address) from None
            finally:
                call.cancel()
            time.sleep(retry)
            retry = min(retry * 2, RETRY_MOST)

    def close(self) -> None:
        """Close the channel."""
        self._channel.close()


def _is_broken(error: grpc.RpcError) -> bool:
    """Whether a call failed because the connection or the service went away, not by an error of the service."""
    assert isinstance(error, grpc.Call)
    answered = any(key == "grpc-status-details-bin" for key, _ in error.trailing_metadata() or ())
    return error.code() in _BROKEN and not answered
