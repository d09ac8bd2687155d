"""The layout of a result, and its table in the specification."""

from pathlib import Path

from tickreel.stores.result_layout import ResultFile

SPECIFICATION = Path(__file__).parents[2] / "docs/BACKTEST_SPEC.md"


def table() -> str:
    """Return the table of the files of a result."""

    def place(file: ResultFile, *, full: bool) -> str:
        path = file.path(Path("<results>"), Path("<tickdata>"), "<run>", full=full)
        return f"`{path}`" if file.is_of(full=full) else ""

    lines = ["| name | of a fast run | of a full run | what |", "|---|---|---|---|"]
    for file in ResultFile:
        lines.append(f"| `{file}` | {place(file, full=False)} | {place(file, full=True)} | {file.holds} |")
    return "\n".join(lines) + "\n"


def test_the_specification_lists_the_files_of_a_result() -> None:
    assert table() in SPECIFICATION.read_text(), f"docs/BACKTEST_SPEC.md must have this table:\n{table()}"


def test_no_two_files_have_the_same_path() -> None:
    for full in (False, True):
        paths = [file.path(Path("r"), Path("t"), "run", full=full) for file in ResultFile if file.is_of(full=full)]
        assert len(set(paths)) == len(paths)
