"""Work, Row and Peer: what a table consists of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from benchmarks.bench import Bench, Sample
from benchmarks.figures import Goal
from benchmarks.programs import Program, c, php, python

C, AGAIN, PHP, MIRROR = "C", "C again", "PHP", "gearman_cffi.ext"


@dataclass(frozen=True)
class Row:
    """A row of a table. needs: the tools that it requires. slow: it is run only with --slow, and once."""

    name: str
    measure: Callable[[], Sample]
    needs: tuple[str, ...] = ()
    slow: bool = False


@dataclass(frozen=True)
class Work:
    """A table: rows that do the same work, and the figures that are shown.

    The ratios to C and PHP are those of the first metric. rounds is the maximum.
    """

    name: str
    title: str
    metrics: tuple[str, ...]
    rows: tuple[Row, ...]
    goals: tuple[Goal, ...] = ()
    rounds: int = 1000


@dataclass(frozen=True)
class Peer:
    """The client and the worker of a language."""

    name: str
    client: Program
    worker: Program

    @property
    def needs(self) -> tuple[str, ...]:
        """The tools that its programs require."""
        return (self.client.needs,) if self.client.needs else ()


def peers(bench: Bench) -> list[Peer]:
    """Returns C, PHP, the mirror, and C again: a difference between the two rows of C is noise."""
    first = Peer(C, c(bench.folder, "client"), c(bench.folder, "worker"))
    return [
        first,
        Peer(PHP, php("client"), php("worker")),
        Peer(MIRROR, python("mirror_client"), python("mirror_worker")),
        Peer(AGAIN, first.client, first.worker),
    ]


def rows_of(given: Iterable[Peer], measure: Callable[[Peer], Sample], *needs: str) -> tuple[Row, ...]:
    """Returns a row for each peer."""

    def row(peer: Peer) -> Row:
        return Row(peer.name, lambda: measure(peer), (*peer.needs, *needs))

    return tuple(map(row, given))
