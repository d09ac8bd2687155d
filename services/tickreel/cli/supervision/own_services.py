"""Services started for one command, which end with it."""

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
    """Start services on free ports, one after the other. Their state and scratch files are deleted when the context closes."""
    with tempfile.TemporaryDirectory(prefix="tickreel-", ignore_cleanup_errors=True) as folder:
        scratch = Path(folder) / "scratch"
        scratch.mkdir()
        # Below the temporary folder, so that files left by a killed service are deleted, too.
        own = {**environ, "TICKREEL_STATE_PATH": folder, "TMPDIR": str(scratch), "TICKREEL_SPARE_WORKERS": "0"}
        async with Services(own, Path(folder) / "logs") as services:
            with screen.busy("starting the services"):
                for name in names:
                    await services.start((name, _ANY_PORT))
            yield services


def environment_for(document: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the environment of services started for a config, and the config to send to them.

    The environment of this process overrides the environment block of the config. Overridden values are written into the
    returned config, because services refuse a config that differs from their environment.

    Raises:
        TickreelError: ENVIRONMENT_MISMATCH: a variable is set in neither of them.
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
    # The Runner checks the type of the switch in the config.
    given = named.get(USE_PARQUET)
    if isinstance(given, bool):
        environ[USE_PARQUET] = environ.get(USE_PARQUET) or str(given).lower()
        overridden[USE_PARQUET] = parse_switch(environ[USE_PARQUET])
    if missing:
        names = ", ".join(fault.field for fault in missing)
        raise TickreelError("ENVIRONMENT_MISMATCH", f"the environment is not valid: {names}", missing)
    if overridden:
        document = {**document, "environment": {**named, **overridden}}
    return environ, dict(document)
