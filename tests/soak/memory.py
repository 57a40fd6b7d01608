"""The memory and the file descriptors of the processes of a soak over time."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.machine import resident
from tests.soak.percentiles import percentile

GROWTH = 4 * 2**20  # bytes by which a process may grow from the second round of the load to the last one
DESCRIPTORS = 20  # and how many more it may have open


@dataclass(frozen=True)
class Sample:
    """What a process, or several together, have at a time."""

    seconds: float
    size: int  # resident, in bytes
    descriptors: int


@dataclass
class Series:
    """The samples of a process, which must not grow, or of several that come and go."""

    name: str
    side: str  # "client" or "worker"
    of: int | Callable[[], list[int]]  # the process, or what returns those that are there
    samples: list[Sample] = field(default_factory=list)

    @property
    def is_steady(self) -> bool:
        """Whether it is the same process all the time."""
        return isinstance(self.of, int)

    def take(self, seconds: float) -> None:
        """Adds a sample."""
        sizes, descriptors = 0, 0
        for process in [self.of] if isinstance(self.of, int) else self.of():
            try:
                sizes += resident(process)
                descriptors += len(os.listdir(f"/proc/{process}/fd"))
            except OSError:  # it has ended
                continue
        self.samples.append(Sample(seconds, sizes, descriptors))

    def growth(self, rounds: list[tuple[float, float]]) -> tuple[int, int] | None:
        """By how many bytes and descriptors the peak of the last round is higher than that of the second one.

        The first one is the warm-up. None if they cannot be compared.
        """
        if not self._is_comparable(rounds):
            return None
        before, after = (self._peak(*one) for one in (rounds[1], rounds[-1]))
        return (after[0] - before[0], after[1] - before[1]) if before and after else None

    def problems(self, rounds: list[tuple[float, float]]) -> list[str]:
        """What is wrong with the growth."""
        grown = self.growth(rounds)
        if grown is None:
            missing = f"{self.name} has no samples of its second round or of its last one"
            return [missing] if self._is_comparable(rounds) else []
        found = [f"{self.name} has grown by {grown[0] / 2**20:.1f} MiB"] if grown[0] > GROWTH else []
        return found + ([f"{self.name} has {grown[1]} more descriptors"] if grown[1] > DESCRIPTORS else [])

    def _is_comparable(self, rounds: list[tuple[float, float]]) -> bool:
        """Whether there are enough rounds, of the same process."""
        return len(rounds) >= 3 and self.is_steady

    def _peak(self, begin: float, end: float) -> tuple[int, int] | None:
        """The 95th percentiles of a round: a single large message does not count. None without samples."""
        samples = [one for one in self.samples if begin <= one.seconds < end and one.size]
        if not samples:
            return None
        sizes, descriptors = sorted(one.size for one in samples), sorted(one.descriptors for one in samples)
        return int(percentile(sizes, 0.95)), int(percentile(descriptors, 0.95))
