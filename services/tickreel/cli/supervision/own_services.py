"""The services of one command: a Converter and a Runner that it starts for itself and that end with it."""

import os
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tickreel.cli.display import screen
from tickreel.cli.supervision.services import Services
from tickreel.rpc.errors import TickreelError, Violation
from tickreel.rpc.settings import CATALOG_ROOT, DATA_ROOT, USE_PARQUET, parse_switch

_ANY_PORT = "127.0.0.1:0"
_PATHS = (DATA_ROOT, CATALOG_ROOT)


@asynccontextmanager
async def one_run_services(names: Iterable[str], environ: Mapping[str, str]) -> AsyncIterator[Services]:
    """Starts services on free ports, one after the other; what they keep for themselves goes with them."""
    with tempfile.TemporaryDirectory(prefix="tickreel-", ignore_cleanup_errors=True) as folder:
        scratch = Path(folder) / "scratch"
        scratch.mkdir()
        # What a service that is killed leaves in its temporary folder goes with the rest.
        own = {**environ, "TICKREEL_STATE_PATH": folder, "TMPDIR": str(scratch), "TICKREEL_SPARE_WORKERS": "0"}
        async with Services(own, Path(folder) / "logs") as services:
            with screen.busy("starting the services"):
                for name in names:
                    await services.start((name, _ANY_PORT))
            yield services


def environment_for(document: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """The environment for services started for one config, and the config as they may be asked to run it.

    The config's environment block names what the environment of this process leaves unset. What both name is taken from the
    process, and written into the config: the services would otherwise refuse one that disagrees with them.

    Raises:
        TickreelError: ENVIRONMENT_MISMATCH: a variable that neither sets.
    """
    block = document.get("environment")
    named: Mapping[str, Any] = block if isinstance(block, dict) else {}
    environ, missing = dict(os.environ), []
    overridden: dict[str, Any] = {}
    for name in _PATHS:
        given = named.get(name)
        if environ.get(name):
            if isinstance(given, str):
                overridden[name] = environ[name]
        elif isinstance(given, str) and given:
            environ[name] = given
        else:
            missing.append(Violation(name, "is set neither in the environment nor in the config's environment block"))
    # The switch beside it has one value only, which the Runner checks in the config.
    given = named.get(USE_PARQUET)
    if isinstance(given, bool):
        environ[USE_PARQUET] = environ.get(USE_PARQUET) or str(given).lower()
        overridden[USE_PARQUET] = parse_switch(environ[USE_PARQUET])
    if missing:
        names = ", ".join(fault.field for fault in missing)
        raise TickreelError("ENVIRONMENT_MISMATCH", f"the environment is not complete: {names}", missing)
    if overridden:
        document = {**document, "environment": {**named, **overridden}}
    return environ, dict(document)
