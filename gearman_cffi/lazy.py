"""Names that a package imports when they are first asked for, so that a program has in memory what it uses."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # type checkers take it for true; typing itself is heavy
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def importer(
    package: str, names: Mapping[str, Sequence[str]]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """The __getattr__() and the __dir__() of a package.

    names: for each of its modules, a name itself, those in it; for one beside the package ".its_name".
    """

    def get(name: str) -> object:
        from importlib import import_module

        if name in names:
            return import_module(f".{name}", package)
        for module, known in names.items():
            if name in known:
                value = getattr(import_module(f".{module}", package), name)
                setattr(sys.modules[package], name, value)
                return value
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    def list_all() -> list[str]:
        own = {name for name in names if name[0] != "."}.union(*names.values())
        return sorted(own.union(vars(sys.modules[package])))

    return get, list_all
