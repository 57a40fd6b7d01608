"""Options that several commands have."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from gearman_cffi.cli.config import SOURCE
from gearman_cffi.cli.types import Number, ServerList
from gearman_cffi.servers import ENVIRONMENT, Server

_Command = TypeVar("_Command", bound=Callable[..., Any])
_OTHER, SERVERS = "Options", "Servers"  # headings in --help
_SERVICE_ADDRESS = re.compile(r"(tcp|udp|sctp)://")


class Option(click.Option):
    """An option that can also be given by an environment variable, which error messages name."""

    def __init__(self, *arguments: Any, group: str = _OTHER, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.group = group

    @property
    def long_name(self) -> str:
        """The name with two hyphens."""
        return next(name for name in self.opts if name.startswith("--"))

    def automatic_variable(self, context: click.Context) -> str:
        """The name of the variable that every option has."""
        return f"{context.auto_envvar_prefix}_{self.long_name[2:].replace('-', '_').upper()}"

    def variable(self, context: click.Context) -> str | None:
        """The variable that gives the value: GEARMAN_CFFI_COMMAND_OPTION, or one of envvar; None if none is set."""
        names = [self.automatic_variable(context)]
        names += [self.envvar] if isinstance(self.envvar, str) else self.envvar or ()
        return next((name for name in names if _is_set(name)), None)

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        """The value from the environment, None if there is none."""
        variable = self.variable(ctx)
        return None if variable is None else os.environ[variable]

    def get_error_hint(self, ctx: click.Context | None) -> str:
        """What an error message calls the option."""
        hint = " / ".join(f"'{name}'" for name in self.opts)
        source = ctx.get_parameter_source(self.name) if ctx and self.name else None
        if ctx and source is ParameterSource.ENVIRONMENT:
            return f"{hint} (environment variable {self.variable(ctx)})"
        if ctx and source is ParameterSource.DEFAULT_MAP:
            return f"{hint} ({ctx.meta[SOURCE]})"
        return hint


def _is_set(variable: str) -> bool:
    """Whether a variable gives a value; what Kubernetes sets for a Service called gearman-cffi-exporter is none."""
    value = os.environ.get(variable, "").strip()
    return bool(value) and not (variable.endswith("_PORT") and _SERVICE_ADDRESS.match(value))


def option(*names: str, **settings: Any) -> Callable[[_Command], _Command]:
    """click.option() for an Option. group: the heading above it in --help."""
    return click.option(*names, cls=Option, **{"show_envvar": "envvar" in settings, **settings})


class Command(click.Command):
    """A command whose --help has the options in groups, examples, and the names of the variables.

    examples: pairs of what a person wants to do, and the command line. last_groups: those that come after the servers.
    """

    def __init__(
        self,
        *arguments: Any,
        examples: Sequence[tuple[str, str]] = (),
        last_groups: Sequence[str] = (),
        **settings: Any,
    ) -> None:
        super().__init__(*arguments, **settings)
        self._examples = examples
        self._last_groups = (SERVERS, *last_groups, _OTHER) if last_groups else (_OTHER, SERVERS)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parses the command line. --config belongs to the whole command, whose file must be read before."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if error.option_name != "--config":
                raise
            program = ctx.find_root().info_name
            raise click.UsageError(
                f"write --config before the command: {program} --config FILE.toml {ctx.info_name}", ctx
            ) from None

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the options by group."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and isinstance(parameter, click.Option):
                groups.setdefault(getattr(parameter, "group", _OTHER), []).append(record)
        for name in [*(name for name in groups if name not in self._last_groups), *self._last_groups]:
            with formatter.section(name):
                formatter.write_dl(groups[name])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the examples, and how the variables are called."""
        if self._examples:
            with formatter.section("Examples"):
                for number, (about, line) in enumerate(self._examples):
                    formatter.write("\n" if number else "")
                    formatter.write_text(about)
                    formatter.write(f"{'':{formatter.current_indent + 2}}{ctx.find_root().info_name} {line}\n")
        one = next(one for one in self.params if isinstance(one, Option) and not one.envvar)
        variable = one.automatic_variable(ctx)
        formatter.write_paragraph()
        formatter.write_text(f"Each option has an environment variable, such as {variable} for {one.long_name}.")


def command(
    *, examples: Sequence[tuple[str, str]] = (), last_groups: Sequence[str] = ()
) -> Callable[[Callable[..., Any]], click.Command]:
    """click.command() for a Command with these examples and groups."""
    return click.command(cls=partial(Command, examples=examples, last_groups=last_groups))  # type: ignore[call-overload,no-any-return]


def _servers_option(default: str | None, **settings: Any) -> Callable[[_Command], _Command]:
    return option(
        "-s",
        "--servers",
        type=ServerList(),
        envvar=["GEARMAN_CFFI_SERVERS", ENVIRONMENT],
        default=default,
        help="Job servers, separated by commas.",
        group=SERVERS,
        **settings,
    )


servers_option = _servers_option(str(Server()))
program_servers_option = _servers_option(None, show_default=f"those of the program, or {Server()}")


def connect_timeout_option(otherwise: str, default: float | None = 5.0) -> Callable[[_Command], _Command]:
    """Adds --connect-timeout to a command. otherwise: what it does about a server that does not accept a connection.

    default: None for that of the program.
    """
    return option(
        "--connect-timeout",
        type=Number(min=0, min_open=True),
        default=default,
        show_default="that of the program, or 5" if default is None else True,
        metavar="SECONDS",
        help=f"How long a server may take to accept a connection; {otherwise}.",
        group=SERVERS,
    )


def timeout_option(seconds: float | None, help: str, group: str = SERVERS) -> Callable[[_Command], _Command]:
    """Adds --timeout, in seconds, to a command."""
    return option(
        "--timeout",
        type=Number(min=0, min_open=True),
        default=seconds,
        show_default="none" if seconds is None else True,
        metavar="SECONDS",
        help=help,
        group=group,
    )


namespace_option = option(
    "--namespace",
    metavar="NAME",
    envvar=["GEARMAN_CFFI_NAMESPACE"],
    help="A prefix that the functions have at the servers.",
    group=SERVERS,
)
json_option = option("--json", is_flag=True, help="Print one JSON document.")
