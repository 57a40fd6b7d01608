"""Generates tables of the documentation from the code. mkdocs calls on_page_markdown() for each page.

A page has `<!-- table: NAME -->` in the place of a table; the names are in TABLES.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

import griffe

from gearman_cffi import ext
from gearman_cffi.error_mapping import failure
from gearman_cffi.exceptions import GearmanError
from gearman_cffi.ext import ReturnCode, constants

_PLACE = re.compile(r"^<!-- table: ([a-z-]+) -->$", re.MULTILINE)
_METHOD = re.compile(r"^Calls (Gearman\w+)(?:\.(\w+))?\(\)\.", re.MULTILINE)
_DROPPED = "Deprecated: "
_CLASSES = ("GearmanClient", "GearmanWorker", "GearmanJob", "GearmanTask")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Insert the tables into a page."""
    return _PLACE.sub(lambda place: "\n".join(TABLES[place[1]]()), markdown)


def return_codes() -> Iterator[str]:
    """The return codes with their meanings and the exceptions of the Python layer."""
    meanings = griffe.load("gearman_cffi._libgearman.return_codes")["ReturnCode"].members
    yield "| Code | Name | Meaning | The Python layer raises |"
    yield "|---:|---|---|---|"
    for code in ReturnCode:
        docstring = meanings[code.name].docstring
        assert docstring is not None, f"{code.name} has no docstring"
        kind = type(failure(code, server="-"))
        raised = f"[`{kind.__name__}`][gearman_cffi.{kind.__name__}]" if kind is not GearmanError else ""
        yield f"| {code.value} | `GEARMAN_{code.name}` | {docstring.value} | {raised} |"


def functions() -> Iterator[str]:
    """The gearman_* functions and the methods that they call."""
    for class_name in (*_CLASSES, ""):
        yield f"\n### {class_name or 'Without an object'}\n"
        yield "| Function | Equivalent to |"
        yield "|---|---|"
        for name in sorted(name for name in ext.__all__ if name.startswith("gearman_")):
            function = getattr(ext, name)
            method = _METHOD.search(inspect.getdoc(function) or "")
            if (method[1] if method else "") == class_name and not _is_dropped(function):
                what = _link(method[1], method[2]) if method else _summary(function)
                yield f"| `{name}{_signature(function)}` | {what} |"


def dropped() -> Iterator[str]:
    """The names in PHP's manual that the extension has dropped."""
    yield "| Name | What it is |"
    yield "|---|---|"
    names = {
        f"{kind}.{name}": getattr(getattr(ext, kind), name) for kind in _CLASSES for name in dir(getattr(ext, kind))
    }
    names |= {name: getattr(ext, name) for name in ext.__all__ if name.startswith("gearman_")}
    for name, what in names.items():
        if _is_dropped(what):
            yield f"| `{name}()` | {_summary(what).removeprefix(_DROPPED)} |"


def constant_values() -> Iterator[str]:
    """The constants of the extension."""
    yield "| Name | Value |"
    yield "|---|---|"
    yield from (
        f"| `{name}` | {getattr(constants, name)!r} |" for name in dir(constants) if name.startswith("GEARMAN_")
    )


def _summary(thing: object) -> str:
    return " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())


def _is_dropped(thing: object) -> bool:
    return _summary(thing).startswith(_DROPPED)


def _signature(function: Callable[..., object]) -> str:
    return str(inspect.signature(function)).replace("'", "").replace("|", "\\|")


def _link(class_name: str, method: str | None) -> str:
    path = f"{class_name}.{method}" if method else class_name
    return f"[`{path}()`][gearman_cffi.ext.{path}]"


TABLES: dict[str, Callable[[], Iterator[str]]] = {
    "return-codes": return_codes,
    "functions": functions,
    "dropped": dropped,
    "constants": constant_values,
}
