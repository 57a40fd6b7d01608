"""Awaits jobs of two servers that are killed, restarted and frozen, and cancels a third of the calls.

    python -m tests.stress.awaiting 300             300 seconds, with 1,000 calls outstanding
    python -m tests.stress.awaiting 300 --uvloop    in the event loop of uvloop

A call may fail or time out while its server is away, but must end, and every answer must be that of its job. Memory
and descriptors must not grow.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import itertools
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import uvloop

from gearman_cffi import ConnectionFailed, ConnectionLost, JobTimeout, aio
from gearman_cffi.serializers import RawSerializer
from gearman_cffi.testing import Gearmand
from tests.support import Child, connections, wait_until

CALLS = 1000  # outstanding at a time
TIMEOUT = 5.0  # of each call, in seconds
LATE = 30.0  # no call may take so long
GROWTH = 10_000  # KiB of memory since the first quarter
WARM_UP = 10.0  # seconds in which memory may grow more
WORKER = """
worker = worker_of(*PORTS, echo=echo)
while True:
    if not worker.work(): time.sleep(0.01)
"""


def memory() -> int:
    """The resident memory of this process, in KiB."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


class Load:
    """Calls of one client, and what became of them."""

    def __init__(self, client: aio.Client, seconds: float) -> None:
        self.seen: Counter[str] = Counter()
        self.longest = 0.0
        self._client = client
        self._until = time.monotonic() + seconds
        self._numbers = iter(range(sys.maxsize))
        self._chance = random.Random(24)

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self._until

    async def run(self) -> None:
        """Keeps one call outstanding."""
        while not self.is_over:
            begin = time.monotonic()
            self.seen[await self._call(next(self._numbers))] += 1
            self.longest = max(self.longest, time.monotonic() - begin)

    async def _call(self, number: int) -> str:
        chance, workload = self._chance, b"%d" % number
        # Some tasks share a job.
        unique = f"{number // 3}" if chance.random() < 0.1 else None
        call = self._client.execute_job("echo", workload, unique=unique, timeout=TIMEOUT)
        task = asyncio.ensure_future(call)
        if chance.random() < 1 / 3:
            await asyncio.wait([task], timeout=chance.choice([0, 0.001, 0.02]))
            if task.cancel():
                await asyncio.wait([task])
                return "cancelled"
        try:
            answer = await task
        except (ConnectionFailed, ConnectionLost) as error:
            await asyncio.sleep(0.05)
            return type(error).__name__
        except JobTimeout:
            return "JobTimeout"
        return "right" if answer == workload or (unique and int(answer) // 3 == number // 3) else "wrong"


async def disturb(servers: list[Gearmand], load: Load) -> None:
    """Kills and restarts each server, and freezes it for several times, in turn."""
    chance, loop = random.Random(7), asyncio.get_running_loop()
    for frozen_seconds, server in itertools.cycle(itertools.product((0, 0.1, 1, TIMEOUT + 1), reversed(servers))):
        await asyncio.sleep(chance.uniform(0.1, 1))
        if load.is_over:
            return
        if frozen_seconds:
            server.pause()
            await asyncio.sleep(frozen_seconds)
            server.resume()
        else:
            server.kill()
            await asyncio.sleep(chance.uniform(0, 0.3))
            await loop.run_in_executor(None, server.start)


async def measure(load: Load, seconds: float) -> tuple[int, int]:
    """Returns by how many KiB memory has grown since the first quarter of the time, and the descriptors at the end."""
    await asyncio.sleep(seconds / 4)
    before = memory()
    while not load.is_over:
        await asyncio.sleep(0.1)
    return memory() - before, descriptors()


async def stress(servers: list[Gearmand], seconds: float) -> list[str]:
    """Returns what was wrong."""
    before = descriptors()
    async with aio.Client(",".join(server.address for server in servers), RawSerializer()) as client:
        load = Load(client, seconds)
        measuring = asyncio.ensure_future(measure(load, seconds))
        await asyncio.gather(disturb(servers, load), *(load.run() for _ in range(CALLS)))
        grown, most = await measuring
    gc.collect()
    print(dict(load.seen), f"longest {load.longest:.1f} s, memory +{grown} KiB, {most} descriptors", flush=True)
    wrong = [f"{load.seen['wrong']} wrong answers"] if load.seen["wrong"] else []
    wrong += [f"a call took {load.longest:.1f} s"] if load.longest > LATE else []
    wrong += [f"memory grew by {grown} KiB"] if grown > GROWTH and seconds > WARM_UP else []
    wrong += [f"{descriptors() - before} descriptors are left"] if descriptors() > before + 2 else []
    wrong += ["no answers"] if load.seen["right"] < seconds * 100 else []
    return wrong


@contextmanager
def workers(servers: list[Gearmand]) -> Iterator[None]:
    """Two processes serve each server during the block. A frozen server holds up none of the other's."""
    with ExitStack() as stack:
        for server in servers:
            for _ in range(2):
                stack.enter_context(Child(WORKER, server.port))
        for server in servers:
            wait_until(lambda server=server: connections(server) == 2, "the workers are connected")  # type: ignore[misc]
        yield


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--uvloop", action="store_true")
    arguments = parser.parse_args()
    with Gearmand() as one, Gearmand() as other, workers([one, other]):
        loop = uvloop.new_event_loop() if arguments.uvloop else asyncio.new_event_loop()
        wrong = loop.run_until_complete(stress([one, other], arguments.seconds))
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
    print(*wrong or ["all is well"], sep="\n")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
