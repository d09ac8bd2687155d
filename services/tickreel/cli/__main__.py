"""The `tickreel` command."""

import asyncio

import click

from tickreel.cli import exit_codes
from tickreel.cli.commands.configs import configs
from tickreel.cli.commands.convert import convert
from tickreel.cli.commands.datasets import datasets
from tickreel.cli.commands.export import export
from tickreel.cli.commands.instruments import instruments
from tickreel.cli.commands.log import log
from tickreel.cli.commands.new_strategy import new_strategy
from tickreel.cli.commands.results import results, show
from tickreel.cli.commands.run import run
from tickreel.cli.commands.runs import cancel, runs, watch
from tickreel.cli.commands.sample_data import sample_data
from tickreel.cli.commands.strategies import strategies
from tickreel.cli.commands.up import up
from tickreel.cli.commands.verify import verify
from tickreel.cli.display import screen
from tickreel.rpc.errors import TickreelError


class _Commands(click.Group):
    """The commands, listed in the order of their use. Errors and Ctrl-C end the process with an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except TickreelError as error:
            is_unanswered = bool(error.metadata.get("address"))
            hint = "\n  `tickreel up` starts the services; --address sets the address to call" if is_unanswered else ""
            screen.say_error(f"{error}{hint}")
            ctx.exit(exit_codes.of_reason(error.reason))
        except (KeyboardInterrupt, asyncio.CancelledError):
            ctx.exit(exit_codes.CANCELLED)


@click.group(
    cls=_Commands,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
        # Accept both --snapshot_mode and --snapshot-mode.
        "token_normalize_func": lambda token: token.replace("_", "-"),
    },
)
@click.version_option(package_name="tickreel")
def main() -> None:
    """Replay recorded exchange ticks through NautilusTrader, deterministically."""


for command in (
    run,
    convert,
    datasets,
    instruments,
    configs,
    strategies,
    new_strategy,
    runs,
    watch,
    log,
    cancel,
    results,
    show,
    verify,
    export,
    up,
    sample_data,
):
    main.add_command(command)


if __name__ == "__main__":
    main()
