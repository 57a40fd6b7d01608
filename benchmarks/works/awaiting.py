"""Jobs that tasks of an event loop await at once."""

from __future__ import annotations

import os
from collections.abc import Iterator

from benchmarks.bench import Bench, Load
from benchmarks.figures import Goal
from benchmarks.programs import Program, c, python
from benchmarks.works.work import C, Row, Work

AIO, AIOGEAR = "gearman_cffi.aio, raw", "aiogear"
WORKERS = 2
# The least ratio of jobs/s to those of aiogear, by how many jobs are in flight.
RATES = {1: 1.2, 50: 1.0, 500: 1.2}
# At least so many jobs for each task: starting the task takes as long as several of them.
PER_TASK = 20
# The interpreter of a virtual environment that has aiogear; without it that row is left out.
AIOGEAR_PYTHON = os.environ.get("AIOGEAR_PYTHON") or "aiogear-python"


def works(bench: Bench) -> Iterator[Work]:
    """Yields the works of this module."""
    for in_flight in (1, 50, 500, 5_000):
        yield _echoes(bench, in_flight)
    yield _growth(bench)


def _echoes(bench: Bench, in_flight: int) -> Work:
    jobs = bench.jobs(3_000 if in_flight == 1 else max(20_000, PER_TASK * in_flight))
    load = Load("echo", jobs, warmup=max(300, in_flight), extra=in_flight)
    windows = Load("batch", jobs, warmup=load.warmup, extra=in_flight)
    native, worker = c(bench.folder, "client"), c(bench.folder, "worker")
    aiogear = Program((AIOGEAR_PYTHON, "-m", "benchmarks.python.aio_client"), ("aiogear",), AIOGEAR_PYTHON)

    def row(name: str, program: Program, load: Load = load) -> Row:
        needs = (program.needs,) if program.needs else ()
        return Row(name, lambda: bench.client(program, load, worker, WORKERS), needs)

    goals: tuple[Goal, ...] = (Goal(AIO, "client_us", 1.0, AIOGEAR),)
    if in_flight in RATES:
        goals = (Goal(AIO, "rate", RATES[in_flight], AIOGEAR, at_least=True), *goals)
    return Work(
        f"aio-echo-{in_flight}",
        f"Foreground echo, {in_flight:,} in flight, {WORKERS} C workers: {jobs:,} jobs; C submits them in windows",
        ("client_us", "gearmand_us", "rate", "client_mb"),
        (row(C, native, windows), row(AIO, python("aio_client", "gearman_cffi")), row(AIOGEAR, aiogear)),
        goals,
    )


def _growth(bench: Bench) -> Work:
    few, many = 50, 5_000
    jobs, worker = bench.jobs(PER_TASK * many), c(bench.folder, "worker")

    def row(name: str, library: str, in_flight: int) -> Row:
        load = Load("echo", jobs, warmup=in_flight, extra=in_flight)
        program = python("aio_client", library)
        return Row(f"{name}, {in_flight:,}", lambda: bench.client(program, load, worker, WORKERS))

    rows = tuple(
        row(name, library, in_flight)
        for name, library in ((AIO, "gearman_cffi"), ("asyncio alone", "asyncio"))
        for in_flight in (few, many)
    )
    return Work(
        "aio-growth",
        f"CPU of a foreground echo, {few} and {many:,} in flight, and of as many tasks that await nothing but a future",
        ("client_us", "client_mb"),
        rows,
        (Goal(rows[1].name, "client_us", 1.3, rows[0].name),),
    )
