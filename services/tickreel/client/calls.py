"""Calls to a service without an event loop: a notebook already runs one, and a script needs none."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc

from tickreel.rpc.channel import OPTIONS, STUBS
from tickreel.rpc.errors import TickreelError

# How long a service may be gone in the midst of a stream, from the first failure; and how often it is tried meanwhile.
PATIENCE = 30.0
RETRY_FIRST, RETRY_MOST = 0.25, 4.0

_BROKEN = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.INTERNAL)


class Service:
    """One service.

    Calls return the response message, or raise `TickreelError`: the one that the service raised, or SERVICE_UNAVAILABLE where
    it does not answer.
    """

    def __init__(self, name: str, address: str) -> None:
        self._name = name
        self._address = address
        self._channel = grpc.insecure_channel(address, options=OPTIONS)
        self._stub: Any = STUBS[name](self._channel)

    def call(self, method: str, request: Any, *, timeout: float = 60) -> Any:
        """Calls a unary method."""
        try:
            return getattr(self._stub, method)(request, timeout=timeout)
        except grpc.RpcError as error:
            raise TickreelError.from_rpc_error(error, self._name, self._address) from None

    def stream(self, method: str, make_request: Callable[[], Any]) -> Iterator[Any]:
        """The responses of a server-streaming method; leaving the iteration hangs up.

        Args:
            make_request: Makes the request for what has not arrived yet. A stream that breaks is asked for again, until the
                service has been gone for long.
        """
        # `lost` is not the time of the last response: this process may have been stopped since.
        lost: float | None = None
        heard, retry = False, RETRY_FIRST
        while True:
            call = getattr(self._stub, method)(make_request())
            try:
                for response in call:
                    yield response
                    heard, lost, retry = True, None, RETRY_FIRST
                return
            except grpc.RpcError as error:
                # Where nothing answers in the first place, there is nothing to wait for.
                is_lost = heard and _is_broken(error)
                lost = time.monotonic() if lost is None else lost
                if not is_lost or time.monotonic() - lost >= PATIENCE:
                    raise TickreelError.from_rpc_error(error, self._name, self._address) from None
            finally:
                call.cancel()
            time.sleep(retry)
            retry = min(retry * 2, RETRY_MOST)

    def close(self) -> None:
        """Closes the channel."""
        self._channel.close()


def _is_broken(error: grpc.RpcError) -> bool:
    """Whether a call ended with its connection, or with the service, and not by an answer of the service."""
    assert isinstance(error, grpc.Call)
    answered = any(key == "grpc-status-details-bin" for key, _ in error.trailing_metadata() or ())
    return error.code() in _BROKEN and not answered
