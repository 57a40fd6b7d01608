"""aio.Client when servers go away, freeze, come back, or do not answer."""

from __future__ import annotations

import asyncio
import socket
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from gearman_cffi import ConnectionFailed, ConnectionLost, Job, JobTimeout, aio
from gearman_cffi.ext import GearmanJob
from gearman_cffi.serializers import RawSerializer
from gearman_cffi.testing import Gearmand
from tests.aio.conftest import Run
from tests.stress.awaiting import stress, workers
from tests.support import frozen, queued, serving, wait_until


def echo(job: GearmanJob, _: Any) -> bytes:
    return job.workload()


@pytest.fixture
def second() -> Iterator[Gearmand]:
    with Gearmand() as server:
        yield server


def client_of(*servers: Gearmand, **options: Any) -> aio.Client:
    return aio.Client(",".join(server.address for server in servers), RawSerializer(), **options)


def left_out(client: aio.Client) -> list[tuple[str, int]]:
    """The servers that are left out for a while."""
    assert client._lanes is not None
    return list(client._lanes._left_out)


class TestOneServer:
    def test_a_restart_between_calls(self, gearmand: Gearmand, run: Run) -> None:
        """The server closed the connection; the call opens a new one."""

        async def main() -> None:
            async with client_of(gearmand) as client:
                for _ in range(3):
                    assert await client.execute_in_background("f", b"x")
                    gearmand.restart()
                gearmand.restart()
                await asyncio.sleep(0.05)
                assert await client.execute_in_background("f", b"x")

        run(main())

    def test_a_loss_with_a_thousand_outstanding(self, gearmand: Gearmand, run: Run) -> None:
        """All calls end; later ones use the server that is there again."""

        async def main() -> None:
            async with client_of(gearmand) as client:
                for _ in range(3):
                    tasks = [asyncio.ensure_future(client.execute_job("none", b"x")) for _ in range(1000)]
                    await asyncio.get_running_loop().run_in_executor(None, wait_for_jobs)
                    gearmand.kill()
                    ended = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 20)
                    assert Counter(type(one) for one in ended) == {ConnectionLost: 1000}
                    with pytest.raises(ConnectionFailed):
                        await client.execute_job("none", b"x")
                    gearmand.start()
                    assert await client.execute_in_background("f", b"x")

        def wait_for_jobs() -> None:
            wait_until(lambda: queued(gearmand, "none") == 1000, "all jobs are there")

        run(main())

    def test_restarts_under_load(self, gearmand: Gearmand, run: Run) -> None:
        """Every answer that comes is the right one, and every call ends."""

        async def main() -> None:
            async with client_of(gearmand) as client:
                numbers = iter(range(6000))
                seen: Counter[type] = Counter()

                async def many() -> None:
                    for number in numbers:
                        try:
                            assert await client.execute_job("echo", b"%d" % number, timeout=20) == b"%d" % number
                            seen[bytes] += 1
                        except (ConnectionLost, ConnectionFailed) as error:
                            seen[type(error)] += 1
                            await asyncio.sleep(0.02)

                async def restart() -> None:
                    for _ in range(4):
                        await asyncio.sleep(0.15)
                        await asyncio.get_running_loop().run_in_executor(None, gearmand.restart)

                with serving(gearmand, echo=echo):
                    await asyncio.gather(restart(), *(many() for _ in range(200)))
                assert seen[bytes] > 1000

        run(main())

    def test_nobody_listens(self, run: Run) -> None:
        async def main() -> None:
            with Gearmand() as server:
                address = server.address
            async with aio.Client(address) as client:
                calls = (client.execute_job("f", 1) for _ in range(300))
                ended = await asyncio.gather(*calls, return_exceptions=True)
                assert {type(one) for one in ended} == {ConnectionFailed}

        run(main())

    def test_an_unknown_host(self, run: Run) -> None:
        async def main() -> None:
            async with aio.Client("no-such-host.invalid") as client:
                with pytest.raises(ConnectionFailed):
                    await client.execute_job("f", 1)

        run(main())

    def test_a_host_name(self, gearmand: Gearmand, run: Run) -> None:
        """localhost may have an address on which the server does not listen."""

        async def main() -> None:
            async with aio.Client(f"localhost:{gearmand.port}") as client:
                assert await client.execute_in_background("f", 1)

        run(main())

    def test_a_server_that_never_answers(self, run: Run) -> None:
        """Opening a connection takes limited time, and does not hold up the loop."""

        async def main() -> None:
            with socket.create_server(("127.0.0.1", 0)) as silent:
                async with aio.Client(f"127.0.0.1:{silent.getsockname()[1]}", connect_timeout=0.2) as client:
                    ticks = 0

                    async def tick() -> None:
                        nonlocal ticks
                        while True:
                            await asyncio.sleep(0.01)
                            ticks += 1

                    ticking = asyncio.ensure_future(tick())
                    began = time.monotonic()
                    with pytest.raises(ConnectionFailed):
                        await client.execute_job("f", 1)
                    assert 0.15 < time.monotonic() - began < 5
                    assert ticks > 3
                    with pytest.raises(JobTimeout):
                        await client.execute_job("f", 1, timeout=0.05)
                    ticking.cancel()

        run(main())


