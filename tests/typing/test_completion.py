"""What an editor shows of the public classes: every name has a docstring, and durations name their unit."""

from __future__ import annotations

import inspect
import re
from types import ModuleType
from typing import Any

import pytest

import gearman_cffi
from gearman_cffi import admin, events, ext, subscribers, testing

MODULES = (gearman_cffi, ext, admin, events, subscribers, testing)
CLASSES = sorted(
    {
        value
        for module in MODULES
        for name in module.__all__
        if inspect.isclass(value := getattr(module, name)) and value.__module__.startswith("gearman_cffi")
    },
    key=lambda kind: f"{kind.__module__}.{kind.__qualname__}",
)
UNIT = re.compile(r"\b(seconds?|ms|s|milliseconds)\b")


def public(kind: type) -> dict[str, Any]:
    """Returns the functions and properties of a class that the package defines, inherited ones too, by name."""
    found = {}
    for name in dir(kind):
        value = inspect.getattr_static(kind, name)
        value = value.__func__ if isinstance(value, (classmethod, staticmethod)) else value
        function = value.fget if isinstance(value, property) else value
        if not name.startswith("_") and str(getattr(function, "__module__", "")).startswith("gearman_cffi"):
            found[name] = value
    return found


def test_there_are_classes_of_every_room() -> None:
    """The list is made from __all__; it must not be empty."""
    names = {kind.__name__ for kind in CLASSES}
    assert {"GearmanClient", "GearmanJob", "Client", "Worker", "Admin", "Gearmand"} <= names
    assert len(public(ext.GearmanClient)) > 40


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__qualname__)
def test_every_method_has_a_docstring(kind: type) -> None:
    """inspect.getdoc() finds one for the class and for each of its public methods and properties."""
    assert inspect.getdoc(kind)
    assert [name for name, value in public(kind).items() if not inspect.getdoc(value)] == []


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__qualname__)
def test_durations_name_their_unit(kind: type) -> None:
    """The unit of a parameter that is a time is in the docstring of the method or of the class."""
    silent = []
    for name, value in {"__init__": kind.__init__, **public(kind)}.items():  # type: ignore[misc]
        parameters = inspect.signature(value).parameters if inspect.isfunction(value) else {}
        text = f"{inspect.getdoc(value)} {inspect.getdoc(kind)}"
        silent += [name for parameter in parameters if "timeout" in parameter and not UNIT.search(text)]
    assert silent == []


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_functions_have_a_docstring(module: ModuleType) -> None:
    """inspect.getdoc() finds one for each function."""
    functions = [name for name in module.__all__ if inspect.isfunction(getattr(module, name))]
    assert [name for name in functions if not inspect.getdoc(getattr(module, name))] == []
