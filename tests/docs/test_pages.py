"""Runs every code block of README.md and docs/ that can run."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import Page
from tests.support import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
# What only the site shows: included files, boxes, generated parts, attributes, links to names.
_SITE_ONLY = re.compile(r"^(?:--8<--|!!! |::: |<!-- table).*|\{ ?[.#]\w.*?\}|\]\[gearman_cffi", re.MULTILINE)


@pytest.fixture
def _own_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Change to the page's directory; at the end, forget the modules imported from it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        module = sys.modules[name]
        places = [
            getattr(module, "__file__", None),
            *getattr(module, "__path__", ()),
        ]  # a namespace package has no file
        if any(str(tmp_path) in str(place) for place in places):
            del sys.modules[name]


def page(path: Path) -> object:
    """The parameter of a page, marked if it has PHP code or makes certificates."""
    text = path.read_text("utf-8")
    marks = [pytest.mark.php] if "```php" in text else []
    marks += [pytest.mark.needs("OpenSSL 3")] if "openssl req" in text else []
    return pytest.param(path, id=str(path.relative_to(ROOT)), marks=marks)


@pytest.mark.parametrize("path", [page(path) for path in PAGES])
@pytest.mark.usefixtures("_own_modules")
def test_page(path: Path, tmp_path: Path) -> None:
    """The blocks work in order, and print what the page shows."""
    Page(path, tmp_path).run()


@pytest.mark.parametrize(
    "path", [path for path in PAGES if path.parent.name != "reference"], ids=lambda path: path.name
)
def test_page_in_the_repository(path: Path) -> None:
    """A page reads well there too. The reference is for the site."""
    assert _SITE_ONLY.findall(path.read_text("utf-8")) == []
