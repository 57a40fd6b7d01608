"""What the log says of the program that a pool has loaded."""

from __future__ import annotations

from collections.abc import Iterable

from gearman_cffi.application import Application
from gearman_cffi.pool.options import PoolOptions, ProcessOptions
from gearman_cffi.serializers import Serializer
from gearman_cffi.serializers.by_name import BY_NAME
from gearman_cffi.servers import ServerCollection

_MOST_CHARACTERS = 2000  # of the names of functions; a process tells them to the parent in one short message


def settings_of(source: Application | PoolOptions | ProcessOptions) -> dict[str, str | None]:
    """The arguments of describe_program() that the program or the options give; None for those that are not given."""
    return {
        "servers": None if source.servers is None else str(source.servers),
        "serializer": _name_of(source.serializer),
        "namespace": source.namespace,
    }


def describe_program(
    functions: Iterable[str],
    most_jobs: int,
    *settings: dict[str, str | None],
) -> str:
    """A line about a program. settings: servers, serializer and namespace, those that come first before the others."""
    servers, serializer, namespace = (
        next((each[name] for each in settings if each.get(name)), None)
        for name in ("servers", "serializer", "namespace")
    )
    parts = [
        f"functions {_join(list(functions))}",
        f"servers {servers or ServerCollection.from_environment()}",
        f"serializer {serializer or 'php'}",
    ]
    if namespace:
        parts.append(f"namespace {namespace}")
    if most_jobs > 1:
        parts.append(f"{most_jobs} jobs at once in each process")
    return "; ".join(parts)


def _name_of(serializer: Serializer | str | None) -> str | None:
    """Its name in --serializer, or its class if it is the program's own."""
    if serializer is None or isinstance(serializer, str):
        return serializer
    return next((name for name, kind in BY_NAME.items() if kind is type(serializer)), type(serializer).__name__)


def _join(names: list[str]) -> str:
    """The names; only the first ones if they are too many for a line."""
    shown = 0
    length = 0
    while shown < len(names) and length < _MOST_CHARACTERS:
        length += len(names[shown]) + 2
        shown += 1
    more = len(names) - shown
    return ", ".join(names[:shown]) + (f" and {more} more" if more else "")
