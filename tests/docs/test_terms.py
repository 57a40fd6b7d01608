"""script/check_terms.py finds private terms in the pages and in the package."""

from __future__ import annotations

import importlib.util
from types import ModuleType

import pytest

from tests.support import ROOT


@pytest.fixture(scope="module")
def terms() -> ModuleType:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("check_terms", ROOT / "script/check_terms.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a job is held until the bell", ["held", "bell"]),
        ("Who comes from PHP mends it, parted by commas", ["Who comes from", "mends", "parted by"]),
        ("one\nis told as worker.on_failure", ["told"]),
        ("the threshold of labels, and a recommended amendment", []),
        ("C holds the GIL; the buffer is on hold", []),
    ],
)
def test_terms(terms: ModuleType, text: str, found: list[str]) -> None:
    """Whole words only, in any case."""
    assert [term for _, term, _ in terms.find(text)] == found


@pytest.mark.sources
def test_files(terms: ModuleType) -> None:
    """The check reads the pages and the package, and finds nothing."""
    names = {str(path.relative_to(ROOT)) for path in terms.files()}
    assert {
        "README.md",
        "docs/how-to/tls.md",
        "gearman_cffi/client.py",
        "gearman_cffi/_libgearman/csrc/net/conn.c",
    } <= names
    assert terms.main([]) == 0
