"""Finds words that must not come back: private terms, and phrases that no English reader expects.

usage: python script/check_terms.py [FILE ...]      (default: the pages, the package, the scripts and the examples)
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLACES = (
    "*.md",
    "docs/**/*.md",
    "gearman_cffi/**/*.[chp]*",
    "script/*",
    "examples/*",
    "docker/*",
    "benchmarks/**/*.py",
)
# Each with what to write instead.
TERMS = {
    r"bells?": "wake-up",
    r"mend(s|ed|ing)?": "fix",
    r"adrift": "abandoned, without a connection",
    r"rehears\w+": "test run",
    r"held|lent": "the thing that has it",
    r"kept": "stored, preserved, limited",
    r"told|tells its life": "reported, said",
    r"is no news": "does not matter",
    r"who comes from": "if you come from",
    r"parted by": "separated by",
    r"to that end": "for that",
    r"costs its process": "is killed with its process",
    r"goes on so often": "is tried as often",
    r"is broken off": "is aborted",
}
_FIND = re.compile("|".join(rf"(?P<t{number}>\b(?:{term})\b)" for number, term in enumerate(TERMS)), re.IGNORECASE)


def find(text: str) -> Iterator[tuple[int, str, str]]:
    """The line, the term and what to write instead, for each term in a text."""
    for number, line in enumerate(text.splitlines(), 1):
        for found in _FIND.finditer(line):
            instead = next(value for key, value in zip(found.re.groupindex, TERMS.values(), strict=True) if found[key])
            yield number, found[0], instead


def files() -> list[Path]:
    """The files with text for readers and users."""
    own = Path(__file__).resolve()
    found = {path for place in PLACES for path in ROOT.glob(place) if path.is_file() and path.suffix != ".so"}
    return sorted(path for path in found if path != own and "__pycache__" not in path.parts)


def main(arguments: Sequence[str]) -> int:
    """Prints what was found; returns the exit code."""
    count = 0
    for path in [Path(name) for name in arguments] or files():
        for line, term, instead in find(path.read_text("utf-8")):
            print(f"{path}:{line}: write {instead!r} instead of {term!r}", file=sys.stderr)
            count += 1
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
