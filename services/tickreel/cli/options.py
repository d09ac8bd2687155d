"""The options that commands share, and the types of their values."""

from collections.abc import Callable
from typing import Any

import click
from google.protobuf.timestamp_pb2 import Timestamp

from tickreel.rpc.settings import address_variable, default_address


class Instant(click.ParamType):
    """An instant in UTC, ISO 8601 to the nanosecond: a Timestamp."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Timestamp:
        """Reads the text of a time, with its zone.

        Raises:
            click.BadParameter: The text is no such time.
        """
        if isinstance(value, Timestamp):
            return value
        stamp = Timestamp()
        try:
            stamp.FromJsonString(value)
        except ValueError:
            self.fail(f"{value!r} is not a time with its zone; 2024-07-18T23:57:00Z is one", param, ctx)
        return stamp


class Address(click.ParamType):
    """Where a service is reached: HOST:PORT."""

    name = "HOST:PORT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Checks an address.

        Raises:
            click.BadParameter: There is no host or no port in it.
        """
        host, _, port = value.rpartition(":")
        if not host or not (port.isascii() and port.isdigit() and int(port) <= 65_535):
            self.fail(f"{value!r} is not HOST:PORT; 127.0.0.1:8000 is", param, ctx)
        return str(value)


INSTANT = Instant()
ADDRESS = Address()

output = click.option(
    "--output",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="How the answer is printed; with json, nothing else is.",
)

limit = click.option(
    "--limit", type=click.IntRange(min=1), default=20, metavar="N", show_default=True, help="The most entries to show."
)


def listed(example: str, order: str) -> Callable[[Any], Any]:
    """The options of a list that the service filters and sorts: `filter_text`, `order_by` and `limit`."""

    def add(command: Any) -> Any:
        command = click.option(
            "--order_by", default="", metavar="FIELDS", help=f"In what order: {order}, for example. [default: newest first]"
        )(limit(command))
        return click.option("--filter", "filter_text", default="", help=f"Which entries: {example}, for example.")(command)

    return add


def address(service: str) -> Callable[[Any], Any]:
    """The option that says where a service is."""
    return click.option(
        "--address",
        type=ADDRESS,
        envvar=_variables(service),
        default=default_address("gateway"),
        show_default=True,
        show_envvar=True,
        help=f"Where the {service} service is reached: the gateway, or the service itself.",
    )


def address_or_own(service: str) -> Callable[[Any], Any]:
    """The options of a command that starts what it needs where no service answers: `address` and `standalone`."""

    def add(command: Any) -> Any:
        command = click.option(
            "--standalone", is_flag=True, help="Start services for this one call, whether or not some are up."
        )(command)
        return click.option(
            "--address",
            type=ADDRESS,
            envvar=_variables(service),
            show_envvar=True,
            help=f"Where the {service} service is reached: the gateway, or the service itself. "
            f"[default: {default_address('gateway')} if it answers there, else services of the command's own]",
        )(command)

    return add


def _variables(service: str) -> list[str]:
    """The variables that say where a service is reached, the first that is set first."""
    return [address_variable(service), address_variable("gateway")]


def switch(name: str, about: str) -> Callable[[Any], Any]:
    """An option that is true or false; without a value, true."""
    return click.option(
        name, type=click.BOOL, is_flag=False, flag_value=True, default=False, metavar="[true|false]", help=about
    )
