"""One job after the other: foreground echoes, background submissions, a queue drained."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.bench import Bench, Load
from benchmarks.figures import Goal
from benchmarks.works.work import MIRROR, C, Work, peers, rows_of

CLIENT = ("client_us", "gearmand_us", "rate", "client_mb")
WORKER = ("worker_us", "gearmand_us", "rate", "worker_mb")


def works(bench: Bench) -> Iterator[Work]:
    """The works of this room."""
    yield from _echoes(bench)
    jobs = bench.jobs(20_000)
    for name, title, limit in (
        ("background", "with a unique key", 1.12),
        ("background-no-key", "without a unique key", 0.80),
    ):
        load = Load(name, jobs)
        yield Work(
            name,
            f"Background submission {title}: {jobs:,} jobs, one after the other",
            CLIENT,
            rows_of(peers(bench), lambda peer, load=load: bench.client(peer.client, load)),  # type: ignore[misc]
            (Goal(MIRROR, "client_us", limit, C),),
        )
    yield Work(
        "drain",
        f"Draining a queue: {jobs:,} jobs, a function without work",
        WORKER,
        rows_of(peers(bench), lambda peer: bench.drain(peer.worker, jobs)),
        (Goal(MIRROR, "worker_us", 1.10, C),),
    )


def _echoes(bench: Bench) -> Iterator[Work]:
    load = Load("echo", bench.jobs(10_000))
    everyone = peers(bench)
    native = everyone[0]
    title = f"{load.jobs:,} of 100 bytes, one after the other, with a unique key"
    yield Work(
        "echo-client",
        f"Foreground echo, each client with the C worker: {title}",
        (*CLIENT[:3], "p50_us", "p99_us", "client_mb"),
        rows_of(everyone, lambda peer: bench.client(peer.client, load, native.worker)),
        (Goal(MIRROR, "client_us", 1.10, C),),
    )
    yield Work(
        "echo-worker",
        f"Foreground echo, each worker with the C client: {title}",
        WORKER,
        rows_of(everyone, lambda peer: bench.client(native.client, load, peer.worker)),
        (Goal(MIRROR, "worker_us", 1.06, C),),
    )
    metrics = ("p50_us", "p99_us", "rate", "client_us", "worker_us", "gearmand_us")
    yield Work(
        "echo-pair",
        f"Foreground echo, client and worker of one language: {title}",
        metrics,
        rows_of(everyone, lambda peer: bench.client(peer.client, load, peer.worker)),
        (Goal(MIRROR, "p50_us", 1.05, C),),
    )
    yield Work(
        "echo-cpus",
        f"Foreground echo, client and worker of one language, all CPUs: {title}",
        metrics,
        rows_of(everyone, lambda peer: bench.client(peer.client, load, peer.worker, pinned=False)),
    )
