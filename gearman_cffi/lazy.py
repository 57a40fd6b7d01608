"""Names that a package imports when they are first asked for, so that a program has in memory what it uses."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # type checkers take it for true; typing itself is heavy
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def importer(package: str, names: Mapping[str, Sequence[str]]) -> Callable[[str], object]:
    """The __getattr__() of a package. names: for each of its modules, which is a name itself, those that are in it."""

    def get(name: str) -> object:
        from importlib import import_module

        if name in names:
            return import_module(f"{package}.{name}")
        for module, known in names.items():
            if name in known:
                value = getattr(import_module(f"{package}.{module}"), name)
                setattr(sys.modules[package], name, value)
                return value
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return get
