"""The gateway on one machine: Envoy, the proxy of the services, and Caddy, which serves the built UI through Envoy."""

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

# The containers use the same files.
_ENVOY, _CADDY = Path(__file__).with_name("envoy.yaml"), Path(__file__).with_name("Caddyfile")

# Envoy and Caddy do not end by themselves when their parent dies.
_TETHERED = (sys.executable, "-m", "tickreel.processes.ended_with_parent")
# One thread forwards more than a browser can take. The second keeps other streams responsive while one is heavy.
_ENVOY_THREADS = 2
_SOCKET_ADDRESS = re.compile(r"\{address: (\S+), port_value: \d+\}")
# The variables that services/gateway/envoy.yaml reads, with the pattern and the description of their words.
_NAMES = (
    (GATEWAY_HOSTS, re.compile(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\]"), "host names without a port, like reel.example.com"),
    (GATEWAY_ORIGINS, re.compile(r"https?://[^/\s]+"), "origins, like https://reel.example.com"),
)
# The address of the gateway's listener in envoy.yaml: every interface of its container.
_EVERY_INTERFACE = "0.0.0.0"


class ReservedPort:
    """A port that stays reserved for a child process across restarts.

    This process binds the port without listening. The child binds it as well (SO_REUSEPORT).

    Args:
        listen: HOST:PORT; port 0 takes a free port.

    Raises:
        TickreelError: SERVICE_UNAVAILABLE: the port is not available.
    """

    def __init__(self, listen: str) -> None:
        host, _, port = listen.rpartition(":")
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            self._socket.bind((host, int(port)))
        except OSError as error:
            self.release()
            message = f"{listen} is not available: {error.strerror}"
            raise TickreelError("SERVICE_UNAVAILABLE", message, address=listen) from None
        self.address = f"{host}:{self._socket.getsockname()[1]}"

    def release(self) -> None:
        """Release the port."""
        self._socket.close()


class _Listener(ChildProcess):
    """A process that does not report when it serves. It counts as serving once it accepts connections."""

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
        addresses: The addresses of the services and of the UI server, by name.
        config: Where to write the config file of Envoy.

    Raises:
        TickreelError: ENVIRONMENT_MISMATCH: TICKREEL_GATEWAY_HOSTS or TICKREEL_GATEWAY_ORIGINS has a malformed word.
            STORE_NOT_WRITABLE or STORE_FULL: the config file cannot be written.
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
        # Browsers name a gateway by the address that it listens on, so that address is an allowed host.
        host = listen.rpartition(":")[0]
        return {**os.environ, GATEWAY_HOSTS: f"{os.environ.get(GATEWAY_HOSTS, '')} {host}"}


class FrontendProcess(_Listener):
    """Caddy as a child process.

    Args:
        ui_root: The folder to serve.
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
    """Return services/gateway/envoy.yaml with its addresses, which are service names, replaced by real ones."""

    def replaced(match: re.Match[str]) -> str:
        host, _, port = addresses[match[1]].rpartition(":")
        return f"{{address: {host}, port_value: {port}}}"

    return _SOCKET_ADDRESS.sub(replaced, _ENVOY.read_text())


def _check_names(environ: Mapping[str, str]) -> None:
    faults = [
        Violation(variable, f"has {word!r}; write {form}, separated by commas or spaces")
        for variable, pattern, form in _NAMES
        for word in environ.get(variable, "").replace(",", " ").split()
        if not pattern.fullmatch(word)
    ]
    if faults:
        raise TickreelError("ENVIRONMENT_MISMATCH", "the environment of the gateway is not valid", faults)


def _program(name: str) -> str:
    """Return the path of a program: in the folder of this Python, else on the PATH."""
    found = shutil.which(name, path=Path(sys.executable).parent) or shutil.which(name)
    if found is None:
        message = f"the gateway needs {name}, which is not installed; `pip install 'tickreel[services]'` installs it"
        raise TickreelError("ENVIRONMENT_MISMATCH", message, program=name)
    return found
