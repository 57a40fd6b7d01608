"""Runs works: their rows in turn, round after round."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.bench import Sample
from benchmarks.figures import Figures, Verdict
from benchmarks.machine import missing
from benchmarks.programs import ProgramError
from benchmarks.works import Row, Work
from gearman_cffi.testing import GearmandError


@dataclass(frozen=True)
class Outcome:
    """What was measured of a work. left_out and failed say of rows without figures why."""

    work: Work
    figures: Figures
    rounds: int
    left_out: dict[str, str]
    failed: dict[str, str]

    def verdicts(self, row: str) -> list[Verdict]:
        """What became of the goals of a row."""
        found = [self.figures.verdict(goal) for goal in self.work.goals if goal.row == row]
        return [verdict for verdict in found if verdict is not None]


def run(work: Work, rounds: int, slow: bool, tell: Callable[[str], object]) -> Outcome:
    """Measures the rows of a work A B C, A B C ..., slow ones once.

    A row whose program fails is left out from then on.
    """
    rounds = min(rounds, work.rounds)
    left_out = {row.name: why for row in work.rows if (why := _why_not(row, slow))}
    samples: dict[str, list[Sample]] = {row.name: [] for row in work.rows if row.name not in left_out}
    failed: dict[str, str] = {}
    for number in range(1, rounds + 1):
        for row in work.rows:
            if row.name in left_out or row.name in failed or (row.slow and number > 1):
                continue
            tell(f"{work.name}: round {number} of {rounds}: {row.name}")
            try:
                samples[row.name].append(row.measure())
            except (ProgramError, GearmandError) as error:
                failed[row.name] = str(error)
    return Outcome(work, Figures(samples), rounds, left_out, failed)


def _why_not(row: Row, slow: bool) -> str:
    if row.slow and not slow:
        return "takes long, run with --slow only"
    return "; ".join(why for tool in row.needs if (why := missing(tool)))
