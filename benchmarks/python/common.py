"""What the Python programs share. c/bench.h is the same for C."""

from __future__ import annotations

import json
import sys
import time

FUNCTION = "bench"


def check(ok: object, what: str) -> None:
    """Ends the program if something failed."""
    if not ok:
        sys.exit(f"{what} failed")


def memory(field: str) -> int:
    """A field of /proc/self/status, converted from kB to bytes."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(field + ":"))


def say_ready() -> None:
    """Reports the end of the warm-up."""
    print("ready", flush=True)


def await_go() -> None:
    """Waits until the runner starts the measured part."""
    check(sys.stdin.readline(), "waiting for the runner")


class Meter:
    """Measures wall and CPU time between begin() and finish(), and memory at begin() and report()."""

    def __init__(self) -> None:
        self.latencies: list[int] = []
        self._figures: dict[str, float] = {}
        self._began = self._cpu = 0.0

    def begin(self) -> None:
        """Starts the measured part."""
        self._figures["base"] = memory("VmRSS")
        self._cpu = time.process_time()
        self._began = time.perf_counter()

    def finish(self) -> None:
        """Ends the measured part."""
        self._figures["seconds"] = time.perf_counter() - self._began
        self._figures["cpu"] = time.process_time() - self._cpu

    def report(self, jobs: int, **others: float) -> None:
        """Prints the figures, and others that the program has measured."""
        self._figures |= {"jobs": jobs, "peak": memory("VmHWM"), **others}
        if self.latencies:
            ordered = sorted(self.latencies)
            self._figures |= {"p50": ordered[jobs // 2] / 1e9, "p99": ordered[jobs * 99 // 100] / 1e9}
        print(json.dumps(self._figures), flush=True)


class Marks:
    """Measures a worker from the start of the last warm-up job to the start of the last job.

    moments: the function to call at the start of a job, by the job's number. The programs count their jobs themselves,
    as those in C and PHP do, because a call for each job would be measured too.
    """

    def __init__(self, jobs: int, warmup: int, waits: bool) -> None:
        self.meter = Meter()
        self.last = warmup + jobs
        self.moments = {warmup: self._begin, self.last: self.meter.finish}
        self._waits = waits

    def _begin(self) -> None:
        say_ready()
        if self._waits:
            await_go()
        self.meter.begin()
