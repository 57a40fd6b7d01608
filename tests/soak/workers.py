"""Worker processes that no fault kills: their memory must be flat. Each serves all servers.

The program runs in a tests.support.Child, with the kind of worker and the addresses of the servers in its environment.
"""

from __future__ import annotations

import os
import signal
import time
import warnings

from gearman_cffi import EventDispatcher, EventName, RawSerializer, Worker
from gearman_cffi.ext import GearmanJob, GearmanWarning, GearmanWorker
from tests.soak import jobs
from tests.soak.marks import die_with_parent
from tests.soak.tasks import coroutines

PROGRAM = "from tests.soak.workers import main; main()"
KINDS = ("GearmanWorker", "Worker")


def run_mirror(servers: str) -> None:
    """A GearmanWorker that works until the process is killed."""

    def execute(job: GearmanJob, context: object) -> bytes:
        time.sleep(jobs.duration(job.workload()))
        return jobs.finish(job.workload())

    def execute_watched(job: GearmanJob, context: object) -> bytes:
        for number in jobs.STATUSES:
            job.sendStatus(number, len(jobs.STATUSES))
        return execute(job, context)

    mirror = GearmanWorker()
    mirror.setTimeout(1000)  # looks for lost servers then
    for address in servers.split(","):
        host, _, port = address.rpartition(":")
        mirror.addServer(host, int(port), False)
    for function in (jobs.FOREGROUND, jobs.BACKGROUND):
        mirror.addFunction(function, execute)
    mirror.addFunction(jobs.WATCHED, execute_watched)
    while True:
        if not mirror.work():
            time.sleep(0.01)


def run_layer(servers: str) -> None:
    """A Worker with several jobs at once, plain handlers and coroutines."""
    dispatcher = EventDispatcher()
    for name in (EventName.WORKER_FAILURE, EventName.FUNCTION_FAILURE):
        dispatcher.add_listener(name, lambda event: None)
    Worker(
        servers, coroutines, dispatcher, serializer=RawSerializer(), concurrency=4, idle_interval=1, connect_timeout=2
    ).run()


def main() -> None:
    """Runs the worker that SOAK_WORKER names."""
    die_with_parent()
    warnings.simplefilter("ignore", GearmanWarning)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    servers = os.environ["SOAK_SERVERS"]
    if os.environ["SOAK_WORKER"] == "GearmanWorker":
        run_mirror(servers)
    else:
        run_layer(servers)
