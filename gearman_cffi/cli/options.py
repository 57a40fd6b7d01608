"""Options that several commands share, and the types of their values."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

from gearman_cffi.servers import ENVIRONMENT, Server, ServerCollection
from gearman_cffi.subscribers.memory_limit import to_bytes

_Command = TypeVar("_Command", bound=Callable[..., Any])


def option(*names: str, **settings: Any) -> Callable[[_Command], _Command]:
    """click.option(), whose help names the environment variable: GEARMAN_CFFI_COMMAND_OPTION, or the one given."""
    return click.option(*names, **{"show_envvar": True, **settings})


class _Servers(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4 only
    name = "host:port,..."

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> ServerCollection:
        if isinstance(value, ServerCollection):
            return value
        try:
            return ServerCollection(value)
        except ValueError as error:
            self.fail(str(error), parameter, context)


class Size(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4 only
    """Bytes, or words as 128M."""

    name = "size"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> int:
        """The bytes."""
        try:
            size = to_bytes(value)
        except ValueError as error:
            self.fail(str(error), parameter, context)
        if size is None:
            self.fail("a limit is above 0", parameter, context)
        return size


class Assignment(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4 only
    """FUNCTION=NUMBER; the number is above 0."""

    def __init__(self, name: str, number: Callable[[str], float]) -> None:
        self.name = f"function={name}"
        self._number = number

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> tuple[str, float]:
        """Name and number."""
        if isinstance(value, tuple):
            return value
        function, _, number = value.rpartition("=")
        try:
            read = self._number(number)
            if not (function and read > 0):
                raise ValueError
        except ValueError:
            self.fail(f"{value!r} is not {self.name.upper()} with a number above 0", parameter, context)
        return function, read


def servers_option(command: _Command) -> _Command:
    """--servers, which all commands have."""
    return option(
        "-s",
        "--servers",
        type=_Servers(),
        envvar="GEARMAN_CFFI_SERVERS",
        default=lambda: os.environ.get(ENVIRONMENT, "").strip() or str(Server()),
        show_default="GEARMAN_SERVERS, else 127.0.0.1:4730",
        help="Job servers, with commas between them.",
    )(command)


def timeout_option(seconds: float | None, help: str) -> Callable[[_Command], _Command]:
    """--timeout, in seconds."""
    return option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        default=seconds,
        show_default="none" if seconds is None else True,
        metavar="SECONDS",
        help=help,
    )


json_option = option("--json", "as_json", is_flag=True, help="One JSON document instead of a table.")
