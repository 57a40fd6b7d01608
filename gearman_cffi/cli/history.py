"""What top has seen of the queues: how they grow and shrink."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from gearman_cffi.admin import FunctionStatus
from gearman_cffi.exceptions import GearmanError
from gearman_cffi.servers import Server

KEPT = 300.0  # seconds
BARS = "▁▂▃▄▅▆▇█"
Answers = Mapping[Server, "list[FunctionStatus] | GearmanError"]


@dataclass(frozen=True)
class Line:
    """A function at a server. rate: how many jobs more there were for each second since the last look, if any."""

    status: FunctionStatus
    rate: float | None
    totals: tuple[int, ...]

    @property
    def available(self) -> int:
        """Workers that have nothing to do of this function."""
        return max(0, self.status.workers - self.status.running)

    def spark(self, width: int) -> str:
        """The jobs of the last minutes as a line of bars; the highest is the most that there was."""
        totals = self.totals[-width:]
        most = max(totals, default=0)
        return "".join(BARS[total * len(BARS) // (most + 1)] for total in totals)


class History:
    """Takes the answers of the servers, one look after the other."""

    def __init__(self) -> None:
        self._seen: dict[tuple[Server, str], deque[tuple[float, int]]] = {}

    def look(self, answers: Answers, now: float) -> list[Line]:
        """The lines for these answers, the longest queues first. now: seconds."""
        lines, present = [], set()
        for rows in answers.values():
            for row in rows if isinstance(rows, list) else ():
                key = row.server, row.function
                present.add(key)
                lines.append(self._line(row, self._seen.setdefault(key, deque()), now))
        for gone in self._seen.keys() - present:
            del self._seen[gone]
        return sorted(lines, key=lambda line: (-line.status.total, line.status.function, str(line.status.server)))

    def _line(self, row: FunctionStatus, seen: deque[tuple[float, int]], now: float) -> Line:
        rate = None
        if seen and now > seen[-1][0]:
            rate = (row.total - seen[-1][1]) / (now - seen[-1][0])
        seen.append((now, row.total))
        while seen[0][0] < now - KEPT:
            seen.popleft()
        return Line(row, rate, tuple(total for _, total in seen))
