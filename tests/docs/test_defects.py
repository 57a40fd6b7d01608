"""The register of libgearman's defects against the code and the tests."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import ROOT

pytestmark = pytest.mark.sources

PACKAGE = ROOT / "gearman_cffi"
TEXT = (ROOT / "docs/libgearman-defects.md").read_text("utf-8")
ID = re.compile(r"\bQ[0-9]{2}\b")


@dataclass(frozen=True)
class Defect:
    """An entry of the register."""

    id: str
    versions: str
    later: str
    files: list[str]
    tests: list[str]


def entries() -> list[Defect]:
    """The entries, in the order of the page."""
    return [
        Defect(
            section[:3],
            field("Versions", section),
            field("With 2.0.0 and main", section),
            quoted("Worked around in", section),
            quoted("Tests", section),
        )
        for section in re.split(r"^### ", TEXT, flags=re.MULTILINE)[1:]
    ]


def field(name: str, section: str) -> str:
    found = re.search(rf"^- {name}: (.*(?:\n  .*)*)", section, re.MULTILINE)
    return found[1] if found else ""


def quoted(name: str, section: str) -> list[str]:
    """The names in backticks that look like paths."""
    return [text for text in re.findall(r"`([^`]*)`", field(name, section)) if "/" in text or text.endswith(".py")]


def sources() -> list[Path]:
    return [path for path in PACKAGE.rglob("*") if path.suffix in {".c", ".h", ".py"}]


def test_every_id_in_the_code_has_an_entry() -> None:
    """Once, and the ids are counted without a gap."""
    known = [entry.id for entry in entries()]
    assert sorted(known) == [f"Q{number:02}" for number in range(1, len(known) + 1)]
    unknown = {
        f"{path.relative_to(PACKAGE)}: {found}"
        for path in sources()
        for found in ID.findall(path.read_text("utf-8"))
        if found not in known
    }
    assert unknown == set()


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.id)
class TestEntries:
    def test_it_is_complete(self, entry: Defect) -> None:
        """It names versions, what becomes of the workaround with later ones, files and tests."""
        assert entry.versions
        assert re.match(r"(needed|harmless|skipped)\b", entry.later)
        assert entry.files
        assert entry.tests

    def test_its_files_carry_its_id(self, entry: Defect) -> None:
        """Each file that works around the defect has the id in a comment."""
        missing = [name for name in entry.files if entry.id not in ID.findall((PACKAGE / name).read_text("utf-8"))]
        assert missing == []

    def test_its_tests_exist(self, entry: Defect) -> None:
        """The file, and the class or function in it."""
        for name in entry.tests:
            path, *parts = name.split("::")
            text = (ROOT / path).read_text("utf-8")
            for part in parts:
                assert re.search(rf"^ *(?:class|def) {part}\b", text, re.MULTILINE), name
