"""Figures from the samples of the rounds: medians, spreads, ratios, and whether goals are met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.bench import Sample


@dataclass(frozen=True)
class Metric:
    """The name of a figure, and the number of its decimals."""

    heading: str
    digits: int = 1


METRICS = {
    "client_us": Metric("client CPU µs/job"),
    "worker_us": Metric("worker CPU µs/job"),
    "gearmand_us": Metric("gearmand CPU µs/job"),
    "total_us": Metric("total CPU µs/job"),
    "rate": Metric("jobs/s", 0),
    "us": Metric("µs/job"),
    "ms": Metric("ms/job", 2),
    "p50_us": Metric("p50 µs"),
    "p99_us": Metric("p99 µs"),
    "client_mb": Metric("client peak MB"),
    "client_extra_mb": Metric("peak MB over idle"),
    "worker_mb": Metric("worker peak MB"),
    "worker_extra_mb": Metric("worker peak MB over idle"),
    "process_us": Metric("CPU µs/job of the process"),
    "process_mb": Metric("peak MB of the process"),
    "each_kb": Metric("KB for each"),
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
    """A limit for a row's figure, or for its ratio to another row: a maximum, or with at_least a minimum."""

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
    """A goal, the measured value, and whether it is met."""

    goal: Goal
    value: float

    @property
    def is_met(self) -> bool:
        """Whether the value, rounded as in the tables, is within the limit."""
        shown = round(self.value, self.digits)
        return shown >= self.goal.limit if self.goal.at_least else shown <= self.goal.limit

    @property
    def digits(self) -> int:
        """The number of decimals that are shown and compared."""
        return 2 if self.goal.against else METRICS[self.goal.metric].digits


@dataclass(frozen=True)
class Spread:
    """The median, the lowest and the highest of some values."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Returns the spread of one or more values."""
        return cls(median(values), min(values), max(values))


class Figures:
    """The samples of one work, by row and in the order of the rounds."""

    def __init__(self, samples: Mapping[str, Sequence[Sample]]) -> None:
        self.samples = samples

    def spread(self, row: str, metric: str) -> Spread | None:
        """Median, lowest and highest of a row's figure; None if it was not measured."""
        values = self._values(row, metric)
        return Spread.of(values) if values else None

    def ratio(self, row: str, metric: str, against: str) -> float | None:
        """The median of the rounds' ratios to another row. Noise that affects a whole round cancels out."""
        pairs = zip(self._values(row, metric), self._values(against, metric), strict=False)
        ratios = [one / other for one, other in pairs if other]
        return median(ratios) if ratios else None

    def verdict(self, goal: Goal) -> Verdict | None:
        """Whether a goal is met; None if its rows were not measured."""
        if goal.against:
            ratio = self.ratio(goal.row, goal.metric, goal.against)
            return None if ratio is None else Verdict(goal, ratio)
        spread = self.spread(goal.row, goal.metric)
        return None if spread is None else Verdict(goal, spread.median)

    def _values(self, row: str, metric: str) -> list[float]:
        return [sample[metric] for sample in self.samples.get(row, ()) if metric in sample]
