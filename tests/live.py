"""Services in an event loop on a second thread, for tests that make blocking calls."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any


@contextmanager
def live[T](services: Callable[[], AbstractAsyncContextManager[T]]) -> Iterator[T]:
    """Serve in an event loop on a second thread; yields the value of the services' context manager."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="services")
    thread.start()

    def wait_for[R](work: Coroutine[Any, Any, R]) -> R:
        return asyncio.run_coroutine_threadsafe(work, loop).result(timeout=60)

    serving = services()
    try:
        entered = wait_for(serving.__aenter__())
        try:
            yield entered
        finally:
            wait_for(serving.__aexit__(None, None, None))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
