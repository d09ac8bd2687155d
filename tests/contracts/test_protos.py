"""The protos follow the rules of `buf`, and the committed code is generated from them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUF = Path(sys.executable).with_name("buf")
BASELINE = "protos/baseline.binpb"


def buf(*arguments: str, folder: Path = ROOT) -> str:
    # The TypeScript plugin needs the Node.js of this Python environment.
    environ = {**os.environ, "PATH": f"{BUF.parent}{os.pathsep}{os.environ['PATH']}"}
    called = subprocess.run([BUF, *arguments], cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert called.returncode == 0, called.stdout + called.stderr
    return called.stdout


def test_the_protos_pass_lint_without_ignores() -> None:
    assert buf("lint") == ""
    assert "except" not in (ROOT / "buf.yaml").read_text()
    assert "ignore:" not in (ROOT / "buf.yaml").read_text()


def test_the_protos_are_formatted() -> None:
    assert buf("format", "--diff", "--exit-code") == ""


def test_the_protos_are_compatible_with_the_baseline() -> None:
    assert buf("breaking", "--against", BASELINE) == ""


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("  rpc GetRun(", "  rpc FetchRun(", 'RPC "GetRun"'),
        ("service RunnerService", "service RunService", 'service "RunnerService"'),
        ("  repeated ConfigFile configs = 1;", "  repeated ConfigFile files = 1;", "configs"),
        ("  int32 violation_count = 5;", "  string violation_count = 5;", "violation_count"),
    ],
)
def test_an_incompatible_change_is_named(old: str, new: str, problem: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "protos", tmp_path / "protos")
    (tmp_path / "buf.yaml").symlink_to(ROOT / "buf.yaml")
    path = tmp_path / "protos/tickreel/v1/runner_service.proto"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    called = subprocess.run([BUF, "breaking", "--against", BASELINE], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert called.returncode != 0
    assert problem in called.stdout


def test_the_committed_code_is_generated_from_the_protos(tmp_path: Path) -> None:
    for name in ("protos", "buf.yaml", "buf.gen.yaml"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / ".venv").symlink_to(Path(sys.prefix))
    (tmp_path / "frontend").mkdir()
    (tmp_path / "frontend/node_modules").symlink_to(ROOT / "frontend/node_modules")
    buf("generate", folder=tmp_path)
    protos = sorted((ROOT / "protos").rglob("*_service.proto"))
    grpc = [sys.executable, "-m", "grpc_tools.protoc", "-Iprotos", "--grpc_python_out=services"]
    subprocess.run([*grpc, *(str(path.relative_to(ROOT)) for path in protos)], cwd=tmp_path, check=True)
    made, committed = tmp_path / "services/tickreel/v1", ROOT / "services/tickreel/v1"
    generated = sorted(path.name for path in committed.glob("*_pb2*"))
    assert sorted(path.name for path in made.iterdir()) == generated
    differing = [name for name in generated if (made / name).read_bytes() != (committed / name).read_bytes()]
    assert differing == [], "run: make proto"
    for made in sorted((tmp_path / "frontend/src/gen/tickreel").rglob("*.ts")):
        assert made.read_bytes() == (ROOT / made.relative_to(tmp_path)).read_bytes(), "run: make proto"


@pytest.mark.parametrize("path", sorted(ROOT.glob("protos/**/*.proto")), ids=lambda path: path.stem)
def test_no_proto_ignores_a_rule(path: Path) -> None:
    assert "buf:lint:ignore" not in path.read_text()
