"""The code blocks of the README, for tests that run them as they stand."""

import re
from pathlib import Path

from tickreel.rpc.settings import DEFAULT_PORTS

_README = Path(__file__).parents[1] / "README.md"


def code_blocks(heading: str, language: str) -> list[str]:
    """The blocks in a language below a heading, in order."""
    text = _README.read_text()
    section = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert section is not None, f"the README has no section {heading!r}"
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", section[1], re.MULTILINE | re.DOTALL)
    assert blocks, f"the section {heading!r} has no block in {language}"
    return blocks


def at_addresses(code: str, addresses: dict[str, str]) -> str:
    """Code in which the default addresses of the services stand for those where they are."""
    for service, port in DEFAULT_PORTS.items():
        code = code.replace(f"127.0.0.1:{port}", addresses[service])
    return code
