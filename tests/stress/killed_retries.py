"""Kills workers with SIGKILL at every step of a retry, and restarts a server with a persistent queue: no job is lost.

    python -m tests.stress.killed_retries 200               until 200 workers were killed, about two minutes

Three workers fail most attempts. Each kills itself now and then: in the handler, after the failure, after the job was
submitted again, after it was answered; and others are killed at any time. Every tenth time the server is restarted too,
by SIGKILL. At the end each job must be done or given up.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from gearman_cffi import Client, GearmanError, Job
from gearman_cffi.testing import Gearmand
from tests.support import Child, queued

WORKERS = 3
JOBS_AT_A_TIME = 30
DEADLINE = 120.0  # seconds for the jobs that are left at the end
WORKER = """
import random
from gearman_cffi import EventDispatcher, EventName, JobCollection, Worker

def die(step):
    if random.random() < 0.05:
        note("killed", step)
        os.kill(os.getpid(), signal.SIGKILL)

def note(what, detail):
    with open(os.environ["LOG"], "a") as log:
        log.write(f"{what} {detail}\\n")

def backoff(attempt):
    die("failed")
    return random.choice((0, 0, 0.5))

jobs = JobCollection()

@jobs.handler("flaky", backoff=backoff, retries=4)
def flaky(job):
    die("running")
    if random.random() < 0.6:
        raise OSError("again")
    note("done", job.get_workload())
    die("done")

dispatcher = EventDispatcher()
dispatcher.add_listener(EventName.FUNCTION_RETRY, lambda event: die("submitted"))
dispatcher.add_listener(EventName.AFTER_RUN, lambda event: die("answered"))
dispatcher.add_listener(EventName.FUNCTION_GAVE_UP, lambda event: note("gave-up", event.job.get_workload()))
Worker(f"127.0.0.1:{PORTS[0]}", jobs, dispatcher, idle_interval=0.1).run()
"""


class Fleet:
    """Workers that are started again when they have died."""

    def __init__(self, server: Gearmand, log: Path, stack: ExitStack) -> None:
        self.deaths = 0
        self._server = server
        self._log = log
        self._stack = stack
        self._workers = [self._start() for _ in range(WORKERS)]

    def _start(self) -> Child:
        return self._stack.enter_context(Child(WORKER, self._server.port, LOG=str(self._log)))

    def step(self) -> None:
        """Replaces the dead, and kills one now and then."""
        for place, worker in enumerate(self._workers):
            if worker.process.poll() is not None:
                self.deaths += 1
                self._workers[place] = self._start()
            elif random.random() < 0.02:
                worker.process.kill()


def submit(server: Gearmand, first: int) -> int:
    """Submits jobs, half of which leave the retries to the handler; returns how many the server has taken."""
    jobs = [Job("flaky", first + n, retries=4 if n % 2 else None) for n in range(JOBS_AT_A_TIME)]
    try:
        return len(Client(server.address, timeout=20).execute_jobs_in_background(jobs))
    except GearmanError:
        return 0  # the numbers are used again


def outcomes(log: Path) -> Counter[str]:
    return Counter(line.split()[0] for line in log.read_text().splitlines()) if log.exists() else Counter()


def unfinished(log: Path, submitted: int) -> set[int]:
    """The jobs of which the log says neither that they are done nor that they were given up."""
    lines = [line.split() for line in log.read_text().splitlines()]
    return set(range(submitted)) - {int(job) for what, job in lines if what in ("done", "gave-up")}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kills", type=int, nargs="?", default=200)
    kills = parser.parse_args().kills
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        log, options = Path(folder, "log"), ["--queue-type=libsqlite3", f"--libsqlite3-db={folder}/queue.db"]
        server = stack.enter_context(Gearmand(options))
        fleet, submitted, restarts = Fleet(server, log, stack), 0, 0
        while fleet.deaths < kills:
            if queued(server, "flaky") < JOBS_AT_A_TIME:
                submitted += submit(server, submitted)
            fleet.step()
            if fleet.deaths // 10 > restarts:
                restarts += 1
                server.kill()
                server.start()
            time.sleep(0.05)
        print(f"{fleet.deaths} workers killed, {restarts} servers restarted, {submitted} jobs: {dict(outcomes(log))}")
        deadline = time.monotonic() + DEADLINE
        while queued(server, "flaky") and time.monotonic() < deadline:
            fleet.step()
            time.sleep(0.1)
        lost = unfinished(log, submitted)
        print(f"lost: {sorted(lost) or 'none'}; still queued: {queued(server, 'flaky')}")
        return bool(lost)


if __name__ == "__main__":
    sys.exit(main())
