"""What the shell offers when the Tab key is pressed: functions and job handles, which the servers are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import click

from gearman_cffi.admin import Admin
from gearman_cffi.exceptions import GearmanError

_Row = TypeVar("_Row")
_TIMEOUT = 1.0  # seconds for each server


def complete_function(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The functions that the servers know."""
    return _complete(context, Admin.status, lambda row: row.function, incomplete)


def complete_handle(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The handles of the servers' jobs."""
    return _complete(context, Admin.show_jobs, lambda row: row.handle, incomplete)


def _complete(
    context: click.Context, ask: Callable[[Admin], Iterable[_Row]], name: Callable[[_Row], str], incomplete: str
) -> list[str]:
    """The names that begin as the incomplete word; none from servers that do not answer."""
    servers = next(parameter for parameter in context.command.params if parameter.name == "servers")
    chosen = context.params.get("servers") or servers.type_cast_value(context, servers.get_default(context))
    answers = Admin(chosen, _TIMEOUT).gather(ask).values()
    names = {name(row) for rows in answers if not isinstance(rows, GearmanError) for row in rows}
    return sorted(one for one in names if one.startswith(incomplete))
