"""Many jobs at once: batches, bulk submission in windows, and whether bulk calls take linear time."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.bench import Bench, Load
from benchmarks.figures import Goal
from benchmarks.programs import Program, python
from benchmarks.works.work import AGAIN, MIRROR, PHP, C, Row, Work, peers, rows_of

WINDOW = 500
CALL, LOOP = "Client, one call", "Client, a loop of single calls"
_LINEAR = (
    ("linear-background", "bulk", "execute_jobs_in_background()"),
    ("linear-foreground", "batch", "execute_jobs()"),
    ("linear-stream", "stream", "stream_jobs()"),
)


def works(bench: Bench) -> Iterator[Work]:
    """Yields the works of this module."""
    yield from _batches(bench)
    yield from _bulk(bench)
    for name, work, call in _LINEAR:
        yield _linear(bench, name, work, call)


def _batches(bench: Bench) -> Iterator[Work]:
    everyone = peers(bench)
    for wanted in (1_000, 10_000, 50_000):
        load = Load("batch", bench.jobs(wanted))
        yield Work(
            f"batch-{wanted}",
            f"Batch in one run: {load.jobs:,} foreground jobs, a complete callback for each, the C worker",
            ("client_us", "gearmand_us", "rate", "client_mb"),
            rows_of(
                everyone,
                lambda peer, load=load: bench.client(peer.client, load, everyone[0].worker),  # type: ignore[misc]
            ),
            (Goal(MIRROR, "client_us", 1.40, C),) if wanted == 10_000 else (),
        )


def _bulk(bench: Bench) -> Iterator[Work]:
    load = Load("bulk", bench.jobs(50_000), extra=WINDOW)
    one_call = Load("bulk", load.jobs, extra=1)
    loop = Load("background", bench.jobs(10_000))
    layer = python("layer_client", "raw")
    for name, pinned, where in (("bulk", False, "all CPUs, gearmand's own threads"), ("bulk-pinned", True, "one CPU")):

        def row(title: str, program: Program, load: Load, pinned: bool = pinned) -> Row:
            needs = (program.needs,) if program.needs else ()
            return Row(title, lambda: bench.client(program, load, pinned=pinned), needs)

        c, php, mirror, _ = (peer.client for peer in peers(bench))
        yield Work(
            name,
            f"Bulk background submission ({where}): {load.jobs:,} jobs, handles stored, windows of {WINDOW}",
            ("rate", "client_us", "gearmand_us", "client_extra_mb"),
            (
                row(C, c, load),
                row(PHP, php, load),
                row(MIRROR, mirror, load),
                row(CALL, layer, one_call),
                row(LOOP, layer, loop),
                row(AGAIN, c, load),
            ),
            ()
            if pinned
            else (
                Goal(CALL, "rate", 12, LOOP, at_least=True),
                Goal(CALL, "rate", 0.70, C, at_least=True),
            ),
        )


def _linear(bench: Bench, name: str, work: str, call: str) -> Work:
    program = python("layer_client", "raw")
    worker = None if work == "bulk" else peers(bench)[0].worker
    few, some, many = (bench.jobs(count) for count in (1_000, 10_000, 100_000))

    def row(count: int) -> Row:
        calls = many // count  # the total is the same: gearmand needs more time per job if its queue is long
        load = Load(work, count * calls, extra=calls)
        return Row(f"{count:,} jobs a call", lambda: bench.client(program, load, worker))

    rows = tuple(row(count) for count in (few, some, many))
    return Work(
        name,
        f"Time per job in {call}, by the number of jobs",
        ("us", "client_us", "rate", "client_extra_mb"),
        rows,
        (Goal(rows[2].name, "us", 1.2, rows[0].name),),
    )
