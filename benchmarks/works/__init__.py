"""The works: what is measured, with which programs, and the goals."""

from __future__ import annotations

from benchmarks.bench import Bench
from benchmarks.works import awaiting, counts, growing, large, layer, many, single, start, threads, waiting
from benchmarks.works.work import Row, Work

__all__ = ["Row", "Work", "all_works"]


def all_works(bench: Bench) -> list[Work]:
    """Returns all works in their order."""
    rooms = (single, many, awaiting, layer, waiting, large, threads, growing, start, counts)
    return [work for room in rooms for work in room.works(bench)]
