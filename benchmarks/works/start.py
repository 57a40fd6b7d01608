"""What a program costs before it does anything: imports, and waiting for a job."""

from __future__ import annotations

import resource
import subprocess
import time
from collections.abc import Iterator
from statistics import median

from benchmarks.bench import MEGABYTE, Bench, Sample
from benchmarks.figures import Goal
from benchmarks.machine import ROOT, cpu_seconds, file_of, on_cpus, resident
from benchmarks.programs import Program, environment, plain_python
from benchmarks.works.work import MIRROR, PHP, C, Row, Work, peers

STARTS = 21
IDLE_SECONDS = 10.0
LAYER = "gearman_cffi"
PACKAGE, BOTH = "import gearman_cffi", "from gearman_cffi import Client, Worker"
IMPORTS = (
    PACKAGE,
    BOTH,
    "from gearman_cffi import Client",
    "from gearman_cffi import Worker",
    "import gearman_cffi.ext",
    "from gearman_cffi.ext import *",
)


def works(bench: Bench) -> Iterator[Work]:
    """Yields the works of this module."""
    starts = 3 if bench.quick else STARTS
    yield Work(
        "import",
        f"Imports, with compiled modules: the median of {starts} starts per round, in turn with the bare interpreter",
        ("start_ms", "import_ms", "import_cpu_ms"),
        tuple(Row(code, lambda code=code: _import(bench, code, starts)) for code in IMPORTS),  # type: ignore[misc]
        (Goal(PACKAGE, "import_ms", 10), Goal(BOTH, "import_ms", 45)),
        rounds=5,
    )
    seconds = 0.3 if bench.quick else IDLE_SECONDS
    yield Work(
        "idle",
        f"A worker that waits for {seconds:g} s, with default settings",
        ("idle_mb", "idle_cpu"),
        tuple(
            Row(name, lambda program=program: _idle(bench, program, seconds), needs)  # type: ignore[misc]
            for name, program, needs in _idle_workers(bench)
        ),
        tuple(
            Goal(name, metric, limit)
            for name in (MIRROR, LAYER)
            for metric, limit in (("idle_mb", 18), ("idle_cpu", 0.15))
        ),
        rounds=2,
    )


def _import(bench: Bench, code: str, starts: int) -> Sample:
    _start(bench, code)
    pairs = [(_start(bench, "pass"), _start(bench, code)) for _ in range(starts)]
    return {
        "start_ms": median(whole[0] for _, whole in pairs) * 1e3,
        "import_ms": median(whole[0] - bare[0] for bare, whole in pairs) * 1e3,
        "import_cpu_ms": median(whole[1] - bare[1] for bare, whole in pairs) * 1e3,
    }


def _start(bench: Bench, code: str) -> tuple[float, float]:
    """Returns the seconds from the start of an interpreter to its end, and its CPU seconds."""
    command = plain_python(bench.folder).line("-c", code)
    with on_cpus(bench.cpus(pinned=True)):
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(command, cwd=ROOT, env=environment(), check=True)
        passed, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        return passed, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _idle_workers(bench: Bench) -> Iterator[tuple[str, Program, tuple[str, ...]]]:
    """Yields the name, the program and the tools of each row. The program's argument is the port."""
    idle = file_of(["python", "idle.py"])
    for peer in peers(bench):
        if peer.name in (C, PHP):
            yield peer.name, Program((*peer.worker.command, "echo"), ("1", "1")), peer.needs
    python = plain_python(bench.folder).command
    yield MIRROR, Program((*python, idle, "mirror")), ()
    yield LAYER, Program((*python, idle, "layer")), ()


def _idle(bench: Bench, program: Program, seconds: float) -> Sample:
    with bench.waiting(program) as process:
        before, began = cpu_seconds(process), time.monotonic()
        time.sleep(seconds)
        used, passed = cpu_seconds(process) - before, time.monotonic() - began
        return {"idle_mb": resident(process) / MEGABYTE, "idle_cpu": used / passed * 1e3}
