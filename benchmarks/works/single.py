"""One job after the other: foreground echoes, background submissions, and a worker that empties a queue."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.bench import Bench, Load
from benchmarks.figures import Goal
from benchmarks.works.work import MIRROR, C, Work, peers, rows_of

CLIENT = ("client_us", "gearmand_us", "rate", "client_mb")
WORKER = ("worker_us", "gearmand_us", "rate", "worker_mb")

LIMIT = 1.35
LATENCY_LIMIT = 1.25
# libgearman asks a daemon for a UUID for each job without a key; the package makes it in the process.
NO_KEY_LIMIT = 1.00


def works(bench: Bench) -> Iterator[Work]:
    """Yields the works of this module."""
    yield from _echoes(bench)
    jobs = bench.jobs(20_000)
    for name, title, limit in (
        ("background", "with a unique key", LIMIT),
        ("background-no-key", "without a unique key", NO_KEY_LIMIT),
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
        f"Emptying a queue: {jobs:,} jobs, a function that does nothing",
        ("total_us", "worker_us", "gearmand_us", "rate", "worker_mb"),
        rows_of(peers(bench), lambda peer: bench.drain(peer.worker, jobs)),
        (Goal(MIRROR, "worker_us", LIMIT, C),),
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
        (Goal(MIRROR, "client_us", LIMIT, C),),
    )
    yield Work(
        "echo-worker",
        f"Foreground echo, each worker with the C client: {title}",
        WORKER,
        rows_of(everyone, lambda peer: bench.client(native.client, load, peer.worker)),
        (Goal(MIRROR, "worker_us", LIMIT, C),),
    )
    metrics = ("p50_us", "p99_us", "rate", "client_us", "worker_us", "gearmand_us", "total_us")
    yield Work(
        "echo-pair",
        f"Foreground echo, client and worker of one language: {title}",
        metrics,
        rows_of(everyone, lambda peer: bench.client(peer.client, load, peer.worker)),
        (Goal(MIRROR, "p50_us", LATENCY_LIMIT, C),),
    )
    yield Work(
        "echo-cpus",
        f"Foreground echo, client and worker of one language, all CPUs: {title}",
        metrics,
        rows_of(everyone, lambda peer: bench.client(peer.client, load, peer.worker, pinned=False)),
    )
