"""The base wheel in an empty environment, as another service installs it: the documented code creates a run from there."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from documents import at_addresses, code_blocks

_PROJECT = Path(__file__).parents[2]
_PYPROJECT = tomllib.loads((_PROJECT / "pyproject.toml").read_text())
# Messages of uv when a package is not in its cache and there is no network.
_NO_NETWORK = ("network was disabled", "Network connectivity is disabled", "client error (Connect)")

# oldest: the lowest versions that the base package allows, on the lowest Python if the machine has it.
# locked: the versions in uv.lock. newest: the highest versions.
ENVIRONMENTS = ("oldest", "locked", "newest")


def _uv() -> str:
    found = shutil.which("uv") or next(map(str, _PROJECT.glob(".tools/uv-*/bin/uv")), None)
    if found is None:
        pytest.skip("uv is neither on the PATH nor in .tools")
    return found


def uv(*arguments: object) -> str:
    """Call uv. Skip the test if the call needs a network and there is none; fail on any other error."""
    environ = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    called = subprocess.run(
        [_uv(), *map(str, arguments)], cwd=_PROJECT, env=environ, capture_output=True, text=True, timeout=100, check=False
    )
    if called.returncode and any(sign in called.stderr for sign in _NO_NETWORK):
        cause = next(line.strip() for line in called.stderr.splitlines() if line.lstrip().startswith(("error:", "cause:")))
        pytest.skip(f"there is no network, and uv's cache does not have what this needs: {cause}")
    assert called.returncode == 0, called.stderr
    return called.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    uv("build", "--wheel", "--python", sys.executable, "--out-dir", folder)
    (built,) = folder.glob("*.whl")
    return built


def _oldest_python() -> str | None:
    """The oldest Python that the base package allows, or None if this machine does not have it."""
    major, minor = re.findall(r"\d+", _PYPROJECT["project"]["requires-python"])
    command: list[str | Path] = [_PROJECT / "scripts/find-python", f"{major}.{minor}", f"{major}.{int(minor) + 1}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False).stdout.strip() or None


@pytest.fixture(scope="module", params=ENVIRONMENTS)
def python(request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the base package and nothing else."""
    folder = tmp_path_factory.mktemp("environment")
    uv("venv", "--python", (_oldest_python() if request.param == "oldest" else None) or sys.executable, folder)
    python = folder / "bin/python"
    install = ("pip", "install", "--python", python)
    if request.param == "locked":
        requirements = folder / "requirements.txt"
        requirements.write_text(uv("export", "--frozen", "--no-hashes", "--no-header", "--no-dev", "--no-emit-project"))
        uv(*install, "--no-deps", "--requirements", requirements, wheel)
    else:
        uv(*install, "--resolution", "lowest" if request.param == "oldest" else "highest", wheel)
    uv("pip", "check", "--python", python)
    return python


def run_python(python: Path, code: str, folder: Path) -> str:
    """Return the output of code in a process that imports only from its own environment."""
    called = subprocess.run([python, "-I", "-c", code], cwd=folder, capture_output=True, text=True, timeout=100, check=False)
    assert called.returncode == 0, called.stderr
    return called.stdout


def test_the_environment_has_the_versions_of_its_name(python: Path, folder: Path, request: pytest.FixtureRequest) -> None:
    versions = "import sys; from google import protobuf; print(*sys.version_info[:2], protobuf.__version__)"
    *version, installed = run_python(python, versions, folder).split()
    ((lowest, below),) = re.findall(r"'protobuf>=([\d.]+),<(\d+)'", str(_PYPROJECT["project"]["dependencies"]))
    environment = request.node.callspec.params["python"]
    if environment == "oldest":
        assert installed == lowest
        claimed = re.findall(r"\d+", _PYPROJECT["project"]["requires-python"])
        assert version == claimed or _oldest_python() is None
    if environment == "newest":
        assert int(installed.partition(".")[0]) == int(below) - 1
    absent = ("nautilus_trader", "numpy", "pyarrow", "duckdb", "grpc_reflection")
    found = f"import importlib.util as i; print([name for name in {absent} if i.find_spec(name)])"
    assert run_python(python, found, folder) == "[]\n"


@pytest.mark.parametrize("way", [0, 1], ids=["client", "stubs"])
def test_the_documented_code_creates_and_watches_a_run(python: Path, folder: Path, addresses: dict[str, str], way: int) -> None:
    code = at_addresses(code_blocks("From another service", "python")[way], addresses)
    last = run_python(python, code, folder).splitlines()[-1]
    (result,) = (folder / "data/backtest_results/fast").glob(f"{last.split()[0]}.json")
    if way == 0:
        assert f'"pnl": "{last.split()[1]}"' in result.read_text()


def test_every_module_of_the_client_and_the_command_load(python: Path, folder: Path, addresses: dict[str, str]) -> None:
    code = f"""
import pkgutil, tickreel.client, tickreel.rpc.errors, tickreel.v1
for package in (tickreel.client, tickreel.v1):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        __import__(module.name)
client = tickreel.client.Client({addresses["runner"]!r})
try:
    client.run({{}}, snapshot_mode="trades")
except tickreel.client.TickreelError as error:
    print(error.reason)
try:
    client.ticks("R")
except ModuleNotFoundError as error:
    print(error)
"""
    printed = run_python(python, code, folder)
    assert printed.startswith("CONFIG_INVALID\n")
    assert "tickreel[notebook]" in printed
    command = subprocess.run(
        [str(python.with_name("tickreel")), "runs", "--output", "json", "--address", addresses["runner"]],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (command.returncode, command.stderr) == (0, "")
    assert json.loads(command.stdout)["runs"]


def test_a_standalone_run_without_the_engine_names_the_extra(python: Path, folder: Path) -> None:
    run = ("run", "--config", "configs/sample_btc_usdt.json", "--snapshot_mode", "trades", "--standalone")
    command = [str(python.with_name("tickreel")), *run]
    called = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert called.returncode == 2
    said = " ".join(called.stderr.split())
    assert "`pip install 'tickreel[services]'` installs it on Python 3.13 or 3.14" in said
    version = run_python(python, "import platform; print(platform.python_version())", folder).strip()
    assert f"this is Python {version}" in said
