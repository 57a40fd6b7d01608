"""From the samples of the rounds to figures: medians, spreads, ratios, and whether goals hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.bench import Sample


@dataclass(frozen=True)
class Metric:
    """What a figure is called, and with how many digits after the point it is shown."""

    heading: str
    digits: int = 1


METRICS = {
    "client_us": Metric("client CPU µs/job"),
    "worker_us": Metric("worker CPU µs/job"),
    "gearmand_us": Metric("gearmand CPU µs/job"),
    "rate": Metric("jobs/s", 0),
    "us": Metric("µs/job"),
    "ms": Metric("ms/job", 2),
    "p50_us": Metric("p50 µs"),
    "p99_us": Metric("p99 µs"),
    "client_mb": Metric("client peak MB"),
    "client_extra_mb": Metric("peak MB over idle"),
    "worker_mb": Metric("worker peak MB"),
    "client_payloads": Metric("client peak over idle, payloads"),
    "worker_payloads": Metric("worker peak over idle, payloads"),
    "instructions": Metric("instructions/job", 0),
    "start_ms": Metric("start ms"),
    "import_ms": Metric("over the bare interpreter ms"),
    "import_cpu_ms": Metric("CPU over the bare interpreter ms"),
    "idle_mb": Metric("idle RSS MB"),
    "idle_cpu": Metric("idle CPU ms/s", 3),
}


@dataclass(frozen=True)
class Goal:
    """A limit for a row's figure, or for its ratio to another row's: the most it may be, or with at_least the least."""

    row: str
    metric: str
    limit: float
    against: str = ""
    at_least: bool = False

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        times = f" x {self.against}" if self.against else ""
        return f"{METRICS[self.metric].heading} {sign} {self.limit:g}{times}"


@dataclass(frozen=True)
class Verdict:
    """A goal, what was measured for it, and whether it holds."""

    goal: Goal
    value: float

    @property
    def holds(self) -> bool:
        """Whether the value, as it is shown, is within the limit."""
        shown = round(self.value, self.digits)
        return shown >= self.goal.limit if self.goal.at_least else shown <= self.goal.limit

    @property
    def digits(self) -> int:
        """With how many digits it is shown and compared."""
        return 2 if self.goal.against else METRICS[self.goal.metric].digits


@dataclass(frozen=True)
class Spread:
    """The median of some values, the lowest and the highest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Of one value or more."""
        return cls(median(values), min(values), max(values))


class Figures:
    """The samples of one work, by row and in the order of the rounds."""

    def __init__(self, samples: Mapping[str, Sequence[Sample]]) -> None:
        self.samples = samples

    def spread(self, row: str, metric: str) -> Spread | None:
        """Median, lowest and highest of a row's figure; None where it was not measured."""
        values = self._values(row, metric)
        return Spread.of(values) if values else None

    def ratio(self, row: str, metric: str, against: str) -> float | None:
        """The median of the rounds' ratios to another row: noise that a round's programs share cancels out."""
        pairs = zip(self._values(row, metric), self._values(against, metric), strict=False)
        ratios = [one / other for one, other in pairs if other]
        return median(ratios) if ratios else None

    def verdict(self, goal: Goal) -> Verdict | None:
        """What became of a goal; None where its rows were not measured."""
        if goal.against:
            ratio = self.ratio(goal.row, goal.metric, goal.against)
            return None if ratio is None else Verdict(goal, ratio)
        spread = self.spread(goal.row, goal.metric)
        return None if spread is None else Verdict(goal, spread.median)

    def _values(self, row: str, metric: str) -> list[float]:
        return [sample[metric] for sample in self.samples.get(row, ()) if metric in sample]
