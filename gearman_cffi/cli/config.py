"""Options from a file: [tool.gearman-cffi] of pyproject.toml, or the file of --config."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from datetime import date, time
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from gearman_cffi.cli.extras import need
from gearman_cffi.cli.types import Assignment, ServerList

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
    values = {}
    for name, value in {**common, **own}.items():
        where = f"{invoked}.{name}" if name in own else name
        values[options[name].name] = _value(options[name], value, f"{path}: {where}")
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
    tools = table.get("tool", {})
    is_project = path.name == PROJECT_FILE.name or (isinstance(tools, Mapping) and "gearman-cffi" in tools)
    for name in ("tool", "gearman-cffi") if is_project else ():
        table = table.get(name, {})
        if not isinstance(table, Mapping):
            raise click.UsageError(f"{path}: {name} must be a table, not {table!r}")
    result: Mapping[str, Any] = table
    return result


def _check(path: Path, table: Mapping[str, Any], known: set[str], where: str) -> None:
    for name, value in table.items():
        if name not in known:
            kind = "table" if isinstance(value, Mapping) and not where else "option"
            close = get_close_matches(name, known, 1)
            hint = f"did you mean {close[0]}?" if close else f"use {', '.join(sorted(known))}"
            raise click.UsageError(f"{path}: unknown {kind} {where + name!r}: {hint}")


def _options(command: click.Command) -> dict[str, click.Parameter]:
    """The parameters by their names in the file."""
    found = {}
    for parameter in command.params:
        names = [name[2:] for name in parameter.opts if name.startswith("--")] or [parameter.name or ""]
        found.update(dict.fromkeys(names, parameter))
    return found


def _value(parameter: click.Parameter, value: Any, where: str) -> Any:
    """The value as the command line has it: numbers are texts, tables FUNCTION=NUMBER; servers are joined by commas.

    where: for the error, which is a click.UsageError. What the text must be is checked later, as for the command line.
    """
    takes_table, takes_list = isinstance(parameter.type, Assignment), isinstance(parameter.type, ServerList)
    found: Any = None
    if getattr(parameter, "is_flag", False):
        found = value if isinstance(value, bool) else None
    elif isinstance(value, Mapping) and takes_table:
        found = _texts([f"{name}={_text(number)}" if _text(number) else None for name, number in value.items()])
    elif not (parameter.multiple or parameter.nargs == -1):
        texts = _texts(value) if isinstance(value, list) and takes_list else None
        found = ",".join(texts) if texts else _text(value)
    else:
        found = _texts(value if isinstance(value, list) else [value])
    if found is None:
        raise click.UsageError(f"{where} must be {_expected(parameter)}, not {value!r}")
    return found


def _text(value: Any) -> str | None:
    """A text, a number or a time as a text; None for others."""
    if isinstance(value, (date, time)):
        return value.isoformat()
    return str(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else None


def _texts(values: Sequence[Any]) -> list[str] | None:
    texts = [_text(value) for value in values]
    return None if None in texts else [text for text in texts if text is not None]


def _expected(parameter: click.Parameter) -> str:
    """What the value of a parameter must be in the file."""
    if getattr(parameter, "is_flag", False):
        return "true or false"
    if isinstance(parameter.type, Assignment):
        return "a table of numbers"
    if isinstance(parameter.type, ServerList) or parameter.multiple or parameter.nargs == -1:
        return "a text or a list of texts"
    if isinstance(parameter.type, (click.types.IntParamType, click.types.FloatParamType)):
        return "a number"
    return "a text"
