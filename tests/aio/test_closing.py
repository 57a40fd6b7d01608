"""aio.Client: closing a client or a watch, and calls that are cancelled before their job is submitted."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from gearman_cffi import ConnectionLost, GearmanError, Job, JobTimeout, aio
from gearman_cffi.ext import GearmanJob
from gearman_cffi.serializers import RawSerializer
from gearman_cffi.testing import Gearmand
from tests.aio.conftest import Run
from tests.support import connections, serving, wait_until


def echo(job: GearmanJob, _: Any) -> bytes:
    return job.workload()


@pytest.fixture
def server(gearmand: Gearmand) -> Iterator[Gearmand]:
    """A server with a worker."""
    with serving(gearmand, echo=echo):
        yield gearmand


class Lookup:
    """Replaces the loop's lookup of names by one that waits for found.set(), or for ever."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.found = asyncio.Event(), asyncio.Event()
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", self._look_up)

    async def _look_up(self, host: str, port: int, **_: object) -> list[object]:
        self.begun.set()
        await self.found.wait()
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]


def test_a_closed_watch(server: Gearmand, run: Run) -> None:
    """Whoever waits for the result gets an error, now and later."""

    async def main() -> None:
        async with aio.Client(server.address, RawSerializer()) as client:
            watch = client.watch_job("none", b"x")
            waiting = asyncio.ensure_future(watch.result())
            while not watch.handle:
                await asyncio.sleep(0.01)
            await watch.aclose()
            for result in waiting, watch.result():
                with pytest.raises(GearmanError, match="was closed before the job ended"):
                    await asyncio.wait_for(result, 20)
            assert [update async for update in watch] == []

    run(main())


def test_waits_that_end_leave_nothing(server: Gearmand, run: Run) -> None:
    async def main() -> None:
        async with aio.Client(server.address, RawSerializer()) as client:
            watch = client.watch_job("none", b"x")
            counts = []
            for _ in range(2):
                for _ in range(50):
                    with pytest.raises(asyncio.TimeoutError):
                        await asyncio.wait_for(watch.result(), 0.001)
                gc.collect()
                counts.append(sum(isinstance(one, asyncio.Future) for one in gc.get_objects()))
            assert counts[1] < counts[0] + 10

    run(main())


@pytest.mark.parametrize("run", ["asyncio"], indirect=True)  # nothing of uvloop's loop can be replaced
class TestDuringTheLookup:
    def test_the_first_waiter_is_cancelled(self, server: Gearmand, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        """Another one submits the job."""

        async def main() -> None:
            lookup = Lookup(monkeypatch)
            async with aio.Client(f"some.invalid:{server.port}", RawSerializer()) as client:
                watch = client.watch_job("echo", b"x")
                first, second = (asyncio.ensure_future(watch.result()) for _ in range(2))
                await lookup.begun.wait()
                first.cancel()
                lookup.found.set()
                assert await asyncio.wait_for(second, 20) == b"x"

        run(main())

    def test_the_timeout_of_another_call(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        """It does not wait for the lookup that another call has begun."""

        async def main() -> None:
            lookup = Lookup(monkeypatch)
            client = aio.Client("some.invalid", RawSerializer())
            first = asyncio.ensure_future(client.execute_job("f", b"x", timeout=60))
            await lookup.begun.wait()
            with pytest.raises(JobTimeout):
                await asyncio.wait_for(client.execute_job("f", b"x", timeout=0.05), 20)
            assert not first.done()
            first.cancel()
            await asyncio.wait([first])

        run(main())


def test_a_stream_whose_client_is_closed(server: Gearmand, run: Run) -> None:
    """It takes no more jobs, and raises when those that were outstanding have ended. No connection stays open."""
    before = connections(server)

    async def main() -> None:
        taken: list[int] = []
        answers: list[Any] = []

        def jobs() -> Iterator[Job]:
            for number in range(1000):
                taken.append(number)
                yield Job("echo", b"x")

        client = aio.Client(server.address, RawSerializer())

        async def consume() -> None:
            async for _, answer in client.stream_jobs(jobs(), in_flight=10):
                answers.append(answer)
                if len(answers) == 30:
                    await client.close()

        with pytest.raises(ConnectionLost, match="the client was closed"):
            await consume()
        assert len(answers) == len(taken) < 100
        assert all(answer == b"x" or isinstance(answer, ConnectionLost) for answer in answers)

    run(main())
    wait_until(lambda: connections(server) == before, "the connections are closed")
