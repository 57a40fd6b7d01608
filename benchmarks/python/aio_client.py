"""aio_client WORK PORT JOBS WARMUP SIZE IN_FLIGHT LIBRARY: echoes by so many tasks of one event loop.

LIBRARY: gearman_cffi, for gearman_cffi.aio with the raw serializer; aiogear; or asyncio, which submits no job.
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Iterator

from benchmarks.python.common import FUNCTION, Meter, await_go, check, say_ready

Echo = Callable[[int], Awaitable[None]]
BATCH = 50  # about as many as gearmand answers at a time


async def gearman_cffi_echo(port: int, workload: bytes) -> Echo:
    """One job through gearman_cffi.aio."""
    from gearman_cffi import aio
    from gearman_cffi.serializers import RawSerializer

    client = aio.Client(f"127.0.0.1:{port}", RawSerializer())

    async def echo(number: int) -> None:
        answer = await client.execute_job(FUNCTION, workload, unique=f"bench-{number}")
        if answer != workload:
            check(False, "execute_job")

    return echo


async def aiogear_echo(port: int, workload: bytes) -> Echo:
    """One job through aiogear."""
    from aiogear import Client  # type: ignore[import-not-found,import-untyped,unused-ignore]

    loop = asyncio.get_running_loop()
    _, client = await loop.create_connection(Client, "127.0.0.1", port)

    async def echo(number: int) -> None:
        created = await client.submit_job(FUNCTION, workload, uuid=f"bench-{number}")
        done = await client.wait_job(created.handle)
        if len(done.result) != len(workload):
            check(False, "submit_job")

    return echo


async def asyncio_echo(port: int, workload: bytes) -> Echo:
    """What asyncio takes by itself for so many tasks: each awaits a future, which a callback of the event loop sets."""
    loop = asyncio.get_running_loop()
    waiting: deque[asyncio.Future[None]] = deque()

    def answer() -> None:
        for _ in range(min(BATCH, len(waiting))):
            waiting.popleft().set_result(None)
        if waiting:
            loop.call_soon(answer)

    async def echo(number: int) -> None:
        future = loop.create_future()
        waiting.append(future)
        if len(waiting) == 1:
            loop.call_soon(answer)
        await future

    return echo


LIBRARIES = {"gearman_cffi": gearman_cffi_echo, "aiogear": aiogear_echo, "asyncio": asyncio_echo}


async def run(echo: Echo, numbers: Iterator[int], in_flight: int) -> None:
    """Runs the echoes, so many at once."""

    async def work() -> None:
        for number in numbers:
            await echo(number)

    await asyncio.gather(*(work() for _ in range(in_flight)))


async def measure(arguments: list[str]) -> None:
    """Measures the echoes."""
    port, jobs, warmup, size, in_flight = map(int, arguments[1:6])
    echo = await LIBRARIES[arguments[6]](port, b"x" * size)
    await run(echo, iter(range(warmup)), in_flight)
    meter = Meter()
    say_ready()
    await_go()
    meter.begin()
    await run(echo, iter(range(warmup, warmup + jobs)), in_flight)
    meter.finish()
    meter.report(jobs)


if __name__ == "__main__":
    asyncio.run(measure(sys.argv[1:]))
