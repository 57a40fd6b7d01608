"""Compares the outputs of two scripts, and the differences found with the table of intended differences."""

from __future__ import annotations

from collections import Counter
from difflib import SequenceMatcher
from typing import NamedTuple

from gearman_cffi.ext import capabilities
from tests.parity.differences import DIFFERENCES, Difference
from tests.parity.normalize import sections


class Hunk(NamedTuple):
    """One place where the outputs differ: the lines that only PHP printed, and the lines that only Python printed."""

    section: str
    php: tuple[str, ...]
    ours: tuple[str, ...]

    def __str__(self) -> str:
        lines = [self.section, *(f"- {line}" for line in self.php), *(f"+ {line}" for line in self.ours)]
        return "\n".join(lines)


def hunks(group: str, php: str, ours: str) -> list[Hunk]:
    """Returns all places where the outputs of a group differ."""
    theirs, mine = sections(php), sections(ours)
    found = []
    for name in [*theirs, *(name for name in mine if name not in theirs)]:
        a, b = theirs.get(name), mine.get(name)
        if a is None or b is None:
            found.append(Hunk(f"{group}: {name}", ("(no such section)",) if a is None else tuple(a), tuple(b or ())))
            continue
        matcher = SequenceMatcher(None, a, b, autojunk=False)
        for what, a1, a2, b1, b2 in matcher.get_opcodes():
            if what != "equal":
                old, new = (tuple(line.strip() for line in part) for part in (a[a1:a2], b[b1:b2]))
                found.append(Hunk(f"{group}: {name}", old, new))
    return found


def places(difference: Difference, later: bool = not capabilities.submits_newest_first) -> list[Hunk]:
    """Returns the places that a difference of the table names. later: with libgearman 2.0 and later."""
    of_later = _read(difference.later) if later else []
    sections = {place.section for place in of_later}
    return [place for place in _read(difference.places) if place.section not in sections] + of_later


def _read(places: str) -> list[Hunk]:
    found: list[Hunk] = []
    for line in places.strip().split("\n"):
        text = line.strip()
        if text.startswith("- "):
            found[-1] = found[-1]._replace(php=(*found[-1].php, text[2:]))
        elif text.startswith("+ "):
            found[-1] = found[-1]._replace(ours=(*found[-1].ours, text[2:]))
        elif text:
            found.append(Hunk(text, (), ()))
    return found


def unexpected(group: str, php: str, ours: str) -> tuple[list[Hunk], list[Hunk]]:
    """Returns the differences that the table lacks, and the places of the table that do not differ as it says."""
    found = Counter(hunks(group, php, ours))
    wanted = Counter(place for d in DIFFERENCES for place in places(d) if place.section.startswith(f"{group}:"))
    return list((found - wanted).elements()), list((wanted - found).elements())
