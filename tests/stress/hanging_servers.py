"""Runs processes with clients and workers of several servers, which stand still (SIGSTOP) in turn.

    python -m tests.stress.hanging_servers 100                two and three servers
    python -m tests.stress.hanging_servers 100 --servers 3

A process submits background jobs for some seconds, without a timeout. No process may hang, and each job whose handle
came must be done, at its first try.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from gearman_cffi import Job, RawSerializer, Worker
from gearman_cffi.testing import Gearmand
from tests.python_layer.workers import handlers, running_already
from tests.stress import processes as shared
from tests.support import Child, Serving, frozen, queued, wait_until

DEADLINE = 60.0  # seconds
STILL, GOES_ON = 0.7, 0.1  # seconds
PROGRAM = """
client, number = client_of(), 0
until = time.monotonic() + 2
for port in PORTS: client.addServer("127.0.0.1", port, setupExceptionHandler=False)
while time.monotonic() < until:
    number += 1
    workload = f"{os.getpid()} {number}"
    if client.doBackground("stress", workload): say(workload)
say("over")
"""


@dataclass
class Outcome(shared.Outcome):
    """And how many jobs were acknowledged, and how many of them were not done."""

    acknowledged: int = 0
    lost: int = 0


def hang(servers: list[Gearmand], over: threading.Event) -> None:
    """One server after the other stands still."""
    for server in itertools.cycle(servers):
        with frozen(server):
            over.wait(STILL)
        if over.wait(GOES_ON):
            return


def run(processes: int, count: int) -> Outcome:
    """Runs the processes, two at a time, beside a Worker and a GearmanWorker."""
    outcome = Outcome()
    acknowledged: set[str] = set()
    done: set[str] = set()

    def do(job: Job) -> None:
        done.add(job.get_workload().decode())

    def one(_: int) -> None:
        with Child(PROGRAM, *(server.port for server in servers)) as child:
            if outcome.await_end(child, DEADLINE):
                acknowledged.update(iter(child.line, "over"))

    with ExitStack() as stack:
        servers = [stack.enter_context(Gearmand(["--job-retries=1"])) for _ in range(count)]
        layer = Worker(
            [server.address for server in servers], handlers(stress=do), serializer=RawSerializer(), signals=()
        )
        stack.enter_context(running_already(layer))
        mirror = Serving(servers, {"stress": lambda job, context: done.add(job.workload().decode())})
        stack.callback(mirror.end)
        mirror.start()
        with shared.meanwhile(partial(hang, servers)), ThreadPoolExecutor(2) as pool:
            list(pool.map(one, range(processes)))
        wait_until(lambda: not any(queued(server, "stress") for server in servers), "all jobs are done", DEADLINE)
    outcome.acknowledged = len(acknowledged)
    outcome.lost = len(acknowledged - done)
    return outcome


def main() -> int:
    """Prints a line for each number of servers. Returns 1 if a process hung or failed, or a job was lost."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("processes", type=int)
    parser.add_argument("--servers", type=int, action="append", help="may be given again; 2 and 3 where it is not")
    arguments = parser.parse_args()
    bad = 0
    for count in arguments.servers or [2, 3]:
        outcome = run(arguments.processes, count)
        bad += outcome.hung + len(outcome.failed) + outcome.lost
        print(f"{count} servers that stand still in turn: {arguments.processes} processes, {outcome}", flush=True)
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
