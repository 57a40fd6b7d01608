"""Large payloads over loopback: time and peak memory."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.bench import MEGABYTE, Bench, Load, Sample
from benchmarks.figures import Goal
from benchmarks.programs import Program
from benchmarks.works.work import AGAIN, MIRROR, PHP, C, Peer, Row, Work, peers

MIB = 1 << 20
MANY = f"{MIRROR}, 100 echoes"
WITH_C = f"{MIRROR}, C worker"


def works(bench: Bench) -> Iterator[Work]:
    """Yields the works of this module."""
    yield _work(
        bench,
        "large-1",
        MIB,
        {C: 3, PHP: 3, MIRROR: 30, WITH_C: 3, AGAIN: 3},
        (Goal(MIRROR, "rate", 50, C, at_least=True),),
    )
    limits = [
        (row, f"{side}_payloads", most) for row in (MIRROR, MANY) for side, most in (("client", 5), ("worker", 3))
    ]
    yield _work(
        bench,
        "large-16",
        16 * MIB,
        {C: 1, PHP: 1, MIRROR: 5, MANY: 100},
        (Goal(MIRROR, "ms", 300), *(Goal(row, metric, most) for row, metric, most in limits)),
    )


def _work(bench: Bench, name: str, size: int, echoes: dict[str, int], goals: tuple[Goal, ...]) -> Work:
    everyone = {peer.name: peer for peer in peers(bench)}

    def measure(peer: Peer, worker: Program, count: int) -> Sample:
        sample = bench.client(peer.client, Load("echo", count, size, warmup=20), worker)
        for side in ("client", "worker"):
            sample[f"{side}_payloads"] = sample[f"{side}_extra_mb"] * MEGABYTE / size
        return sample

    def row(name: str, count: int) -> Row:
        peer = everyone[name.partition(",")[0]]
        slow = size > MIB and peer.name in (C, PHP)
        worker = everyone[C].worker if name == WITH_C else peer.worker
        return Row(name, lambda: measure(peer, worker, 2 if bench.quick else count), peer.needs, slow)

    return Work(
        name,
        f"Echo of {size // MIB} MiB over loopback, client and worker of one language or as the row says",
        ("ms", "client_us", "worker_us", "gearmand_us", "client_payloads", "worker_payloads"),
        tuple(row(name, count) for name, count in echoes.items()),
        goals,
        rounds=3,
    )
