"""What the documents point at: files, headings, pictures."""

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from documents import ROOT, Document, documents

_EXTERNAL = ("http://", "https://")
# What a build, a run or a user makes below folders of the repository.
_MADE = ("frontend/dist", "frontend/screenshots", "frontend/public/tickdata", "data_downloads/raw_tick_data")
_MOST_BYTES = 200_000


@cache
def _tracked() -> frozenset[str]:
    """The files of the repository and the folders that they lie in."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    return frozenset(str(path) for name in listed if name for path in (Path(name), *Path(name).parents))


def _everything() -> list[Document]:
    """Also the documents that say what was: their links hold as well."""
    records = sorted((ROOT / "docs/decisions").glob("*.md"))
    return [*documents(), *(Document.of(str(path.relative_to(ROOT))) for path in records)]


@pytest.mark.parametrize("document", _everything(), ids=lambda document: document.name)
def test_the_targets_of_links_exist(document: Document) -> None:
    missing = []
    for link in document.links:
        if link.startswith(_EXTERNAL):
            continue
        name, _, anchor = link.partition("#")
        path = (document.path.parent / name).resolve() if name else document.path
        # A file that is not tracked is not there for others.
        there = path.exists() and (str(path.relative_to(ROOT)) in _tracked() or path.is_dir())
        if not there or (anchor and anchor not in Document.of(str(path.relative_to(ROOT))).anchors):
            missing.append(link)
    assert not missing


@pytest.mark.parametrize("document", documents(), ids=lambda document: document.name)
def test_the_paths_in_the_text_exist(document: Document) -> None:
    folders = {name for name in _tracked() if "/" not in name and (ROOT / name).is_dir()}
    missing = []
    for _, code in document.codes:
        is_path = re.fullmatch(r"[\w.-]+(/[\w.-]+)+/?", code) and code.split("/")[0] in folders
        if is_path and not code.startswith(_MADE) and code.rstrip("/") not in _tracked():
            missing.append(code)
    assert not missing


def test_the_modules_that_the_frontend_names_exist() -> None:
    names = [code for _, code in Document.of("frontend/README.md").codes if re.fullmatch(r"[\w/.-]+\.(tsx?|css)", code)]
    sources = [name for name in _tracked() if name.startswith("frontend/src/")]
    assert not [name for name in names if name != "index.ts" and not any(path.endswith(f"/{name}") for path in sources)]


def test_pictures_are_small_and_shown() -> None:
    pictures = sorted((ROOT / "docs/images").iterdir())
    assert not [picture.name for picture in pictures if picture.stat().st_size > _MOST_BYTES]
    shown = {Path(link).name for document in documents() for link in document.links if "images/" in link}
    assert shown == {picture.name for picture in pictures}


def test_the_readme_is_short() -> None:
    assert len(Document.of("README.md").path.read_text().splitlines()) <= 75
