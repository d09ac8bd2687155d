"""The documents of the repository as Markdown has them: code blocks, tables, links and inline code."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tickreel.rpc.settings import DEFAULT_PORTS

ROOT = Path(__file__).parents[1]
NAMES = (
    "README.md",
    "CONTRIBUTING.md",
    "docs/BACKTEST_SPEC.md",
    "docs/STRATEGIES.md",
    "docs/REFERENCE.md",
    "docs/FRONTEND_UI_SPEC.md",
    "protos/README.md",
    "frontend/README.md",
    "data_downloads/README.md",
    "tests/compatibility/README.md",
)
"""Every document but the changelog and the decision records, which say what was."""

SHELL = ("bash", "sh", "console")
"""The languages of blocks that hold commands."""

_MARKDOWN = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True)
class Block:
    """A code block.

    Attributes:
        section: The heading of the second level that it stands below.
        line: Its first line in the document, from 1.
        language: Empty for an indented block.
    """

    document: str
    section: str
    line: int
    language: str
    code: str

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"

    @property
    def script(self) -> str:
        """The commands of a block in a language of `SHELL`: in a console, what follows a prompt."""
        if self.language != "console":
            return self.code
        return "".join(line.removeprefix("$ ") for line in self.code.splitlines(keepends=True) if line.startswith("$ "))


@dataclass(frozen=True)
class Table:
    """A table below a heading; cells are Markdown."""

    heading: str
    header: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Document:
    """A document, by its path in the repository."""

    name: str

    @classmethod
    @cache
    def of(cls, name: str) -> "Document":
        """The document of a name, which is parsed once."""
        return cls(name)

    @property
    def path(self) -> Path:
        """Where it lies."""
        return ROOT / self.name

    @cached_property
    def headings(self) -> list[str]:
        """The texts of all headings."""
        return [heading for _, heading, token in self._tokens if token.type == "heading_close"]

    @cached_property
    def anchors(self) -> set[str]:
        """What a link can name after the #, as GitHub makes it of the headings."""
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in self.headings}

    @cached_property
    def blocks(self) -> list[Block]:
        """All code blocks."""
        return [
            Block(self.name, section, (token.map or [0])[0] + 1, token.info.strip(), token.content)
            for section, _, token in self._tokens
            if token.type in ("fence", "code_block")
        ]

    @cached_property
    def tables(self) -> list[Table]:
        """All tables."""
        found: list[Table] = []
        cells: list[str] = []
        for _, heading, token in self._tokens:
            if token.type == "table_open":
                found.append(Table(heading, [], []))
            elif token.type == "tr_open":
                cells = []
            elif token.type == "inline":
                cells.append(token.content)
            elif token.type == "tr_close" and found[-1].header:
                found[-1].rows.append([*cells])
            elif token.type == "tr_close":
                found[-1].header.extend(cells)
        return found

    @cached_property
    def links(self) -> list[str]:
        """The targets of all links and pictures."""
        attributes = [token.attrGet("href") or token.attrGet("src") for _, token in self._inline]
        return [str(target) for target in attributes if target]

    @cached_property
    def codes(self) -> list[tuple[str, str]]:
        """All inline code, each with the heading that it stands below."""
        return [(heading, token.content) for heading, token in self._inline if token.type == "code_inline"]

    def rows_below(self, heading: str) -> list[list[str]]:
        """The rows of all tables directly below a heading."""
        rows = [row for table in self.tables if table.heading == heading for row in table.rows]
        assert rows, f"{self.name} has no table below {heading!r}"
        return rows

    @cached_property
    def _tokens(self) -> list[tuple[str, str, Token]]:
        """All block tokens, each with the heading of the second level and that of any level that it stands below."""
        section, heading, tokens, found = "", "", _MARKDOWN.parse(self.path.read_text()), []
        for number, token in enumerate(tokens):
            if token.type == "heading_open":
                heading = tokens[number + 1].content
                section = heading if token.tag == "h2" else section
            found.append((section, heading, token))
        return found

    @property
    def _inline(self) -> Iterator[tuple[str, Token]]:
        return ((heading, child) for _, heading, token in self._tokens for child in token.children or ())


def documents() -> list[Document]:
    """All documents."""
    return [Document.of(name) for name in NAMES]


def code_blocks(heading: str, language: str) -> list[str]:
    """The blocks in a language in the section of a heading of the second level, whichever document has it, in order."""
    blocks = [block for document in documents() for block in document.blocks if block.section == heading]
    found = [block.code for block in blocks if block.language == language]
    assert found, f"no document has a section {heading!r} with a block in {language}"
    return found


def at_addresses(code: str, addresses: dict[str, str]) -> str:
    """Code with the addresses of the services in place of the default ones."""
    for service, port in DEFAULT_PORTS.items():
        code = code.replace(f"127.0.0.1:{port}", addresses[service])
    return code
