"""Periods of time, of time.monotonic(), in which something was the case."""

from __future__ import annotations

import bisect
from collections.abc import Iterable


class Periods:
    """The union of periods, which may overlap."""

    def __init__(self, periods: Iterable[tuple[float, float]]) -> None:
        self._begins: list[float] = []
        self._ends: list[float] = []
        for begin, end in sorted(periods):
            if self._ends and begin <= self._ends[-1]:
                self._ends[-1] = max(end, self._ends[-1])
            else:
                self._begins.append(begin)
                self._ends.append(end)

    def overlap(self, begin: float, end: float) -> bool:
        """Whether a part of the time from begin to end is in one of the periods."""
        last = bisect.bisect_right(self._begins, end) - 1
        return last >= 0 and begin <= self._ends[last]

    def seconds(self, begin: float, end: float) -> float:
        """How much of the time from begin to end is in the periods."""
        pairs = zip(self._begins, self._ends, strict=True)
        return sum(max(0.0, min(end, until) - max(begin, since)) for since, until in pairs)
