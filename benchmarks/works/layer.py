"""The Python layer: with each serializer, and with and without listeners of events."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.bench import Bench, Load
from benchmarks.figures import Goal
from benchmarks.programs import Program, python
from benchmarks.python.serializers import MEASURED, payload_of
from benchmarks.works.work import AGAIN, MIRROR, C, Row, Work, peers

LIMIT = 1.5
DRAIN_LIMIT = 1.15
WORKER: tuple[str, ...] = ("worker_us", "gearmand_us", "rate", "worker_mb")
_SIZE = 100


def works(bench: Bench) -> Iterator[Work]:
    """Yields the works of this module."""
    echoes = Load("echo", bench.jobs(10_000))
    submissions = Load("background", bench.jobs(20_000))
    yield _clients(bench, "layer-echo-client", "foreground echo with the C worker", echoes, waits=True)
    yield _clients(bench, "layer-background", "background submission with a unique key", submissions, waits=False)
    yield _workers(bench, "layer-echo-worker", "foreground echo with the C client", echoes)
    yield _workers(bench, "layer-drain", "emptying a queue", submissions)


def _clients(bench: Bench, name: str, title: str, load: Load, waits: bool) -> Work:
    c, _, mirror, _ = peers(bench)
    worker = c.worker if waits else None

    def row(title: str, program: Program) -> Row:
        return Row(title, lambda: bench.client(program, load, worker))

    layer = [row(f"Client, {serializer}", python("layer_client", serializer)) for serializer in MEASURED]
    return Work(
        name,
        f"Python layer, {title}: {load.jobs:,} jobs of {_SIZE} bytes",
        ("client_us", "gearmand_us", "rate", *(("p50_us", "p99_us") if waits else ()), "client_mb"),
        (row(C, c.client), row(MIRROR, mirror.client), *layer, row(AGAIN, c.client)),
        (Goal("Client, raw", "client_us", LIMIT, C),),
    )


def _workers(bench: Bench, name: str, title: str, load: Load) -> Work:
    c, _, mirror, _ = peers(bench)

    def row(title: str, program: Program, serializer: str = "raw") -> Row:
        sent = Load("echo", load.jobs, payload_of(serializer, _SIZE))
        if load.work == "echo":
            return Row(title, lambda: bench.client(c.client, sent, program))
        return Row(title, lambda: bench.drain(program, load.jobs))

    metrics, goal = WORKER, Goal("Worker, raw", "worker_us", LIMIT, C)
    if load.work != "echo":  # a Worker sends a result and the request for the next job together: gearmand gains too
        metrics, goal = ("total_us", *WORKER), Goal("Worker, raw", "total_us", DRAIN_LIMIT, C)
    layer = [row(f"Worker, {name}", python("layer_worker", name), name) for name in MEASURED]
    listeners = row("Worker, raw, listeners", python("layer_worker", "raw", "listeners"))
    return Work(
        name,
        f"Python layer, {title}: {load.jobs:,} jobs of {_SIZE} bytes",
        metrics,
        (row(C, c.worker), row(MIRROR, mirror.worker), *layer, listeners, row(AGAIN, c.worker)),
        (goal,),
    )
