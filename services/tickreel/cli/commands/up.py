"""`tickreel up`: run the four services, the gateway and the UI on one machine until Ctrl-C."""

import asyncio
import fcntl
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import click
from rich.text import Text

from tickreel.cli import exit_codes, options
from tickreel.cli.display import screen
from tickreel.cli.display.json_output import print_json
from tickreel.cli.display.run_report import shown_path
from tickreel.cli.display.screen import Column
from tickreel.cli.interrupts import Interrupts
from tickreel.cli.supervision.gateway import FrontendProcess, GatewayProcess
from tickreel.cli.supervision.restarts import keep_up
from tickreel.cli.supervision.services import Services
from tickreel.rpc.errors import TickreelError, not_writable
from tickreel.rpc.settings import CATALOG_ROOT, DATA_ROOT, Settings, address_variable

# Defaults of variables that the environment does not set.
_LOCAL = {DATA_ROOT: "data_downloads", CATALOG_ROOT: "data/parquet"}


@click.command()
@options.output
@click.pass_context
def up(ctx: click.Context, output: str) -> None:
    """Start the services and the gateway, until Ctrl-C.

    Each listens on TICKREEL_<SERVICE>_ADDRESS; port 0 takes a free port. A process that dies is restarted until it dies five
    times in a row.
    """
    environ = dict(os.environ)
    for name, value in _LOCAL.items():
        if not environ.get(name):
            environ[name] = value
            screen.say(f"{name} is not set; using {value}")
            if name == DATA_ROOT:
                # Only the default folder is created. If a folder that the user named is missing, its disk may not be mounted.
                with suppress(OSError):
                    Path(value).mkdir(exist_ok=True)
    ctx.exit(asyncio.run(_up(environ, output)))


async def _up(environ: Mapping[str, str], output: str) -> int:
    settings = Settings.from_env(environ)
    _check_ports(settings.addresses)
    # The lock comes before any write, so that the logs of another `up` stay intact.
    with _held(settings.state_root), Interrupts() as interrupts:
        async with Services(environ, settings.state_root / "logs") as services:
            starting = asyncio.create_task(_start(services, settings))
            asked = asyncio.create_task(interrupts.asked.wait())
            await asyncio.wait({starting, asked}, return_when=asyncio.FIRST_COMPLETED)
            if not starting.done():
                starting.cancel()
                return exit_codes.DONE
            await starting
            _print_services(services, settings, output)
            keeping = [asyncio.create_task(keep_up(process)) for process in services.processes]
            try:
                ended, _ = await asyncio.wait({*keeping, asked}, return_when=asyncio.FIRST_COMPLETED)
                for given_up in ended - {asked}:
                    await given_up
            finally:
                for task in keeping:
                    task.cancel()
                await asyncio.gather(*keeping, return_exceptions=True)
            screen.say("stopping")
        screen.say("all services have stopped")
    return exit_codes.DONE


async def _start(services: Services, settings: Settings) -> None:
    logs, addresses = settings.state_root / "logs", settings.addresses
    # The Runner needs the address of the Converter; the gateway needs all addresses.
    await services.start(*((name, addresses[name]) for name in ("catalog", "converter", "results")))
    await services.start(("runner", addresses["runner"]))
    await services.add(FrontendProcess(settings.ui_root, logs / "frontend.log"))
    config = settings.state_root / "gateway" / "envoy.yaml"
    await services.add(GatewayProcess(addresses["gateway"], services.addresses, config, logs / "gateway.log"))


@contextmanager
def _held(state: Path) -> Iterator[None]:
    """Lock a state folder against another `up` while the context is open.

    Raises:
        TickreelError: STORE_NOT_WRITABLE: another `up` holds the lock, or the folder cannot be written. STORE_FULL.
    """
    path = state / "up.lock"
    with ExitStack() as opened:
        try:
            state.mkdir(parents=True, exist_ok=True)
            lock = opened.enter_context(path.open("a+"))
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
        except BlockingIOError:
            message = (
                f"another `tickreel up` (process {path.read_text()}) uses the state folder {state}; stop it, or set"
                " TICKREEL_STATE_PATH to another folder"
            )
            raise TickreelError("STORE_NOT_WRITABLE", message, path=state) from None
        except OSError as error:
            raise not_writable("the state folder", state, error) from None
        yield


def _check_ports(addresses: Mapping[str, str]) -> None:
    """Check that the ports of the services are free.

    Raises:
        TickreelError: SERVICE_UNAVAILABLE: names each taken port and the variable that sets another.
    """
    taken = []
    for service, address in addresses.items():
        host, _, port = address.rpartition(":")
        with socket.socket() as probe:
            # As the services do: connections of an earlier `up` in TIME_WAIT do not block the port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, int(port)))
            except OSError as error:
                taken.append(
                    f"{address} ({service}): {error.strerror}; set {address_variable(service)} to another address;"
                    f" {host}:0 takes any free port"
                )
    if taken:
        message = "\n  ".join(["some ports are not available; is Tickreel already up?", *taken])
        raise TickreelError("SERVICE_UNAVAILABLE", message)


def _print_services(services: Services, settings: Settings, output: str) -> None:
    url = f"http://{services.addresses['gateway']}"
    has_ui = (settings.ui_root / "index.html").exists()
    paths = {
        "raw data": settings.data_root,
        "catalog": settings.catalog_root,
        "results": settings.results_root,
        "tick exports": settings.tickdata_root,
        "configs": settings.configs_root,
        "state": settings.state_root,
        "web UI": settings.ui_root,
    }
    if output == "json":
        print_json(
            {
                "url": url,
                "services": {
                    process.name: {"address": process.address, "pid": process.pid, "log": str(process.log)}
                    for process in services.processes
                },
                "paths": {name.replace(" ", "_").lower(): str(path) for name, path in paths.items()},
            }
        )
    else:
        screen.print_table(
            Column("service", [process.name for process in services.processes]),
            Column("address", [process.address for process in services.processes]),
            Column("process", [str(process.pid) for process in services.processes], right=True),
            Column("log", [shown_path(str(process.log)) for process in services.processes]),
        )
        screen.out.print()
        where = screen.pairs()
        for name, path in paths.items():
            where.add_row(name, shown_path(str(path)))
        screen.out.print(where)
        screen.out.print()
        if not has_ui:
            screen.out.print(f"The web UI is not built; `make ui` builds it. Until then {url} serves only RPCs.")
        screen.out.print(Text(f"Tickreel is up at {url}. Ctrl-C stops it.", style="bold"))
