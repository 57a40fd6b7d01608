"""Runs the works: all rows of a work in turn, round after round."""

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
    """The figures of a work. left_out and failed have the reason for each row without figures."""

    work: Work
    figures: Figures
    rounds: int
    left_out: dict[str, str]
    failed: dict[str, str]

    def verdicts(self, row: str) -> list[Verdict]:
        """The goals of a row, with the measured values."""
        found = [self.figures.verdict(goal) for goal in self.work.goals if goal.row == row]
        return [verdict for verdict in found if verdict is not None]


def run(work: Work, rounds: int, slow: bool, show_progress: Callable[[str], object]) -> Outcome:
    """Measures the rows of a work in the order A B C, A B C ...; slow rows only once.

    A row whose program fails is not run again.
    """
    rounds = min(rounds, work.rounds)
    left_out = {row.name: why for row in work.rows if (why := _why_not(row, slow))}
    samples: dict[str, list[Sample]] = {row.name: [] for row in work.rows if row.name not in left_out}
    failed: dict[str, str] = {}
    for number in range(1, rounds + 1):
        for row in work.rows:
            if row.name in left_out or row.name in failed or (row.slow and number > 1):
                continue
            show_progress(f"{work.name}: round {number} of {rounds}: {row.name}")
            try:
                samples[row.name].append(row.measure())
            except (ProgramError, GearmandError) as error:
                failed[row.name] = str(error)
    return Outcome(work, Figures(samples), rounds, left_out, failed)


def _why_not(row: Row, slow: bool) -> str:
    if row.slow and not slow:
        return "it is slow; --slow runs it"
    return "; ".join(why for tool in row.needs if (why := missing(tool)))
