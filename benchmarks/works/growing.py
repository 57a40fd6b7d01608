"""Whether a job takes as long, and a connection and a function as much memory, if there are ten times as many."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from benchmarks.bench import Bench, Load, Sample
from benchmarks.figures import Goal
from benchmarks.programs import c, python
from benchmarks.works.work import Row, Work

MOST_TIME, MOST_MEMORY, LEAST_MEMORY = 1.5, 1.2, 0.8
MIRROR_CLIENT, CLIENT, MIRROR_WORKER, WORKER = "GearmanClient", "Client", "GearmanWorker", "Worker"


def works(bench: Bench) -> Iterator[Work]:
    """Yields the works of this module."""
    yield from _connections(bench)
    yield from _functions(bench)
    yield from _queues(bench)


def _connections(bench: Bench) -> Iterator[Work]:
    jobs = bench.jobs(20_000)
    for name, what, work in (
        ("connections-client", MIRROR_CLIENT, "clients"),
        ("connections-layer-client", CLIENT, "layer-clients"),
        ("connections-worker", MIRROR_WORKER, "workers"),
    ):
        title = f"A process with more {what}s, each with its connection: {jobs:,} jobs, by each in turn"
        yield _grown(bench, name, title, "connections", (100, 1_000), work, jobs)


def _functions(bench: Bench) -> Iterator[Work]:
    jobs = bench.jobs(20_000)
    for name, what, work in (
        ("functions-worker", MIRROR_WORKER, "functions"),
        ("functions-layer-worker", WORKER, "layer-functions"),
    ):
        title = f"A {what} with more functions, which empties a queue of {jobs:,} jobs, of each in turn"
        yield _grown(bench, name, title, "functions", (20, 200), work, jobs)


def _grown(bench: Bench, name: str, title: str, unit: str, counts: tuple[int, int], work: str, jobs: int) -> Work:
    worker = c(bench.folder, "worker") if work.endswith("clients") else None

    def measure(count: int) -> Sample:
        load = Load(work, jobs, extra=count)
        sample = bench.client(python("growing"), load, worker, workers=2 if worker else 0)
        return sample | {"process_us": sample["client_us"], "process_mb": sample["client_mb"]}

    def row(count: int) -> Row:
        return Row(f"{count:,} {unit}", lambda: measure(count))

    few, many = map(row, counts)
    return Work(
        name,
        title,
        ("process_us", "us", "p50_us", "p99_us", "each_kb", "process_mb"),
        (few, many),
        (
            Goal(many.name, "process_us", MOST_TIME, few.name),
            Goal(many.name, "each_kb", MOST_MEMORY, few.name),
            Goal(many.name, "each_kb", LEAST_MEMORY, few.name, at_least=True),
        ),
    )


def _queues(bench: Bench) -> Iterator[Work]:
    few, many = bench.jobs(100_000), bench.jobs(1_000_000)
    bench = replace(bench, gearmand=(f"--hashtable-buckets={many}",))  # with the default gearmand takes minutes
    layer = python("layer_client", "raw"), python("layer_worker", "raw")

    def work(name: str, title: str, metric: str, memory: str, measure: Callable[[int], Sample]) -> Work:
        rows = tuple(Row(f"{jobs:,} jobs", lambda jobs=jobs: measure(jobs)) for jobs in (few, many))  # type: ignore[misc]
        goals = (Goal(rows[1].name, metric, MOST_TIME, rows[0].name),)
        return Work(name, title, (metric, "us", "gearmand_us", memory), rows, goals, rounds=2)

    yield work(
        "queued-submit",
        f"{CLIENT}.execute_jobs_in_background() until so many jobs are queued, in calls of {few // 10:,}",
        "client_us",
        "client_extra_mb",
        lambda jobs: bench.client(layer[0], Load("bulk", jobs, extra=jobs * 10 // few)),
    )
    yield work(
        "queued-drain",
        f"A {WORKER} that empties a queue of so many jobs",
        "worker_us",
        "worker_extra_mb",
        lambda jobs: bench.drain(layer[1], jobs),
    )
