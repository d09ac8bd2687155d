"""The scripts of `make setup`, run from a copy with a PATH that has only the programs that a test names."""

import functools
import http.server
import os
import shutil
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

_PROJECT = Path(__file__).parents[2]
# The interpreter that made the virtual environment of these tests.
_BASE_PYTHON = str(getattr(sys, "_base_executable", sys.executable))
_TOOLS = ("bash", "cat", "dirname", "env", "rm")
# A Python that is too old for the engine and has no venv module.
_OLD_PYTHON = """#!/bin/sh
case "$*" in
  "-c "*" 3.9 4.0") echo "$0" ;;
  "-m venv "*) echo "No module named venv" >&2; exit 1 ;;
  *) exit 1 ;;
esac
"""
# A Python whose virtual environments have a pip that fails and prints the certificates that it trusts.
_VENV_PYTHON = """#!/bin/sh
case "$*" in
  "-c "*" 3.9 4.0") echo "$0" ;;
  "-m venv "*) mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
  "-m pip install "*) echo "pip trusts $REQUESTS_CA_BUNDLE"; exit 1 ;;
  *) exit 1 ;;
esac
"""
# A pyenv shim while .python-version asks for a version that is not installed.
_FAILING_SHIM = "#!/bin/sh\necho 'pyenv: version `3.13` is not installed' >&2\nexit 127\n"
_PYENV = "#!/bin/sh\necho 3.9.18\necho 3.13.0\n"
# A pyenv shim whose version is installed, but not selected.
_SHIM = f"""#!/bin/sh
test "$PYENV_VERSION" = 3.9.18:3.13.0 && exec "{sys.executable}" "$@"
exit 127
"""


