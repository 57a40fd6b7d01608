"""io_worker WORK PORT JOBS WARMUP KIND CONCURRENCY: executes jobs that wait 20 ms, through gearman_cffi.Worker.

KIND: coroutines, or threads. CONCURRENCY: how many jobs at once.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import time

from benchmarks.python.common import FUNCTION, Marks
from gearman_cffi import Job, JobCollection, RawSerializer, Worker

SECONDS = 0.02  # that a job waits


def main(arguments: list[str]) -> None:
    """Works until the last job is done."""
    port, jobs, warmup = map(int, arguments[1:4])
    marks = Marks(jobs, warmup, waits=False)
    numbers, moments = itertools.count(1), marks.moments  # next() is safe for threads
    handlers = JobCollection()

    def begin() -> None:
        number = next(numbers)
        if number in moments:
            moments[number]()
            if number == marks.last:
                worker.stop()

    async def coroutine(job: Job) -> object:
        begin()
        await asyncio.sleep(SECONDS)
        return job.get_workload()

    def plain(job: Job) -> object:
        begin()
        time.sleep(SECONDS)
        return job.get_workload()

    handlers.handler(FUNCTION)(coroutine if arguments[4] == "coroutines" else plain)
    worker = Worker(
        f"127.0.0.1:{port}", handlers, serializer=RawSerializer(), concurrency=int(arguments[5]), signals=()
    )
    worker.run()
    marks.meter.report(jobs)


if __name__ == "__main__":
    main(sys.argv[1:])
