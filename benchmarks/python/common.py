"""What the Python programs share; see c/bench.h."""

from __future__ import annotations

import json
import sys
import time

FUNCTION = "bench"


def check(holds: object, what: str) -> None:
    """Ends the program where something did not go as it must."""
    if not holds:
        sys.exit(f"{what} failed")


def memory(field: str) -> int:
    """A field of /proc/self/status that is in kB, in bytes."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(field + ":"))


def say_ready() -> None:
    """The warm-up is over."""
    print("ready", flush=True)


def await_go() -> None:
    """Waits for the runner."""
    check(sys.stdin.readline(), "waiting for the runner")


class Meter:
    """Wall and CPU time between begin() and finish(), memory at begin() and at report()."""

    def __init__(self) -> None:
        self.latencies: list[int] = []
        self._figures: dict[str, float] = {}
        self._began = self._cpu = 0.0

    def begin(self) -> None:
        """The measured part starts."""
        self._figures["base"] = memory("VmRSS")
        self._cpu = time.process_time()
        self._began = time.perf_counter()

    def finish(self) -> None:
        """The measured part is over."""
        self._figures["seconds"] = time.perf_counter() - self._began
        self._figures["cpu"] = time.process_time() - self._cpu

    def report(self, jobs: int) -> None:
        """Prints the line of results."""
        self._figures |= {"jobs": jobs, "peak": memory("VmHWM")}
        if self.latencies:
            ordered = sorted(self.latencies)
            self._figures |= {"p50": ordered[jobs // 2] / 1e9, "p99": ordered[jobs * 99 // 100] / 1e9}
        print(json.dumps(self._figures), flush=True)


class Marks:
    """Measures a worker from the start of the warm-up's last job to the start of the last one.

    moments: what is to be called at the start of which jobs. The programs count their jobs themselves, as those in C
    and PHP do: a call for each would be a part of what is measured.
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
