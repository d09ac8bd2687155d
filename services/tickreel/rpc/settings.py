"""The settings of a deployment, read once from the environment.

They set the locations of data and the addresses of services; a run config says what to run. The paths of the raw data and of
the catalog have no default and must be set. `tickreel up` sets them for the services that it starts.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tickreel.rpc.errors import TickreelError, Violation

# Default ports of the services and of the gateway, all on loopback.
DEFAULT_PORTS = {"catalog": 50051, "converter": 50052, "runner": 50053, "results": 50054, "gateway": 8000}

DATA_ROOT = "UNIFIED_CLOUD_LOCAL_PATH"
USE_PARQUET = "UNIFIED_CLOUD_SERVICES_USE_PARQUET"
USE_DIRECT_GCS = "UNIFIED_CLOUD_SERVICES_USE_DIRECT_GCS"
CATALOG_ROOT = "DATA_CATALOG_PATH"
UI_ROOT = "TICKREEL_UI_PATH"
# Host names and origins that the gateway accepts in addition to loopback names and its own pages.
GATEWAY_HOSTS = "TICKREEL_GATEWAY_HOSTS"
GATEWAY_ORIGINS = "TICKREEL_GATEWAY_ORIGINS"

# Default folders of results and of tick exports.
DEFAULT_RESULTS = "data/backtest_results"
DEFAULT_TICKDATA = "frontend/public/tickdata"

# Memory limits in MiB: of the processes of all runs together, and of all conversions together.
RUNNER_MEMORY = "TICKREEL_RUNNER_MEMORY"
CONVERTER_MEMORY = "TICKREEL_CONVERTER_MEMORY"

# The kinds of raw files, by their file name extensions.
PARQUET = ".parquet"
CSV = ".csv.gz"

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def default_address(service: str) -> str:
    """Return the default address of a service, on loopback."""
    return f"127.0.0.1:{DEFAULT_PORTS[service]}"


def address_variable(service: str) -> str:
    """Return the environment variable with the address of a service, TICKREEL_RUNNER_ADDRESS for example."""
    return f"TICKREEL_{service.upper()}_ADDRESS"


@dataclass(frozen=True)
class Settings:
    """The settings of a deployment.

    Paths are absolute. `environment` has the variables that a run config may name, with their values in this process.
    `raw_ending` is the kind of raw files to read: PARQUET or CSV. `runner_memory` and `converter_memory` are in MiB; None means
    that the machine's memory is the limit. `derived_limit` is in MiB.
    """

    data_root: Path
    catalog_root: Path
    results_root: Path
    tickdata_root: Path
    configs_root: Path
    state_root: Path
    ui_root: Path
    listen: str
    addresses: Mapping[str, str]
    environment: Mapping[str, str]
    runner_slots: int
    runner_memory: int | None
    converter_memory: int | None
    max_attempts: int
    hang_seconds: int
    spare_workers: bool
    replay_chunk: int
    segment_rows: int
    run_processes: int
    derived_limit: int
    log_level: str
    raw_ending: str

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the settings.

        Raises:
            TickreelError: ENVIRONMENT_MISMATCH, with one violation for each variable that is missing or invalid.
        """
        faults: list[Violation] = []
        for name, meaning in ((DATA_ROOT, "the root of the raw data"), (CATALOG_ROOT, "the root of the converted catalog")):
            if not environ.get(name):
                faults.append(Violation(name, f"is not set; set it to {meaning}, data_downloads or data/parquet for example"))
        use_parquet = parse_switch(environ.get(USE_PARQUET) or "true")
        if use_parquet is None:
            text = f"is {environ[USE_PARQUET]!r}; it must be true, to read {PARQUET} files, or false, to read {CSV} files"
            faults.append(Violation(USE_PARQUET, text))
        raw_ending = CSV if use_parquet is False else PARQUET
        if parse_switch(environ.get(USE_DIRECT_GCS) or "false") is not False:
            text = f"is {environ[USE_DIRECT_GCS]!r}; it must be false: raw data is read from the mount of the bucket"
            faults.append(Violation(USE_DIRECT_GCS, text))

        def path(name: str, default: str) -> Path:
            text = environ.get(name) or default
            try:
                return Path(text).expanduser().resolve()
            except RuntimeError as error:  # an unknown user's home, or a link to itself
                faults.append(Violation(name, f"is {text!r}, which is not a valid path: {error}"))
                return Path(default)

        def count(name: str, default: int) -> int:
            text = environ.get(name) or str(default)
            if text.isascii() and text.isdigit() and int(text) > 0:
                return int(text)
            faults.append(Violation(name, f"is {text!r}; it must be a whole number above zero"))
            return default

        spare_workers = environ.get("TICKREEL_SPARE_WORKERS") or "1"
        if spare_workers not in ("0", "1"):
            problem = "it must be 1, to keep a process that forks those of jobs, or 0, to start an interpreter for each job"
            faults.append(Violation("TICKREEL_SPARE_WORKERS", f"is {spare_workers!r}; {problem}"))

        log_level = (environ.get("TICKREEL_LOG_LEVEL") or "INFO").upper()
        if log_level not in LOG_LEVELS:
            problem = f"is {environ['TICKREEL_LOG_LEVEL']!r}; it must be one of {', '.join(LOG_LEVELS)}"
            faults.append(Violation("TICKREEL_LOG_LEVEL", problem))

        settings = cls(
            data_root=path(DATA_ROOT, "."),
            catalog_root=path(CATALOG_ROOT, "."),
            results_root=path("TICKREEL_RESULTS_PATH", DEFAULT_RESULTS),
            tickdata_root=path("TICKREEL_TICKDATA_PATH", DEFAULT_TICKDATA),
            configs_root=path("TICKREEL_CONFIGS_PATH", "configs"),
            state_root=path("TICKREEL_STATE_PATH", "data/state"),
            ui_root=path(UI_ROOT, "frontend/dist"),
            listen=environ.get("TICKREEL_LISTEN", ""),
            addresses={name: environ.get(address_variable(name)) or default_address(name) for name in DEFAULT_PORTS},
            environment={
                DATA_ROOT: environ.get(DATA_ROOT, ""),
                USE_PARQUET: "true" if raw_ending == PARQUET else "false",
                USE_DIRECT_GCS: "false",
                CATALOG_ROOT: environ.get(CATALOG_ROOT, ""),
            },
            # A short run waits for disks and other services for as long as it computes.
            runner_slots=count("TICKREEL_RUNNER_SLOTS", 2 * (os.cpu_count() or 1)),
            runner_memory=count(RUNNER_MEMORY, 1) if environ.get(RUNNER_MEMORY) else None,
            converter_memory=count(CONVERTER_MEMORY, 1) if environ.get(CONVERTER_MEMORY) else None,
            max_attempts=count("TICKREEL_MAX_ATTEMPTS", 3),
            hang_seconds=count("TICKREEL_HANG_SECONDS", 300),
            spare_workers=spare_workers == "1",
            replay_chunk=count("TICKREEL_REPLAY_CHUNK", 50_000),
            segment_rows=count("TICKREEL_SEGMENT_ROWS", 20_000),
            run_processes=count("TICKREEL_RUN_PROCESSES", os.cpu_count() or 1),
            derived_limit=count("TICKREEL_DERIVED_LIMIT", 4096),
            log_level=log_level,
            raw_ending=raw_ending,
        )
        if faults:
            names = ", ".join(fault.field for fault in faults)
            raise TickreelError("ENVIRONMENT_MISMATCH", f"the environment is not valid: {names}", faults)
        return settings


def parse_switch(text: str) -> bool | None:
    """Parse an on/off variable; return None for any other text."""
    return {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}.get(
        text.strip().lower()
    )
