"""Threads: eight clients, and a worker beside a thread that computes. On all CPUs, with gearmand's defaults."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.bench import Bench, Load
from benchmarks.figures import Goal
from benchmarks.programs import Program, python
from benchmarks.works.work import MIRROR, PHP, C, Row, Work, peers, rows_of

THREADS = 8
WORKERS = 4
IO_THREADS = (1, 2, 4, 8)
LAYER = "Worker, raw"
SWITCH = 0.005  # seconds: sys.getswitchinterval(), the wait for the interpreter beside a busy thread


def works(bench: Bench) -> Iterator[Work]:
    """Yields the works of this module."""
    everyone = [peer for peer in peers(bench) if peer.name != PHP]
    worker = everyone[0].worker
    goals = (Goal(MIRROR, "rate", 0.80, C, at_least=True),)
    metrics = ("rate", "client_us", "gearmand_us", "client_mb")
    background = Load("threads-background", bench.jobs(80_000), warmup=800, extra=THREADS)
    yield Work(
        "threads-background",
        f"{THREADS} client threads, background submission: {background.jobs:,} jobs, all CPUs",
        metrics,
        rows_of(everyone, lambda peer: bench.client(peer.client, background, pinned=False)),
        goals,
    )
    echo = Load("threads-echo", bench.jobs(40_000), warmup=800, extra=THREADS)
    yield Work(
        "threads-echo",
        f"{THREADS} client threads, foreground echo with {WORKERS} C workers: {echo.jobs:,} jobs, all CPUs",
        metrics,
        rows_of(everyone, lambda peer: bench.client(peer.client, echo, worker, WORKERS, pinned=False)),
        goals,
    )
    yield _beside_a_busy_thread(bench)
    first = everyone[0].client
    yield Work(
        "gearmand-threads",
        f"gearmand's I/O threads: {THREADS} client threads and {WORKERS} workers in C, {echo.jobs:,} echoes, all CPUs",
        ("rate", "gearmand_us", "client_us"),
        tuple(
            Row(
                f"gearmand --threads={count}",
                lambda count=count: bench.client(first, echo, worker, WORKERS, False, count),  # type: ignore[misc]
            )
            for count in IO_THREADS
        ),
    )


def _beside_a_busy_thread(bench: Bench) -> Work:
    def row(name: str, program: Program, wanted: int) -> Row:
        return Row(name, lambda: bench.drain(program, bench.jobs(wanted), pinned=False))

    return Work(
        "busy-thread",
        "A worker empties a queue beside a thread of its process that always computes, all CPUs",
        ("ms", "rate"),
        (
            row(C, peers(bench)[0].worker, 5_000),
            row(f"{MIRROR}, alone", python("mirror_worker"), 5_000),
            row(MIRROR, python("mirror_worker", "busy"), 3_000),
            row(LAYER, python("layer_worker", "raw", "busy"), 3_000),
        ),
        tuple(Goal(name, "ms", 1000 * SWITCH) for name in (MIRROR, LAYER)),
    )
