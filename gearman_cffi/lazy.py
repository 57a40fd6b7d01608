"""Packages whose names are imported on first use, so that a program loads only what it uses."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def importer(
    package: str, names: Mapping[str, Sequence[str]]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """The __getattr__() and the __dir__() of a package.

    names maps each module of the package to its public names; the module itself is a name too. A module outside the
    package is written ".module", relative to the package.
    """

    def get_attribute(name: str) -> object:
        if name in names:
            return import_module(f".{name}", package)
        for module, known in names.items():
            if name in known:
                value = getattr(import_module(f".{module}", package), name)
                setattr(sys.modules[package], name, value)
                return value
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    def list_attributes() -> list[str]:
        own = {name for name in names if name[0] != "."}.union(*names.values())
        return sorted(own.union(vars(sys.modules[package])))

    return get_attribute, list_attributes
