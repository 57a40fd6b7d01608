"""Bench: runs the programs against a private gearmand and measures them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import cpu_seconds, on_cpus
from benchmarks.programs import Program, ProgramError, Running, c
from gearman_cffi.testing import Gearmand

Sample = dict[str, float]
MEGABYTE = 1e6
WARMUP = 300  # jobs


@dataclass(frozen=True)
class Load:
    """What a client does: its work, the number of jobs, and their payload.

    payload is a number of bytes, or a text. extra is for the client program: a window, threads or calls.
    """

    work: str
    jobs: int
    payload: int | str = 100
    warmup: int = WARMUP
    extra: int = 0

    def arguments(self, port: int) -> tuple[object, ...]:
        """The arguments of a client program."""
        return self.work, port, self.jobs, self.warmup, self.payload, self.extra


@dataclass(frozen=True)
class Bench:
    """The folder of the compiled programs, and the CPU to which everything is pinned.

    quick runs few jobs. gearmand: arguments of the servers.
    """

    folder: Path
    cpu: int
    quick: bool = False
    gearmand: tuple[str, ...] = ()

    def jobs(self, count: int) -> int:
        """How many jobs to run instead of this many."""
        return max(40, count // 200) if self.quick else count

    def client(
        self,
        program: Program,
        load: Load,
        worker: Program | None = None,
        workers: int = 1,
        pinned: bool = True,
        io_threads: int | None = None,
    ) -> Sample:
        """Measures a client, gearmand and, if there is one worker, the worker: CPU per job, rate, latencies, memory."""
        with self.server(pinned, io_threads) as server, ExitStack() as stack:
            running: list[Running] = []
            if worker is not None:
                line = worker.line("echo", server.port, *self._shares(load, workers))
                running = [self._start(stack, line, pinned) for _ in range(workers)]
            _await_workers(server, len(running))
            client = self._start(stack, program.line(*load.arguments(server.port)), pinned)
            client.await_ready()
            before = cpu_seconds(server.pid)
            client.go()
            figures = client.result()
            sample = _of_client(figures, cpu_seconds(server.pid) - before)
            if workers == 1 and running:
                running[0].await_ready()
                sample |= _of_worker(running[0].result())
                sample["total_us"] = sample["client_us"] + sample["worker_us"] + sample["gearmand_us"]
            return sample

    def drain(self, program: Program, jobs: int, pinned: bool = True) -> Sample:
        """Measures a worker and gearmand while the worker empties a queue."""
        with self.server(pinned) as server, ExitStack() as stack:
            fill = Load("bulk", jobs + WARMUP, warmup=0, extra=500)
            filling = self._start(stack, c(self.folder, "client").line(*fill.arguments(server.port)), pinned)
            filling.await_ready()
            filling.go()
            filling.result()
            worker = self._start(stack, program.line("drain", server.port, jobs, WARMUP), pinned)
            worker.await_ready()
            before = cpu_seconds(server.pid)
            worker.go()
            figures = worker.result()
            used = cpu_seconds(server.pid) - before
            sample = _of_worker(figures)
            return sample | {
                "gearmand_us": used / jobs * 1e6,
                "total_us": sample["worker_us"] + used / jobs * 1e6,
                "rate": jobs / figures["seconds"],
                "ms": figures["seconds"] / jobs * 1e3,
                "us": figures["seconds"] / jobs * 1e6,
            }

    @contextmanager
    def waiting(self, program: Program) -> Iterator[int]:
        """Starts a worker that waits for a job; yields its process id."""
        with self.server(pinned=True) as server, ExitStack() as stack:
            process = self._start(stack, program.line(server.port), pinned=True).process.pid
            _await_workers(server, 1)
            used = -1.0
            while used != (used := cpu_seconds(process)):
                time.sleep(0.1)
            yield process

    @contextmanager
    def server(self, pinned: bool, io_threads: int | None = None) -> Iterator[Gearmand]:
        """Starts a gearmand: with one I/O thread if pinned, else on all CPUs with io_threads or its default."""
        with on_cpus(self.cpus(pinned)):
            server = Gearmand(self.gearmand, threads=1 if pinned else io_threads).start()
        try:
            yield server
        finally:
            server.stop()

    def cpus(self, pinned: bool) -> frozenset[int]:
        """The CPUs of the measured processes."""
        return frozenset({self.cpu}) if pinned else frozenset(os.sched_getaffinity(0))

    def _start(self, stack: ExitStack, line: list[str], pinned: bool) -> Running:
        with on_cpus(self.cpus(pinned)):
            return stack.enter_context(Running(line, patience=240))

    def _shares(self, load: Load, workers: int) -> tuple[int, int]:
        """A single worker ends after the last job. Of several, nobody knows how many jobs each gets."""
        return (load.jobs, max(1, load.warmup)) if workers == 1 else (2**40, 1)


def _await_workers(server: Gearmand, count: int) -> None:
    """Waits until that many workers have registered."""
    deadline = time.monotonic() + 60
    while _workers(server) < count:
        if time.monotonic() > deadline:
            raise ProgramError(f"{count} workers did not register within 60 s")
        time.sleep(0.005)


def _workers(server: Gearmand) -> int:
    for line in server.ask("status").splitlines():
        if line.startswith("bench\t"):
            return int(line.split("\t")[3])
    return 0


def _of_client(figures: Mapping[str, float], gearmand_seconds: float) -> Sample:
    jobs = figures["jobs"]
    sample = {
        "client_us": figures["cpu"] / jobs * 1e6,
        "gearmand_us": gearmand_seconds / jobs * 1e6,
        "rate": jobs / figures["seconds"],
        "ms": figures["seconds"] / jobs * 1e3,
        "us": figures["seconds"] / jobs * 1e6,
        "client_mb": figures["peak"] / MEGABYTE,
        "client_extra_mb": (figures["peak"] - figures["base"]) / MEGABYTE,
    }
    if "each" in figures:
        sample["each_kb"] = figures["each"] / 1e3
    return sample | {f"{name}_us": figures[name] * 1e6 for name in ("p50", "p99") if name in figures}


def _of_worker(figures: Mapping[str, float]) -> Sample:
    return {
        "worker_us": figures["cpu"] / figures["jobs"] * 1e6,
        "worker_mb": figures["peak"] / MEGABYTE,
        "worker_extra_mb": (figures["peak"] - figures["base"]) / MEGABYTE,
    }
