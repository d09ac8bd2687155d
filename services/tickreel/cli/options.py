"""Options that several commands share, and the types of their values."""

from collections.abc import Callable
from typing import Any

import click
from google.protobuf.timestamp_pb2 import Timestamp

from tickreel.rpc.settings import address_variable, default_address


class Instant(click.ParamType):
    """An instant: ISO 8601 with a zone, to the nanosecond; becomes a `Timestamp`."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Timestamp:
        """Parse a time.

        Raises:
            click.BadParameter: The text is not a time with a zone.
        """
        if isinstance(value, Timestamp):
            return value
        stamp = Timestamp()
        try:
            stamp.FromJsonString(value)
        except ValueError:
            self.fail(f"{value!r} is not a time with a zone; write it like 2024-07-18T23:57:00Z", param, ctx)
        return stamp


class Address(click.ParamType):
    """The address of a service: HOST:PORT."""

    name = "HOST:PORT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check an address.

        Raises:
            click.BadParameter: The host or the port is missing or malformed.
        """
        host, _, port = value.rpartition(":")
        if not host or not (port.isascii() and port.isdigit() and int(port) <= 65_535):
            self.fail(f"{value!r} is not HOST:PORT; write it like 127.0.0.1:8000", param, ctx)
        return str(value)


INSTANT = Instant()
ADDRESS = Address()

output = click.option(
    "--output",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="Output format; json prints nothing but JSON to standard output.",
)

limit = click.option(
    "--limit", type=click.IntRange(min=1), default=20, metavar="N", show_default=True, help="Maximum number of entries."
)


def listed(example: str, order: str) -> Callable[[Any], Any]:
    """Add the options of a list that the service filters and sorts: `filter_text`, `order_by` and `limit`.

    Args:
        example: A filter for the help text.
        order: A sort order for the help text.
    """

    def add(command: Any) -> Any:
        command = click.option(
            "--order-by", default="", metavar="FIELDS", help=f"Sort order, e.g. {order}. [default: newest first]"
        )(limit(command))
        return click.option("--filter", "filter_text", default="", help=f"Show only matching entries, e.g. {example}.")(command)

    return add


def address(service: str) -> Callable[[Any], Any]:
    """Add the option `address`: the address of a service."""
    return click.option(
        "--address",
        type=ADDRESS,
        envvar=_variables(service),
        default=default_address("gateway"),
        show_default=True,
        show_envvar=True,
        help=f"Address of the gateway or of the {service} service.",
    )


def address_or_own(service: str) -> Callable[[Any], Any]:
    """Add the options of a command that starts its own services if none answers: `address` and `standalone`."""

    def add(command: Any) -> Any:
        command = click.option("--standalone", is_flag=True, help="Start services for this command even if others are up.")(
            command
        )
        return click.option(
            "--address",
            type=ADDRESS,
            envvar=_variables(service),
            show_envvar=True,
            help=f"Address of the gateway or of the {service} service. "
            f"[default: {default_address('gateway')} if it answers, else services started for this command]",
        )(command)

    return add


def _variables(service: str) -> list[str]:
    """Return the variables that may hold the address of a service. The first one that is set counts."""
    return [address_variable(service), address_variable("gateway")]


def switch(name: str, about: str) -> Callable[[Any], Any]:
    """Add an option that takes true or false; without a value it is true."""
    return click.option(
        name, type=click.BOOL, is_flag=False, flag_value=True, default=False, metavar="[true|false]", help=about
    )
