"""Docstrings of public names: every argument and result is described, and examples can be parsed."""

from __future__ import annotations

import ast
import builtins
import enum
import inspect
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import griffe
import pytest

import gearman_cffi
from gearman_cffi import admin, aio, dmank, events, ext, subscribers, testing
from gearman_cffi.ext import functions

MODULES = (gearman_cffi, admin, aio, dmank, events, ext, subscribers, testing)
_EXAMPLE = re.compile(r"^Example:\n((?:(?:    .*)?\n)+)", re.MULTILINE)


@dataclass(frozen=True)
class Name:
    """A public class, function or method."""

    path: str
    value: Any

    def __str__(self) -> str:
        return self.path

    @property
    def owner(self) -> str:
        """The path of the class or the module that has it."""
        return self.path if inspect.isclass(self.value) else self.path.rpartition(".")[0]

    @property
    def docstring(self) -> str:
        return inspect.getdoc(self.value) or ""

    def described(self, kind: str) -> set[str]:
        """The names in the sections of this kind, such as "parameters"."""
        sections = griffe.Docstring(self.docstring).parse("google", warnings=False)
        return {
            getattr(item, "name", "") or str(item.annotation)
            for section in sections
            if section.kind.value == kind
            for item in section.value
        }

    @property
    def parameters(self) -> list[str]:
        try:
            signature = inspect.signature(self.value)
        except ValueError:  # of a builtin
            return []
        return [name for name in signature.parameters if name not in ("self", "cls")]


def public_names() -> Iterator[Name]:
    """The names in `__all__` of the public modules, and the public methods of the classes."""
    seen = set()
    for module in MODULES:
        for name in module.__all__:
            value = getattr(module, name)
            if id(value) in seen or not (inspect.isclass(value) or inspect.isfunction(value)):
                continue
            seen.add(id(value))
            yield Name(f"{module.__name__}.{name}", value)
            if inspect.isclass(value):
                yield from _methods(module, name, value)


def _methods(module: ModuleType, name: str, value: type) -> Iterator[Name]:
    for kind in value.__mro__:
        if not kind.__module__.startswith("gearman_cffi"):
            continue
        for method, function in vars(kind).items():
            inner = getattr(function, "__func__", function)
            if not method.startswith("_") and inspect.isfunction(inner):
                yield Name(f"{module.__name__}.{name}.{method}", inner)


NAMES = list(public_names())
METHODS = [
    name
    for name in NAMES
    if inspect.isfunction(name.value) and not name.docstring.startswith(("Deprecated: ", "Dropped"))
]
# Programs do not create these.
CREATED_BY_THE_PACKAGE = (BaseException, enum.Enum, events.Event)
# The arguments of their constructors are internal, or those of a base class.
WITHOUT_ARGUMENTS = (gearman_cffi.JobWatch, aio.AsyncJobWatch, gearman_cffi.CoroutineTask, gearman_cffi.JobLogFilter)
CLASSES = [
    name
    for name in NAMES
    if inspect.isclass(name.value)
    and not issubclass(name.value, CREATED_BY_THE_PACKAGE)
    and not getattr(name.value, "_is_protocol", False)
]


RECORDS = [
    name
    for name in NAMES
    if inspect.isclass(name.value)
    and issubclass(name.value, (BaseException, events.Event))
    and "__init__" in vars(name.value)
]


def ids(name: Name) -> str:
    return name.path.removeprefix("gearman_cffi.")


def by_owner(names: list[Name]) -> list[Any]:
    """The names as parameters: those of a class together, and so those of a module."""
    groups: dict[str, list[Name]] = {}
    for name in names:
        groups.setdefault(name.owner, []).append(name)
    return [pytest.param(group, id=owner.removeprefix("gearman_cffi.")) for owner, group in groups.items()]


@pytest.mark.parametrize("names", by_owner(METHODS))
def test_functions(names: list[Name]) -> None:
    """All parameters and the result are described; a procedural function names the method that does the work."""
    for name in names:
        if name.value.__module__ == functions.__name__:
            found = re.search(r"^(?:Calls|Equivalent to|Deprecated: calls) ([\w.]+)\(\)", name.docstring, re.MULTILINE)
            assert found, name
            continue
        assert set(name.parameters) <= {text.lstrip("*") for text in name.described("parameters")}, name
        result = name.value.__annotations__.get("return")
        if result not in ("None", None):
            assert name.described("returns") or name.described("yields"), f"{name}: {result} is not described"


@pytest.mark.parametrize("name", CLASSES, ids=ids)
def test_classes(name: Name) -> None:
    """All arguments of the constructor are described, and there is an example."""
    described = name.described("parameters") | name.described("attributes")
    if name.value not in WITHOUT_ARGUMENTS and "__init__" in vars(name.value):
        assert set(name.parameters) <= described | Name("", name.value.__init__).described("parameters")
    assert _EXAMPLE.search(name.docstring + "\n"), "no example"


@pytest.mark.parametrize("name", RECORDS, ids=ids)
def test_events_and_exceptions(name: Name) -> None:
    """Their attributes are described, in the class or in a base class."""
    kinds = [Name("", kind) for kind in name.value.__mro__ if kind.__module__.startswith("gearman_cffi")]
    described = {what for kind in kinds for what in kind.described("attributes") | kind.described("parameters")}
    described |= {what for what in name.parameters if hasattr(name.value, f"get{what[0].upper()}{what[1:]}")}  # dmank's
    assert set(name.parameters) - {"message", "name", "known"} <= described


@pytest.mark.parametrize("names", by_owner(NAMES))
def test_examples(names: list[Name]) -> None:
    """Examples are Python."""
    for name in names:
        for example in _EXAMPLE.findall(name.docstring + "\n"):
            code = textwrap.dedent(example)
            ast.parse(f"async def example():\n{re.sub('^', '    ', code, flags=re.MULTILINE)}", name.path)


@pytest.mark.parametrize("names", by_owner(NAMES))
def test_exceptions(names: list[Name]) -> None:
    """The exceptions that a docstring names exist."""
    homes: tuple[object, ...] = (builtins, *MODULES)
    for name in names:
        for raised in name.described("raises"):
            assert any(hasattr(home, raised) for home in homes), f"{name}: {raised}"
