"""mirror_worker WORK PORT JOBS WARMUP [busy]: executes jobs through gearman_cffi.ext; c/worker.c is the same in C.

busy: another thread of the process computes all the time.
"""

from __future__ import annotations

import sys
import threading

from benchmarks.python.common import Marks, check
from gearman_cffi.ext import GearmanJob, GearmanWorker


def compute() -> None:
    """Computes as long as the process lives."""
    number = 0
    while True:
        number += 1


def main(arguments: list[str]) -> None:
    """Works until the last job is done."""
    work, port, jobs, warmup = arguments[0], *map(int, arguments[1:4])
    drains = work == "drain"
    marks = Marks(jobs, warmup, waits=drains)
    seen, last, moments = 0, marks.last, marks.moments

    def echo(job: GearmanJob) -> bytes:
        nonlocal seen
        seen += 1
        if seen in moments:
            moments[seen]()
        return job.workload()

    def drain(job: GearmanJob) -> str:
        nonlocal seen
        seen += 1
        if seen in moments:
            moments[seen]()
        return "ok"

    worker = GearmanWorker()
    worker.addServer("127.0.0.1", port)
    worker.addFunction("bench", drain if drains else echo)
    if "busy" in arguments[4:]:
        threading.Thread(target=compute, daemon=True).start()
    while seen < last and worker.work():
        pass
    check(seen == last, "work")
    marks.meter.report(jobs)


if __name__ == "__main__":
    main(sys.argv[1:])