class TestTwoServers:
    def test_stress(self, gearmand: Gearmand, second: Gearmand) -> None:
        """1,000 calls outstanding, a third cancelled, both servers killed and frozen. tests/stress is longer."""
        with workers([gearmand, second]):
            assert asyncio.run(stress([gearmand, second], 2)) == []

    def test_the_order_is_that_of_the_client(self, gearmand: Gearmand, second: Gearmand, run: Run) -> None:
        async def main() -> None:
            async with client_of(gearmand, second) as client:
                await client.execute_in_background("f", b"x")
                second.stop()
                await client.execute_in_background("g", b"x")

        run(main())
        assert queued(gearmand, "f") == 0
        assert queued(gearmand, "g") == 1

    def test_execute_jobs_submits_again(self, gearmand: Gearmand, second: Gearmand, run: Run) -> None:
        """What a lost server has not answered goes to the other one."""

        async def main() -> None:
            async with client_of(gearmand, second) as client:
                running = asyncio.ensure_future(client.execute_jobs([Job("echo", b"%d" % n) for n in range(150)]))
                loop = asyncio.get_running_loop()
                await loop.run_in_executor(None, wait_for_jobs)
                second.kill()
                with serving(gearmand, echo=echo):
                    assert await running == [b"%d" % n for n in range(150)]

        def wait_for_jobs() -> None:
            wait_until(lambda: queued(gearmand, "echo") + queued(second, "echo") == 150, "all jobs are there")

        run(main())

    def test_one_freezes(self, gearmand: Gearmand, second: Gearmand, run: Run) -> None:
        """Its jobs end at their timeouts; the next ones go to the other server."""

        async def main() -> None:
            async with client_of(gearmand, second) as client:
                with serving(gearmand, echo=echo), serving(second, echo=echo):
                    assert await client.execute_job("echo", b"x") == b"x"
                    with frozen(second):
                        calls = (client.execute_job("echo", b"x", timeout=0.3) for _ in range(100))
                        ended = await asyncio.gather(*calls, return_exceptions=True)
                        assert {type(one) for one in ended} == {JobTimeout}
                        calls = (client.execute_job("echo", b"%d" % n, timeout=10) for n in range(100))
                        assert await asyncio.gather(*calls) == [b"%d" % n for n in range(100)]

        run(main())

    def test_one_does_not_answer_at_first(self, gearmand: Gearmand, run: Run) -> None:
        """The call tries the other one in time, and later calls do so at once."""

        async def main() -> None:
            with socket.create_server(("127.0.0.1", 0)) as silent:
                servers = f"{gearmand.address},127.0.0.1:{silent.getsockname()[1]}"
                async with aio.Client(servers, connect_timeout=0.2) as client:
                    assert await client.execute_in_background("f", b"x", timeout=20)
                    await client.close()
                async with aio.Client(servers) as client:
                    assert await client.execute_in_background("f", b"x", timeout=2)

        run(main())

    @pytest.mark.parametrize("order", [1, -1])
    def test_one_refuses_and_the_other_does_not_answer(self, run: Run, order: int) -> None:
        """Each call ends when its time is over."""

        async def main() -> None:
            with socket.create_server(("127.0.0.1", 0)) as closed, socket.create_server(("127.0.0.1", 0)) as silent:
                servers = [f"127.0.0.1:{each.getsockname()[1]}" for each in (closed, silent)]
                closed.close()
                async with aio.Client(",".join(servers[::order]), timeout=0.5, connect_timeout=30) as client:
                    calls = [client.execute_job("f", b"x"), client.execute_in_background("f", b"x")]
                    for ended in await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 20):
                        assert isinstance(ended, (JobTimeout, ConnectionFailed))

        run(main())

    def test_a_call_is_cancelled_while_one_does_not_answer(self, gearmand: Gearmand, run: Run) -> None:
        """The server is left out all the same, and the calls that wait for the connection go to the other one."""

        async def main() -> None:
            with socket.create_server(("127.0.0.1", 0)) as silent:
                servers = f"{gearmand.address},127.0.0.1:{silent.getsockname()[1]}"
                async with aio.Client(servers, RawSerializer(), connect_timeout=0.3) as client:
                    cancelled = asyncio.ensure_future(client.execute_in_background("f", b"x"))
                    waiting = [asyncio.ensure_future(client.execute_in_background("g", b"x")) for _ in range(3)]
                    await asyncio.sleep(0.05)
                    cancelled.cancel()
                    assert all(await asyncio.gather(*waiting))
                    assert left_out(client) == [silent.getsockname()]

        run(main())
        assert queued(gearmand, "f") == 0
        assert queued(gearmand, "g") == 3

    def test_the_only_call_is_cancelled_while_one_does_not_answer(self, gearmand: Gearmand, run: Run) -> None:
        async def main() -> None:
            with socket.create_server(("127.0.0.1", 0)) as silent:
                servers = f"{gearmand.address},127.0.0.1:{silent.getsockname()[1]}"
                async with aio.Client(servers, connect_timeout=0.1) as client:
                    with pytest.raises(asyncio.TimeoutError):
                        await asyncio.wait_for(client.execute_job("f", b"x"), 0.05)
                    for _ in range(1000):
                        if left_out(client):
                            break
                        await asyncio.sleep(0.01)
                    assert left_out(client) == [silent.getsockname()]

        run(main())
