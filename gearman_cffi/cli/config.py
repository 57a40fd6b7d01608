"""Options from a file: [tool.gearman-cffi] of pyproject.toml, or the file of --config."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from gearman_cffi.cli.extras import need

PROJECT_FILE = Path("pyproject.toml")
SOURCE = "gearman_cffi.config"  # key of Context.meta: the name of the file
_TABLE = re.compile(rb"""\btool *\. *["']?gearman-cffi""")
_COMMON = ("servers", "namespace")


def load_config(context: click.Context, group: click.Group, file: Path | None) -> None:
    """Makes the values of the file the defaults of the command that is invoked. Raises click.UsageError for others."""
    path = PROJECT_FILE if file is None else file
    invoked = context.invoked_subcommand or ""
    command = group.get_command(context, invoked)
    if command is None or (file is None and not _has_table(path)):
        return
    table = _read(path)
    known = {*group.list_commands(context), *_COMMON}
    _check(path, table, known, "")
    options = _options(command)
    common = {name: table[name] for name in _COMMON if name in table and name in options}
    own = table.get(invoked, {})
    if not isinstance(own, Mapping):
        raise click.UsageError(f"{path}: {invoked} must be a table of options, not {own!r}")
    _check(path, own, set(options), f"{invoked}.")
    values = {options[name].name: _value(options[name], value) for name, value in {**common, **own}.items()}
    context.default_map = {invoked: values}
    context.meta[SOURCE] = str(path)


def _has_table(path: Path) -> bool:
    """Whether a project file may have options, so that other files are not parsed."""
    try:
        return _TABLE.search(path.read_bytes()) is not None
    except OSError:
        return False


def _read(path: Path) -> Mapping[str, Any]:
    need("cli", "tomllib" if sys.version_info >= (3, 11) else "tomli")
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        table: Any = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise click.UsageError(f"cannot read {path}: {error}") from None
    for name in ("tool", "gearman-cffi") if path.name == PROJECT_FILE.name else ():
        table = table.get(name, {})
    return table if isinstance(table, Mapping) else {}


def _check(path: Path, table: Mapping[str, Any], known: set[str], where: str) -> None:
    for name in table:
        if name not in known:
            raise click.UsageError(f"{path}: unknown option {where + name!r}: use {', '.join(sorted(known))}")


def _options(command: click.Command) -> dict[str, click.Parameter]:
    """The parameters by their names in the file."""
    found = {}
    for parameter in command.params:
        names = [name[2:] for name in parameter.opts if name.startswith("--")] or [parameter.name or ""]
        found.update(dict.fromkeys(names, parameter))
    return found


def _value(parameter: click.Parameter, value: Any) -> Any:
    """The value as the command line has it: tables are FUNCTION=NUMBER, servers are joined by commas."""
    if isinstance(value, Mapping):
        return [f"{name}={one}" for name, one in value.items()]
    if not (parameter.multiple or parameter.nargs == -1):
        return ",".join(map(str, value)) if isinstance(value, list) else value
    return value if isinstance(value, list) else [value]
