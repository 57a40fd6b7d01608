"""Runs many processes with clients of several servers, none of which may hang although its answer has arrived (Q04).

gearman_client_do_background() of libgearman 1.1.20 hangs in 10 to 50 of 100 processes:

    python -m tests.stress.several_servers 300                      two and three servers, quiet and restarting
    python -m tests.stress.several_servers 300 --servers 2 --quiet  two servers that stay up

A process calls doBackground() 30 times and jobStatus() for each job, without a timeout. If the servers stay up, every
answer must be right. If they are restarted in turn, a call may fail, but must end.
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

from gearman_cffi.testing import Gearmand
from tests.stress import processes as shared
from tests.support import Child

CALLS = 30
DEADLINE = 30.0  # seconds; a process takes less than one
RESTARTS = 0.5  # seconds that a process runs if servers are restarted, so that it meets a few restarts
PROGRAM = f"""
client, calls, right, longest = client_of(), 0, 0, 0.0
until = time.monotonic() + SECONDS
for port in PORTS:
    try: client.addServer("127.0.0.1", port)
    except GearmanException: pass  # it is away at the moment
while calls < {CALLS} or time.monotonic() < until:
    calls += 1
    begin = time.monotonic()
    handle = client.doBackground("stress", str(calls))
    right += bool(handle) and client.jobStatus(handle) == [True, False, 0, 0]
    longest = max(longest, time.monotonic() - begin)
say(calls, right, longest)
"""


@dataclass
class Outcome(shared.Outcome):
    """And in how many rounds a call failed, and the longest time in seconds."""

    rounds: int = 0
    unanswered: int = 0
    longest: float = 0.0


def restart(servers: list[Gearmand], over: threading.Event) -> None:
    """Restarts one server after the other."""
    for server in itertools.cycle(servers):
        if over.wait(0.02):
            return
        server.kill()
        if over.wait(0.02):
            return
        server.start()


def run(processes: int, servers: int, restarts: bool) -> Outcome:
    """Runs the processes, two at a time."""
    outcome = Outcome()
    with ExitStack() as stack:
        running = [stack.enter_context(Gearmand()) for _ in range(servers)]
        ports = [server.port for server in running]

        program = f"SECONDS = {RESTARTS if restarts else 0}\n" + PROGRAM

        def one(_: int) -> None:
            with Child(program, *ports) as child:
                if not outcome.await_end(child, DEADLINE):
                    return
                rounds, right, longest = child.line().split()
                outcome.rounds += int(rounds)
                outcome.unanswered += int(rounds) - int(right)
                outcome.longest = max(outcome.longest, float(longest))

        if restarts:
            stack.enter_context(shared.meanwhile(partial(restart, running)))
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(one, range(processes)))
    return outcome


def main() -> int:
    """Prints a line for each combination. Returns 1 if a process hung or failed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("processes", type=int)
    parser.add_argument("--servers", type=int, action="append", help="may be given again; 2 and 3 where it is not")
    parser.add_argument("--quiet", action="store_true", help="only with servers that stay up")
    arguments = parser.parse_args()
    bad = 0
    for servers, restarts in itertools.product(
        arguments.servers or [2, 3], [False] if arguments.quiet else [False, True]
    ):
        outcome = run(arguments.processes, servers, restarts)
        bad += outcome.hung + len(outcome.failed)
        print(f"{servers} servers{', restarting' * restarts}: {arguments.processes} processes, {outcome}", flush=True)
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
