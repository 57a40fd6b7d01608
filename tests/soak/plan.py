"""How long a soak runs, and how much load there is at each time. Its processes get it as JSON."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass

STEPS = 4  # of the load in a round
CALLERS = {"mirror": 3, "client": 3, "aio": 3, "bulk": 1}  # in the first step, by the kind of load
PACE = 0.12  # seconds between two calls of a caller, on average
BULK_PACE = 0.5  # seconds between two bulk calls
TIMEOUT = 5.0  # seconds for a call
BULK_TIMEOUT = 10.0  # seconds for a bulk call
READY = "ready"  # what a load says before it gets its plan
BRIEF_SECONDS = 60.0  # a shorter soak has brief faults only, and is part of the suite
TCP_TIMEOUT = 3  # seconds until a connection is lost whose host is gone


@dataclass(frozen=True)
class Plan:
    """The load grows in steps, again and again. begin is a time.monotonic(), which all processes share."""

    seed: int
    begin: float
    seconds: float
    load: float  # a factor of the number of callers
    routes: tuple[str, ...]  # lists of servers, one for each client
    folder: str

    @property
    def end(self) -> float:
        """When the load ends."""
        return self.begin + self.seconds

    @property
    def is_brief(self) -> bool:
        """Whether the faults are brief, and the checks allow for a busy machine."""
        return self.seconds < BRIEF_SECONDS

    @property
    def round_seconds(self) -> float:
        """How long the load grows, before it begins again with the first step."""
        return min(max(self.seconds / 5, 60.0), 300.0, self.seconds)

    def step(self, now: float) -> int:
        """The step of the load, 1 to STEPS."""
        elapsed = (now - self.begin) % self.round_seconds
        return 1 + int(elapsed / self.round_seconds * STEPS)

    def callers(self, kind: str, now: float) -> int:
        """How many callers of a kind are active."""
        return max(1, round(CALLERS[kind] * self.load * self.step(now)))

    def most_callers(self, kind: str) -> int:
        """How many callers of a kind there are in the last step."""
        return max(1, round(CALLERS[kind] * self.load * STEPS))

    def rounds(self) -> Iterator[tuple[float, float]]:
        """The begin and the end of each complete round, in seconds since the begin."""
        length = self.round_seconds
        for number in range(int(self.seconds / length + 0.001)):
            yield number * length, (number + 1) * length

    def to_json(self) -> str:
        """For one line of a process's input."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def receive(cls) -> Plan:
        """Says on stdout that this process is ready, and reads the plan from stdin."""
        print(READY, flush=True)
        fields = json.loads(sys.stdin.readline())
        return cls(**{**fields, "routes": tuple(fields["routes"])})
