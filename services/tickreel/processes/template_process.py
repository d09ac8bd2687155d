"""`python -m tickreel.processes.template_process MODULE DESCRIPTOR`: import a module, and fork a process for each request.

`Template` is the other side. It sends requests over the socket of the given descriptor. A request is three file descriptors:

1. a socket that becomes the standard input of the new process, from which `Starter` reads
2. a pipe for the reports of the new process
3. a log for its standard output and error

and a fourth for its status, a socket with one JSON object per line. The new process sends its id, later this process sends its
exit code. The new process runs `MODULE.main()`, with the descriptor of its pipe as the last argument.

This process only holds imported modules. It runs no work, so no thread of it holds a lock when it forks. Two libraries start a
thread on import, OpenBLAS and jemalloc. Both have handlers of `pthread_atfork`, which keep them usable in the new process.
"""

import gc
import importlib
import json
import os
import selectors
import signal
import site
import socket
import sys
import warnings
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from tickreel.processes.starter import die_with_parent

# The name of this process, see `_name`.
NAME = "template"

_DESCRIPTORS = 4

Signature = tuple[int, int, int]


class _Sources:
    """The files that this process has imported, and the folders of installed packages."""

    def __init__(self) -> None:
        specs = (getattr(module, "__spec__", None) for module in list(sys.modules.values()))
        files = {spec.origin for spec in specs if spec is not None and spec.has_location and spec.origin}
        self._signatures = {path: _signature(path) for path in (*files, *site.getsitepackages())}

    def are_current(self) -> bool:
        """Return whether a new interpreter would import the same files."""
        return all(_signature(path) == signature for path, signature in self._signatures.items())


def _signature(path: str) -> Signature | None:
    try:
        stat = Path(path).stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


class _Forks:
    """The processes that this process has forked, by the socket of their status."""

    def __init__(self) -> None:
        self._pids: dict[socket.socket, int] = {}
        self._reported: set[socket.socket] = set()

    def __bool__(self) -> bool:
        return bool(self._pids)

    def add(self, status: socket.socket, pid: int) -> None:
        self._pids[status] = pid

    def report_ended(self) -> None:
        """Report the exit codes of processes that have ended since the last call.

        They stay zombies, so that their ids are not given to other processes as long as the service may send signals to them.
        """
        for status, pid in self._pids.items():
            if status in self._reported:
                continue
            ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ended is not None:
                self._reported.add(status)
                code = ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
                with suppress(OSError):
                    status.send(json.dumps({"code": code}).encode() + b"\n")

    def release(self, status: socket.socket) -> None:
        """Reap a process that the service has done with. Kill it if the service has given up waiting for its start."""
        pid = self._pids.pop(status)
        self._reported.discard(status)
        status.close()
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)

    def close(self) -> None:
        """Close the descriptors, in a forked process."""
        for status in self._pids:
            status.close()


def serve(channel: socket.socket) -> None:
    """Fork a process for each request. Return in each of these processes, and never in this one."""
    sources, forks = _Sources(), _Forks()
    woken, waking = socket.socketpair()
    for side in (woken, waking):
        side.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waking.fileno())
    # All objects so far stay alive. The collector would touch, and so copy, their pages in each forked process.
    gc.collect()
    gc.freeze()
    selector = selectors.DefaultSelector()
    for source in (channel, woken):
        selector.register(source, selectors.EVENT_READ)
    accepts = True
    while accepts or forks:
        for key, _ in selector.select():
            ready = key.fileobj
            assert isinstance(ready, socket.socket)
            if ready is woken:
                with suppress(BlockingIOError):
                    while woken.recv(64):
                        pass
                forks.report_ended()
            elif ready is not channel:
                selector.unregister(ready)
                forks.release(ready)
            else:
                message, descriptors, _, _ = socket.recv_fds(channel, 1, _DESCRIPTORS)
                accepts = bool(message) and sources.are_current()
                if not accepts:
                    # The service starts another interpreter. This process ends after those that it has forked.
                    selector.unregister(channel)
                    _close(descriptors)
                    continue
                try:
                    pid = _fork() if len(descriptors) == _DESCRIPTORS else None
                except OSError:
                    pid = None
                if pid is None:
                    # The system has no more descriptors or processes for this one. The service sees the status close.
                    _close(descriptors)
                    continue
                status = socket.socket(fileno=descriptors.pop())
                if not pid:
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    selector.close()
                    forks.close()
                    for source in (channel, woken, waking):
                        source.close()
                    _take_over(*descriptors)
                    status.send(json.dumps({"pid": os.getpid()}).encode() + b"\n")
                    status.close()
                    return
                _close(descriptors)
                forks.add(status, pid)
                selector.register(status, selectors.EVENT_READ)
    os._exit(0)


def _fork() -> int:
    parent = os.getpid()
    with warnings.catch_warnings():
        # Python warns of other threads in this process. The description of this module says why they do no harm.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if not pid:
        die_with_parent()
        if os.getppid() != parent:
            os._exit(1)
    return pid


def _take_over(standard_input: int, reports: int, log: int) -> None:
    """Make this process what a new interpreter would be: a leader of a session with its own input, output and arguments."""
    os.setsid()
    for descriptor, standard in ((standard_input, 0), (log, 1), (log, 2)):
        os.dup2(descriptor, standard)
    _close((standard_input, log))
    _name("worker")
    sys.argv = [sys.argv[0], str(reports)]
    # Without new seeds, unseeded generators would give the same numbers in each process. `random` reseeds itself.
    if (numpy_random := sys.modules.get("numpy.random")) is not None:
        numpy_random.seed()


def _name(name: str) -> None:
    """Set the name that `ps` and `top` show beside the command line, which all forks share."""
    with suppress(OSError):
        Path("/proc/self/comm").write_text(name)


def _close(descriptors: Iterable[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


if __name__ == "__main__":
    die_with_parent()
    _name(NAME)
    _module = importlib.import_module(sys.argv[1])
    if (arrow := sys.modules.get("pyarrow")) is not None:
        # Arrow imports pandas, if it is installed, with its first array. Otherwise each forked process would do that.
        arrow.array([0])
    serve(socket.socket(fileno=int(sys.argv[2])))
    _module.main()
