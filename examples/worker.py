"""A worker with two functions, a log, and limits of run time and memory. Stop it with Ctrl-C or SIGTERM.

    python examples/worker.py [HOST:PORT]

Without an address it uses GEARMAN_SERVERS, or 127.0.0.1:4730. examples/client.py, progress.py and bulk.py submit jobs
for it.
"""

from __future__ import annotations

import logging
import sys
import time
from datetime import timedelta

from gearman_cffi import EventDispatcher, Job, JobCollection, JobHandlerInterface, Worker
from gearman_cffi.subscribers import LoggingSubscriber, MaxRuntime, MemoryLimit

jobs = JobCollection()


@jobs.handler("reverse")
def reverse(job: Job) -> str:
    """A function as a handler."""
    return str(job.get_workload())[::-1]


class Resize(JobHandlerInterface):
    """A class as a handler, with a time limit; it sends its progress."""

    time_limit = timedelta(minutes=1)

    def listens_to_job(self) -> str:
        """The name of the function."""
        return "resize"

    def execute(self, job: Job) -> dict[str, object]:
        """Pretend to resize pictures."""
        names = job.get_workload()
        for number, name in enumerate(names, 1):
            if not str(name).endswith(".png"):
                job.send_warning(f"{name} is not a picture")
            time.sleep(0.05)
            job.send_status(number, len(names))
        return {"resized": [name for name in names if str(name).endswith(".png")]}


def main(arguments: list[str]) -> int:
    """Runs the worker until it is stopped."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    logger = logging.getLogger("example")
    jobs.add(Resize())
    dispatcher = EventDispatcher()
    dispatcher.add_subscriber(LoggingSubscriber(logger))
    dispatcher.add_subscriber(MaxRuntime("+2 hours", logger))
    dispatcher.add_subscriber(MemoryLimit("512M", logger))
    Worker(arguments[0] if arguments else None, jobs, dispatcher).run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
