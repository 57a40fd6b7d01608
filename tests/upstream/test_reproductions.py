"""The programs for upstream show what the register says."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from gearman_cffi.ext import capabilities
from tests.support import ROOT

pytestmark = pytest.mark.sources

HERE = Path(__file__).parent
PAGE = ROOT / "docs/libgearman-defects.md"
ROWS = re.findall(r"^\| (Q\d\d) \| `(client|worker)` \| (.*?) \|(.*)\|$", PAGE.read_text("utf-8"), re.MULTILINE)
MARKS = {"Q33": pytest.mark.needs("libgearman without TLS")}


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The compiled programs."""
    folder = tmp_path_factory.mktemp("upstream")
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "gearmand"], capture_output=True, text=True, check=True)
    compiled = {}
    for name in ("client", "worker", "tls"):
        compiled[name] = str(folder / name)
        command = [
            shutil.which("cc") or "gcc",
            "-Wall",
            "-Wextra",
            "-Werror",
            str(HERE / f"{name}.c"),
            "-o",
            compiled[name],
        ]
        subprocess.run([*command, *flags.stdout.split()], check=True, timeout=30)
    return compiled


def shows(said: str, lines: list[str]) -> bool:
    """Whether the lines are as a cell of the table says."""
    text = re.findall(r"`([^`]*)`", said)[0]
    where = said.partition(f"`{text}`")[2].strip().partition(",")[0]
    if said.startswith("no "):
        return not any(text in line for line in lines if "connection 2" in line)
    places = {"last": lines[-1:], "first": lines[:1], "for the second job": lines[1:2], "twice": lines[:2]}
    places |= {"three times": [line for line in lines if "connection" not in line], "once": lines[-1:]}
    places |= {"for the second `work()`": lines[-1:]}
    of_interest = places.get(where, lines)
    many = where in ("twice", "three times")
    return bool(of_interest) and (all if many else any)(text in line for line in of_interest)


@pytest.mark.parametrize("row", [pytest.param(row, id=row[0], marks=MARKS.get(row[0], ())) for row in ROWS])
def test_a_defect(programs: Mapping[str, str], row: tuple[str, str, str, str]) -> None:
    """It prints what the table says for this version of libgearman."""
    name, program, before, later = row
    done = subprocess.run([programs[program], name], capture_output=True, text=True, timeout=30, check=True)
    said = before if capabilities.submits_newest_first or not later.strip() else later
    assert shows(said, done.stdout.splitlines()), done.stdout


def test_every_defect_is_named() -> None:
    """In the table, or in the text below it."""
    text = PAGE.read_text("utf-8")
    section = text[text.index("## For upstream") :]
    known = set(re.findall(r"^### (Q\d\d)", text, re.MULTILINE))
    assert known <= set(re.findall(r"Q\d\d", section))
