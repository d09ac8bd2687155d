"""The code blocks of the README and of other documents, for tests that run them as they stand."""

import re
from pathlib import Path

from tickreel.rpc.settings import DEFAULT_PORTS

_ROOT = Path(__file__).parents[1]


def code_blocks(heading: str, language: str, document: str = "README.md") -> list[str]:
    """The blocks in a language below a heading, in order."""
    text = (_ROOT / document).read_text()
    section = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert section is not None, f"{document} has no section {heading!r}"
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", section[1], re.MULTILINE | re.DOTALL)
    assert blocks, f"the section {heading!r} has no block in {language}"
    return blocks


def at_addresses(code: str, addresses: dict[str, str]) -> str:
    """Code in which the default addresses of the services stand for those where they are."""
    for service, port in DEFAULT_PORTS.items():
        code = code.replace(f"127.0.0.1:{port}", addresses[service])
    return code
