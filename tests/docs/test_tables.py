"""Compares tables in the documentation with the code and the tests that they describe."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import gearman_cffi
from gearman_cffi import exceptions
from gearman_cffi.ext import ReturnCode
from gearman_cffi.ext import __all__ as exported
from tests.parity.differences import DIFFERENCES
from tests.support import ROOT

ERRORS = (ROOT / "docs/errors.md").read_text("utf-8")
PORTING = (ROOT / "docs/porting-from-php.md").read_text("utf-8")


@pytest.fixture(scope="module")
def tables() -> ModuleType:
    """The module of our mkdocs hook."""
    path = ROOT / "docs/_hooks/tables.py"
    spec = importlib.util.spec_from_file_location("tables", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_differences_are_those_of_the_parity_tests() -> None:
    """The page lists exactly the differences of the parity tests, with their reasons, by subject."""
    listed = re.findall(
        r"^- (.+?) \(`([a-z-]+)`\)$", PORTING.partition("## What is different")[2], re.MULTILINE | re.DOTALL
    )
    reasons = {name: " ".join(re.sub(r"\*\*|`", "", reason).split()) for reason, name in listed}
    assert len(listed) == len(reasons)
    assert reasons == {difference.id: difference.reason for difference in DIFFERENCES}


def test_the_tree_of_exceptions() -> None:
    """The page has the tree of the module's docstring, with all exceptions and their base classes."""
    assert exceptions.__doc__ is not None
    tree = exceptions.__doc__.partition("\n\n")[2].strip()
    assert f"```text\n{tree}\n```" in ERRORS
    shown = re.findall(r"^( *)(\w+) +(\w+Error)?", tree.partition("\n")[2], re.MULTILINE)
    assert [(len(indent) // 2, *names) for indent, *names in shown] == list(_tree(gearman_cffi.GearmanException))


def _tree(kind: type[BaseException], depth: int = 0) -> Iterator[tuple[int, str, str]]:
    """The exceptions of the package itself: how deep they are, their names, and their second base classes."""
    yield depth, kind.__name__, "".join(base.__name__ for base in kind.__bases__[1:])
    for child in kind.__subclasses__():
        if child.__bases__[0] is kind and child.__name__ in gearman_cffi.__all__:
            yield from _tree(child, depth + 1)


def test_every_return_code_has_its_line(tables: ModuleType) -> None:
    """Each has a meaning; the codes of failed requests name the exception."""
    rows = [line.split(" | ") for line in tables.return_codes()][2:]
    assert [row[0].strip("| ") for row in rows] == [str(code.value) for code in ReturnCode]
    assert all(len(row) == 4 and row[2].endswith(".") for row in rows)
    assert "gearman_cffi.JobTimeout" in rows[ReturnCode.TIMEOUT][3]


def test_every_function_has_its_line(tables: ModuleType) -> None:
    """Each is in the table of functions or in that of dropped names."""
    text = "\n".join([*tables.functions(), *tables.dropped()])
    assert [name for name in exported if name.startswith("gearman_") and f"| `{name}(" not in text] == []


def test_every_table_has_its_place(tables: ModuleType) -> None:
    """Every marked place in the pages has a table, and every table a place."""
    places = [
        name
        for path in sorted(Path(ROOT / "docs").rglob("*.md"))
        for name in re.findall(r"<!-- table: (.*) -->", path.read_text("utf-8"))
    ]
    assert sorted(places) == sorted(tables.TABLES)
