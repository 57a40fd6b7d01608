"""Runs many jobs at once in a worker while its two servers are killed, restarted and frozen: no answer may be wrong.

    python -m tests.stress.concurrent_worker 60       for a minute

After a restart a server gives the same handles to other jobs, so a result that came over the wrong connection would
answer one of them. At the end the worker must have no job left, and all of its room.
"""

from __future__ import annotations

import argparse
import asyncio
import faulthandler
import random
import sys
import threading
import time
from contextlib import suppress
from typing import Any

from gearman_cffi import Client, EventDispatcher, EventName, FunctionHandler, GearmanError, Job, Worker
from gearman_cffi.testing import Gearmand
from tests.python_layer.workers import Running

CLIENTS = 12
SIZES = (1, 100, 9_000, 100_000, 5_000_000)  # bytes of a payload; the last one fills the buffers of a socket


async def coroutine(job: Job) -> Any:
    await asyncio.sleep(0.005)
    return job.get_workload()


def plain(job: Job) -> Any:
    time.sleep(0.003)
    job.send_status(1, 2)
    return job.get_workload()


class Caller(threading.Thread):
    """Submits jobs, one after the other, and compares the answers."""

    def __init__(self, server: Gearmand, function: str, over: threading.Event) -> None:
        super().__init__(daemon=True)
        self.answered = 0
        self.wrong: list[tuple[str, object]] = []
        self._client = Client(server.address, timeout=5)
        self._function = function
        self._over = over

    def run(self) -> None:
        number = 0
        while not self._over.is_set():
            number += 1
            load = f"{self.name} {number} " + "x" * random.choice(SIZES)
            with suppress(GearmanError):  # its server is away
                answer = self._client.execute_job(self._function, load)
                self.answered += 1
                if answer != load:
                    self.wrong.append((load[:40], answer))


def disturb(servers: list[Gearmand], until: float) -> int:
    """Kills or freezes one server after the other. Returns how many were killed."""
    kills = 0
    while time.monotonic() < until:
        time.sleep(random.uniform(0.02, 0.25))
        server = random.choice(servers)
        if random.random() < 0.3:
            server.pause()
            time.sleep(random.uniform(0, 0.5))
            server.resume()
        else:
            server.kill()
            server.start()
            kills += 1
    return kills


def main() -> int:
    """Returns 1 if an answer was wrong, or the worker has kept something."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seconds", type=float)
    seconds = parser.parse_args().seconds
    faulthandler.enable()
    dispatcher, over = EventDispatcher(), threading.Event()
    for name in (EventName.WORKER_FAILURE, EventName.FUNCTION_FAILURE):
        dispatcher.add_listener(name, lambda event: None)
    handlers = [FunctionHandler("coroutine", coroutine), FunctionHandler("plain", plain, concurrency=5)]
    with Gearmand() as one, Gearmand() as two:
        worker = Worker(f"{one.address},{two.address}", handlers, dispatcher, concurrency=20, signals=())
        running = Running(worker)
        running.start()
        callers = [
            Caller((one, two)[number // 2 % 2], ("coroutine", "plain")[number % 2], over) for number in range(CLIENTS)
        ]
        for caller in callers:
            caller.start()
        kills = disturb([one, two], time.monotonic() + seconds)
        over.set()
        for caller in callers:
            caller.join()
        work = worker._concurrent_work
        assert work is not None
        deadline = time.monotonic() + 10
        while work._running and time.monotonic() < deadline:
            time.sleep(0.05)
        kept = [
            len(work._running),
            len(work._outbox._jobs),
            *(limit.taken for source in work._sources for limit in source._limits),
        ]
        worker.stop()
        running.await_end()
    wrong = [one for caller in callers for one in caller.wrong]
    print(f"{kills} kills, {sum(caller.answered for caller in callers)} answers, wrong: {wrong[:3]}, kept: {kept}")
    return 1 if wrong or any(kept) else 0


if __name__ == "__main__":
    sys.exit(main())
