"""A soak finds processes that grow."""

from __future__ import annotations

import os

from tests.soak.memory import GROWTH, Sample, Series

ROUNDS = [(0.0, 10.0), (10.0, 20.0), (20.0, 30.0)]


def series(*sizes: int) -> Series:
    """A process with a sample every five seconds."""
    samples = [Sample(5.0 * number, size, 3) for number, size in enumerate(sizes)]
    return Series("load mirror", "client", os.getpid(), samples)


def test_growth_is_measured_from_the_second_round_to_the_last_one() -> None:
    """What the first round adds is the warm-up."""
    before, after = 50 * GROWTH, 52 * GROWTH
    assert series(GROWTH, GROWTH, before, before, before, before).problems(ROUNDS) == []
    assert series(before, before, before, before, after, after).problems(ROUNDS) == ["load mirror has grown by 8.0 MiB"]


def test_a_round_without_samples_is_a_problem() -> None:
    """It would look as if the process had not grown; samples of a process that has ended do not count."""
    missing = ["load mirror has no samples of its second round or of its last one"]
    assert series(GROWTH, GROWTH, GROWTH, GROWTH).problems(ROUNDS) == missing
    assert series(GROWTH, GROWTH, GROWTH, GROWTH, 0, 0).problems(ROUNDS) == missing
    assert series(GROWTH, GROWTH, GROWTH).problems(ROUNDS[:2]) == []
