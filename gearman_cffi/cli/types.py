"""The types of the values of options."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import click

from gearman_cffi.servers import ServerCollection
from gearman_cffi.subscribers.memory_limit import to_bytes


class ServerList(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4 only
    """Servers, separated by commas."""

    name = "host:port,..."

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> ServerCollection:
        """The collection of servers."""
        if isinstance(value, ServerCollection):
            return value
        try:
            return ServerCollection(value)
        except ValueError as error:
            self.fail(str(error), parameter, context)


class TargetName(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4 only
    """MODULE:OBJECT."""

    name = "text"

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Where it can be given besides."""
        return (
            "Name your program, such as shop.tasks:jobs, or set target in [tool.gearman-cffi.worker] of pyproject.toml"
        )

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> str:
        """The text."""
        return str(value)


class Integer(click.IntRange):
    """A whole number in a range."""

    name = "whole number"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> int:
        """The number."""
        try:
            int(value)
        except ValueError:
            self.fail(f"{value!r} is not a whole number", parameter, context)
        return int(super().convert(value, parameter, context))


class Number(click.FloatRange):
    """A number in a range; nan, which compares with no number, is in none."""

    name = "number"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> float:
        """The number."""
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if math.isnan(number):
            self.fail(f"{value!r} is not a number", parameter, context)
        return float(super().convert(number, parameter, context))


class Instant(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4 only
    """A time with a time zone, as in ISO 8601."""

    name = "time"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> datetime:
        """The time."""
        try:
            found = value if isinstance(value, datetime) else datetime.fromisoformat(re.sub("[zZ]$", "+00:00", value))
        except ValueError:
            self.fail(f"{value!r} is not a time: write '2030-01-31T12:00:00+01:00'", parameter, context)
        if found.utcoffset() is None:
            self.fail(
                f"{value!r} has no time zone: write '{found.isoformat()}+01:00', or Z for UTC", parameter, context
            )
        return found


class Size(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4 only
    """A number of bytes, or a text such as 128M."""

    name = "size"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> int:
        """The number of bytes."""
        try:
            size = to_bytes(value)
        except ValueError as error:
            self.fail(str(error), parameter, context)
        if size is None:
            self.fail(f"{value!r} is not a limit: write a number of bytes above 0, '128M' or '1G'", parameter, context)
        return size


class Assignment(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4 only
    """FUNCTION=NUMBER, with a number above 0."""

    def __init__(self, name: str, number: Callable[[str], float]) -> None:
        self.name = f"function={name}"
        self._number = number

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> tuple[str, float]:
        """The name and the number."""
        if isinstance(value, tuple):
            return value
        function, _, number = value.rpartition("=")
        try:
            read = self._number(number)
            if not (function and read > 0):
                raise ValueError
        except ValueError:
            self.fail(f"expected {self.name.upper()} with a number above 0, not {value!r}", parameter, context)
        return function, read