class Machine:
    """A copy of the scripts, and a PATH with chosen programs."""

    def __init__(self, folder: Path) -> None:
        self.root, self.bin = folder / "project", folder / "bin"
        shutil.copytree(_PROJECT / "scripts", self.root / "scripts")
        self.bin.mkdir()
        for tool in _TOOLS:
            self.link(tool, shutil.which(tool))

    def link(self, name: str, program: str | Path | None) -> None:
        assert program is not None, f"{name} is not on the PATH"
        (self.bin / name).symlink_to(program)

    def write(self, name: str, script: str, folder: str = "bin") -> None:
        path = self.root.parent / folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(script)
        path.chmod(0o755)

    def call(self, script: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        home = self.root.parent
        environ = {"PATH": str(self.bin), "HOME": str(home), "UV_CACHE_DIR": str(home / "cache"), **environ}
        command: list[str | Path] = [self.root / "scripts" / script, *arguments]
        return subprocess.run(command, env=environ, cwd=home, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def uv() -> Path:
    found = shutil.which("uv") or next(map(str, _PROJECT.glob(".tools/uv-*/bin/uv")), None)
    if found is None:
        pytest.skip("uv is neither on the PATH nor in .tools")
    return Path(found)


def test_a_python_is_found_behind_failing_shims(machine: Machine) -> None:
    machine.write("python3", _FAILING_SHIM)
    machine.write("python3.13", _FAILING_SHIM)
    machine.write("python", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', "other")
    path = f"{machine.bin}:{machine.root.parent / 'other'}"
    found = machine.call("find-python", "3.13", "3.15", PATH=path)
    # For a virtual environment, the script prints the Python that made it.
    assert found.stdout.strip() == _BASE_PYTHON
    newer = machine.call("find-python", "3.99", "4.0", PATH=path)
    assert (newer.returncode, newer.stdout, newer.stderr) == (1, "", "")


def test_an_unselected_python_of_pyenv_is_found(machine: Machine) -> None:
    machine.write("python3.13", _SHIM)
    assert machine.call("find-python", "3.13", "3.15").returncode == 1
    machine.write("pyenv", _PYENV)
    assert machine.call("find-python", "3.13", "3.15").stdout.strip() == _BASE_PYTHON


def test_a_machine_without_uv_and_python_is_explained(machine: Machine) -> None:
    called = machine.call("setup")
    assert called.returncode == 1
    assert "neither uv nor Python 3.9 or newer is on the PATH" in called.stderr


def test_a_python_without_venv_is_explained(machine: Machine) -> None:
    machine.write("python3", _OLD_PYTHON)
    called = machine.call("setup")
    assert called.returncode == 1
    assert "apt install python3-venv" in called.stderr
    assert not list(machine.root.glob(".tools/*"))


def test_a_failed_download_of_python_is_explained(machine: Machine, uv: Path) -> None:
    machine.write("python3", _OLD_PYTHON)
    machine.link("uv", uv)
    nowhere = {"UV_PYTHON_INSTALL_MIRROR": "file:///nowhere", "UV_PYTHON_INSTALL_DIR": str(machine.root / "pythons")}
    called = machine.call("setup", **nowhere)
    assert called.returncode == 1
    assert "/nowhere/" in called.stderr
    assert "Tickreel needs Python 3.13 or 3.14" in called.stderr


def test_pip_trusts_the_certificates_of_the_user_or_the_system(machine: Machine) -> None:
    machine.write("python3", _VENV_PYTHON)
    for tool in ("mkdir", "cp"):
        machine.link(tool, shutil.which(tool))
    named = machine.call("uv", "--version", SSL_CERT_FILE="/mine.pem")
    assert "pip trusts /mine.pem\n" in named.stderr
    assert "pip could not install uv" in named.stderr
    own = machine.call("uv", "--version", SSL_CERT_FILE="/mine.pem", REQUESTS_CA_BUNDLE="/pip.pem")
    assert "pip trusts /pip.pem\n" in own.stderr


class _Index(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def inspecting_proxy(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A package index behind an unknown certificate: its address, and the file of the certificate authority."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl to make certificates")
    folder = tmp_path / "certificates"
    folder.mkdir()

    def make(*arguments: str) -> None:
        subprocess.run([openssl, *arguments], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    make("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=proxy")
    make("req", *key[:-2], "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    (folder / "names").write_text("subjectAltName=DNS:localhost\n")
    signed = ("-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names")
    make("x509", "-req", *signed, "-days", "2", "-out", "server.pem")
    page = tmp_path / "index/simple/thing/index.html"
    page.parent.mkdir(parents=True)
    page.write_text('<a href="thing-1.0-py3-none-any.whl">thing-1.0-py3-none-any.whl</a>')
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    handler = functools.partial(_Index, directory=str(tmp_path / "index"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"https://localhost:{server.server_port}", folder / "ca.pem"
        server.shutdown()
        thread.join()


def test_uv_and_node_trust_the_certificates_of_a_proxy(machine: Machine, uv: Path, inspecting_proxy: tuple[str, Path]) -> None:
    url, certificate = inspecting_proxy
    machine.link("uv", uv)
    ask = ("pip", "compile", "-", "--quiet", "--no-deps", "--python", sys.executable, "--index-url", f"{url}/simple/")
    script = machine.root / "scripts/uv"

    def compiled(**environ: str) -> subprocess.CompletedProcess[str]:
        environ = {"PATH": str(machine.bin), "UV_CACHE_DIR": str(machine.root / "cache"), "UV_HTTP_RETRIES": "0", **environ}
        return subprocess.run(
            [script, *ask], input="thing", env=environ, capture_output=True, text=True, timeout=60, check=False
        )

    assert "UnknownIssuer" in compiled().stderr
    assert "thing==1.0" in compiled(SSL_CERT_FILE=str(certificate)).stdout

    # npm gets this variable from the Makefile.
    assert "NODE_USE_SYSTEM_CA=1 npm" in (_PROJECT / "Makefile").read_text()
    node = _PROJECT / ".venv/bin/node"
    fetched = subprocess.run(
        [node, "-e", f"fetch('{url}/simple/thing/').then(it => console.log(it.status))"],
        env={"NODE_USE_SYSTEM_CA": "1", "SSL_CERT_FILE": str(certificate)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (fetched.stdout, fetched.stderr) == ("200\n", "")


def test_the_scripts_are_executable() -> None:
    assert all(os.access(path, os.X_OK) for path in (_PROJECT / "scripts").iterdir())
