"""The public names of the package, with their docstrings."""

from __future__ import annotations

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

MODULES = (gearman_cffi, admin, aio, dmank, events, ext, subscribers, testing)
# Documented as part of the mirror, but `from gearman_cffi.ext import *` does not bring them.
_BEYOND_THE_STAR = (ext.ForkedUseError, ext.MissingCapabilityError, ext.ReturnCode, type(ext.capabilities))
_EXAMPLE = re.compile(r"^Example:\n((?:(?:    .*)?(?:\n|\Z))+)", re.MULTILINE)


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
    def home(self) -> str:
        """Where it is defined: that of an inherited method is in its base class."""
        return f"{self.value.__module__}.{self.value.__qualname__}"

    @property
    def docstring(self) -> str:
        return inspect.getdoc(self.value) or ""

    @property
    def example(self) -> str:
        """The code of its example; "" if it has none."""
        found = _EXAMPLE.search(self.docstring)
        return textwrap.dedent(found[1]).strip() if found else ""

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
    for value in _BEYOND_THE_STAR:
        yield Name(f"gearman_cffi.ext.{value.__name__}", value)
        yield from _methods(ext, value.__name__, value)


def _methods(module: ModuleType, name: str, value: type) -> Iterator[Name]:
    for kind in value.__mro__:
        if not kind.__module__.startswith("gearman_cffi"):
            continue
        for method, function in vars(kind).items():
            inner = getattr(function, "__func__", function)
            if not method.startswith("_") and inspect.isfunction(inner):
                yield Name(f"{module.__name__}.{name}.{method}", inner)


def by_owner(names: list[Name]) -> list[Any]:
    """The names as parameters: those of a class together, and so those of a module."""
    groups: dict[str, list[Name]] = {}
    for name in names:
        groups.setdefault(name.owner, []).append(name)
    return [pytest.param(group, id=owner.removeprefix("gearman_cffi.")) for owner, group in groups.items()]
