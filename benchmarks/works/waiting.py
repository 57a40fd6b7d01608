"""Workers whose handlers wait: many jobs at once in one process."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.bench import Bench, Load
from benchmarks.figures import Goal
from benchmarks.programs import python
from benchmarks.python.io_worker import SECONDS
from benchmarks.works.work import Row, Work

# How many jobs run at once. Those of the goals, which are for coroutines, and those that are reported.
GOALS, REPORTED = (10, 50), (100, 200)
SHARE = 0.8  # of the rate at which nothing but the waiting took time
RUN_SECONDS = 3


def works(bench: Bench) -> Iterator[Work]:
    """Yields the works of this module."""
    client = python("layer_client", "raw")

    def row(kind: str, at_once: int) -> Row:
        jobs = bench.jobs(round(RUN_SECONDS * at_once / SECONDS))
        load = Load("batch", jobs, warmup=5 * at_once, extra=1)
        worker = python("io_worker", kind, str(at_once))
        return Row(_name(kind, at_once), lambda: bench.client(client, load, worker, pinned=False))

    yield Work(
        "io-worker",
        f"Handlers that wait {SECONDS * 1000:.0f} ms, many at once in one process (all CPUs), fed by execute_jobs()",
        ("rate", "worker_us", "gearmand_us", "worker_mb"),
        tuple(row(kind, at_once) for kind in ("coroutines", "threads") for at_once in (*GOALS, *REPORTED)),
        tuple(
            Goal(_name("coroutines", at_once), "rate", SHARE * at_once / SECONDS, at_least=True) for at_once in GOALS
        ),
    )


def _name(kind: str, at_once: int) -> str:
    return f"{at_once} {kind}, at most {at_once / SECONDS:,.0f} jobs/s"
