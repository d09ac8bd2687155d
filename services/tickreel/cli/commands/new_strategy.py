"""`tickreel new-strategy`: a package with a strategy, to begin with."""

import importlib.util
import keyword
import re
import sys
import tempfile
from importlib import metadata, resources
from pathlib import Path
from string import Template

import click

from tickreel.cli import options
from tickreel.cli.display import screen
from tickreel.cli.display.json_output import print_json

# As `tickreel.runner.config.strategy_registry`, which a client's installation cannot import.
_GROUP = "tickreel.strategies"
_TEMPLATES = resources.files("tickreel.cli") / "strategy_package"
_MODULE = "module.py.template"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*([-_][A-Za-z0-9]+)*")
_WORDS = re.compile(r"[-_]|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@click.command("new-strategy")
@click.argument("name")
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Folder to make; the name of the package by default.",
)
@options.output
def new_strategy(name: str, folder: Path | None, output: str) -> None:
    """Make a package with a strategy that runs on the sample data.

    NAME is the strategy's name in configs and the name of its class: EmaCross or ema-cross, for example.
    """
    if not _NAME.fullmatch(name):
        raise click.BadParameter(f"{name!r} is not a name; use letters and digits, EmaCross for example", param_hint="NAME")
    words = _WORDS.split(name)
    strategy = "".join(word[0].upper() + word[1:] for word in words)
    module = "_".join(words).lower()
    _check_free(strategy, module)
    folder = folder or Path(module.replace("_", "-"))
    files = _write(folder, {"strategy": strategy, "module": module, "package": module.replace("_", "-")})
    if output == "json":
        print_json({"strategy": strategy, "folder": str(folder), "files": files})
        return
    screen.out.print(f"{strategy} is in {folder}: {', '.join(files)}. Install it, restart the services, and run it:")
    screen.out.print()
    for command in (
        f"scripts/uv pip install --editable {folder}",
        f"tickreel run --config {folder}/config.json --snapshot-mode both",
    ):
        screen.out.print(f"  {command}")


def _check_free(strategy: str, module: str) -> None:
    """Refuse names that Python or an installed package has already."""
    if keyword.iskeyword(module) or module in sys.stdlib_module_names:
        raise click.BadParameter(f"{module!r} is a word or a module of Python; choose another name", param_hint="NAME")
    if re.search(rf"\b{strategy}\b", (_TEMPLATES / _MODULE).read_text()):
        raise click.BadParameter(f"the module uses the name {strategy!r}; choose another name", param_hint="NAME")
    for point in metadata.entry_points(group=_GROUP, name=strategy):
        package = point.dist.name if point.dist else point.value
        raise click.BadParameter(f"{package} has a strategy {strategy!r} already; choose another name", param_hint="NAME")
    if importlib.util.find_spec(module) is not None:
        raise click.BadParameter(f"a module {module!r} is installed already; choose another name", param_hint="NAME")


def _write(folder: Path, names: dict[str, str]) -> list[str]:
    """Write the files of the package, all of them or none, and return their names."""
    if folder.exists():
        raise click.ClickException(f"{folder} exists already; --folder names another folder")
    files = {}
    for template in _TEMPLATES.iterdir():
        name = template.name if template.name != _MODULE else f"{names['module']}.py"
        files[name.removesuffix(".template")] = Template(template.read_text()).substitute(names)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Beside the folder, so that it can be renamed.
        with tempfile.TemporaryDirectory(prefix=".tickreel-", dir=folder.parent) as scratch:
            made = Path(scratch) / "package"
            made.mkdir()
            for name, text in files.items():
                (made / name).write_text(text)
            made.rename(folder)
    except OSError as error:
        raise click.ClickException(f"cannot write {folder}: {error.strerror or error}") from None
    return sorted(files)
