"""The queue lengths that top has seen, from which it computes rates and spark lines."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from gearman_cffi.admin import FunctionStatus
from gearman_cffi.exceptions import GearmanError
from gearman_cffi.servers import Server

WINDOW = 300.0  # seconds
BARS = "▁▂▃▄▅▆▇█"
Answers = Mapping[Server, "list[FunctionStatus] | GearmanError"]


@dataclass(frozen=True)
class Line:
    """A line of top: a function at a server.

    rate is the change of the number of jobs per second since the previous refresh, None at first; totals are the
    numbers of jobs of the last minutes, oldest first.
    """

    status: FunctionStatus
    rate: float | None
    totals: tuple[int, ...]

    @property
    def available(self) -> int:
        """Workers of the function that do not run a job of it."""
        return max(0, self.status.workers - self.status.running)

    def spark(self, width: int) -> str:
        """The totals as bars, scaled to their maximum; at most width characters."""
        totals = self.totals[-width:]
        highest = max(totals, default=0)
        return "".join(BARS[total * len(BARS) // (highest + 1)] for total in totals)


class History:
    """Remembers the number of jobs of each function at each server for WINDOW seconds.

    A server that does not answer for a while keeps its history.
    """

    def __init__(self) -> None:
        self._samples: dict[tuple[Server, str], deque[tuple[float, int]]] = {}

    def update(self, answers: Answers, now: float) -> list[Line]:
        """Records the answers of all servers at a time in seconds; returns the lines."""
        lines, present = [], set()
        for rows in answers.values():
            for row in rows if isinstance(rows, list) else ():
                key = row.server, row.function
                present.add(key)
                lines.append(self._line(row, self._samples.setdefault(key, deque()), now))
        answered = {server for server, rows in answers.items() if isinstance(rows, list)}
        for key in self._samples.keys() - present:
            if key[0] in answered or self._samples[key][-1][0] < now - WINDOW:
                del self._samples[key]
        return lines

    def _line(self, row: FunctionStatus, samples: deque[tuple[float, int]], now: float) -> Line:
        rate = None
        if samples and now > samples[-1][0]:
            rate = (row.total - samples[-1][1]) / (now - samples[-1][0])
        samples.append((now, row.total))
        while samples[0][0] < now - WINDOW:
            samples.popleft()
        return Line(row, rate, tuple(total for _, total in samples))
