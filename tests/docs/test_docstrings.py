"""Docstrings of public names: every argument and result is described, and there are examples."""

from __future__ import annotations

import builtins
import enum
import inspect
import pydoc
import re

import pytest

import gearman_cffi
from gearman_cffi import aio, events
from gearman_cffi.ext import functions
from tests.docs.public_names import MODULES, Name, by_owner, public_names
from tests.support import ROOT

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
        if result not in ("None", "NoReturn", None):
            assert name.described("returns") or name.described("yields"), f"{name}: {result} is not described"


@pytest.mark.parametrize("name", CLASSES, ids=ids)
def test_classes(name: Name) -> None:
    """All arguments of the constructor are described."""
    described = name.described("parameters") | name.described("attributes")
    if name.value not in WITHOUT_ARGUMENTS and "__init__" in vars(name.value):
        assert set(name.parameters) <= described | Name("", name.value.__init__).described("parameters")


@pytest.mark.parametrize("names", by_owner(NAMES))
def test_examples(names: list[Name]) -> None:
    """There is an example of each name. test_examples.py runs them."""
    assert [name for name in names if not name.example] == []


@pytest.mark.parametrize("name", RECORDS, ids=ids)
def test_events_and_exceptions(name: Name) -> None:
    """Their attributes are described, in the class or in a base class."""
    kinds = [Name("", kind) for kind in name.value.__mro__ if kind.__module__.startswith("gearman_cffi")]
    described = {what for kind in kinds for what in kind.described("attributes") | kind.described("parameters")}
    described |= {what for what in name.parameters if hasattr(name.value, f"get{what[0].upper()}{what[1:]}")}  # dmank's
    assert set(name.parameters) - {"message", "name", "known"} <= described


def test_the_reference() -> None:
    """Each class is on a page of the reference."""
    pages = "".join(page.read_text("utf-8") for page in (ROOT / "docs/reference").glob("*.md"))
    paths = re.findall(r"^::: (\S+)$", pages, re.MULTILINE)
    shown = [pydoc.locate(path) for path in paths]
    classes = [name for name in NAMES if inspect.isclass(name.value) and name.home not in paths]
    assert [name for name in classes if name.value not in shown and inspect.getmodule(name.value) not in shown] == []


@pytest.mark.parametrize("names", by_owner(NAMES))
def test_exceptions(names: list[Name]) -> None:
    """The exceptions that a docstring names exist."""
    homes: tuple[object, ...] = (builtins, *MODULES)
    for name in names:
        for raised in name.described("raises"):
            assert any(hasattr(home, raised) for home in homes), f"{name}: {raised}"
