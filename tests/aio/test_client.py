"""aio.Client: jobs that many tasks of one event loop await at once."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gearman_cffi import (
    ConnectionLost,
    InvalidArgument,
    JobException,
    JobFailed,
    JobStatus,
    JobTimeout,
    JobUpdate,
    Priority,
    ServerError,
    aio,
)
from gearman_cffi.ext import ConcurrentUseError, GearmanJob, capabilities
from gearman_cffi.job_update import UpdateKind
from gearman_cffi.serializers import RawSerializer
from gearman_cffi.testing import Gearmand
from tests._libgearman.fake_servers import fake_server, packet, requests
from tests.aio.conftest import Run
from tests.support import HOST, WITHOUT_INTERPOSITION, connections, frozen, queued, serving, wait_until

SUBMIT_JOB, JOB_CREATED, WORK_COMPLETE, GET_STATUS, ECHO_RES, STATUS_RES = 7, 8, 13, 15, 17, 20


def echo(job: GearmanJob, _: Any) -> bytes:
    return job.workload()


def progress(job: GearmanJob, _: Any) -> bytes:
    job.sendStatus(1, 4)
    job.sendData(b"part ")
    job.sendWarning(b"careful")
    return job.workload()


def fail(job: GearmanJob, _: Any) -> None:
    job.sendFail()


def refuse(job: GearmanJob, _: Any) -> None:
    job.sendException(b"ValueError: no")


@pytest.fixture
def server(gearmand: Gearmand) -> Iterator[Gearmand]:
    """A server with a worker."""
    with serving(gearmand, echo=echo, progress=progress, fail=fail, refuse=refuse):
        yield gearmand


def raw(server: Gearmand, **options: Any) -> aio.Client:
    return aio.Client(server.address, RawSerializer(), **options)


def loads(client: aio.Client) -> list[int]:
    """How many jobs each of its connections has."""
    assert client._lanes is not None
    return [lane.load for group in client._lanes._lanes.values() for lane in group]


def unread_bytes(server: Gearmand) -> int:
    """What the server's sockets have received, and the server has not read."""
    rows = (row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:])
    port = f":{server.port:04X}"
    return sum(int(row[4].partition(":")[2], 16) for row in rows if row[1].endswith(port))


class TestOneJob:
    def test_a_result(self, server: Gearmand, run: Run) -> None:
        async def main() -> None:
            async with aio.Client(server.address) as client:
                assert await client.execute_job("echo", {"a": [1, None]}) == {"a": [1, None]}
                assert await client.execute_job("echo", "", Priority.HIGH, unique="k", timeout=10) == ""

        run(main())

    def test_a_background_job_and_its_status(self, gearmand: Gearmand, run: Run) -> None:
        async def main() -> None:
            async with aio.Client(gearmand.address) as client:
                handle = await client.execute_in_background("none", 1, Priority.LOW, unique="k")
                queued_job = JobStatus(is_known=True)
                assert await client.get_job_status(handle) == queued_job
                assert await client.get_job_status_by_unique("k") == queued_job
                assert await client.get_job_status("H:x:1") == JobStatus()
                assert await asyncio.gather(*(client.get_job_status(handle) for _ in range(50))) == [queued_job] * 50
                assert await client.execute_in_background("none", 1) != handle

        run(main())
        assert queued(gearmand, "none") == 2

    def test_an_echo_in_place_of_the_first_answer(self, run: Run) -> None:
        """The call fails at once: the answer to the client's own question when it connects is another one."""

        def serve(connection: socket.socket, number: int) -> None:
            connection.recv(4096)
            connection.sendall(packet(ECHO_RES, b"exceptions"))
            connection.recv(4096)

        async def main(address: str) -> None:
            async with aio.Client(address, RawSerializer(), timeout=20) as client:
                with pytest.raises(ServerError, match="does not speak Gearman's protocol"):
                    await client.execute_job("f", b"x")

        with fake_server(serve) as port:
            run(main(f"{HOST}:{port}"))

    def test_many_statuses(self, gearmand: Gearmand, run: Run) -> None:
        """By handle and by key, of jobs that are known and that are not, and a job after them."""

        async def main() -> None:
            async with raw(gearmand) as client:
                handles = [await client.execute_in_background("none", b"x", unique=f"key {n}") for n in range(5)]
                calls = [client.get_job_status_by_unique(key) for key in ("key 1", "no key", "key 3", "key 1") * 10]
                calls += [client.get_job_status(handle) for handle in ("H:none:1", *handles) * 10]
                known = [status.is_known for status in await asyncio.gather(*calls)]
                assert known == [True, False, True, True] * 10 + [False, True, True, True, True, True] * 10
                assert await client.execute_in_background("none", b"x") not in handles

        run(main())

    def test_a_status_while_the_first_job_has_no_handle(self, run: Run) -> None:
        """The server acknowledges the job after it was asked for the status of another one (Q47)."""
        is_submitted, is_asked = threading.Event(), threading.Event()

        def serve(connection: socket.socket, number: int) -> None:
            for command, _ in requests(connection):
                if command == GET_STATUS:
                    is_asked.set()
                    connection.sendall(packet(STATUS_RES, b"H:x:9", b"0", b"0", b"0", b"0"))
                elif command == SUBMIT_JOB:
                    is_submitted.set()
                    is_asked.wait(10)
                    connection.sendall(packet(JOB_CREATED, b"H:x:1") + packet(WORK_COMPLETE, b"H:x:1", b"result"))

        async def main(address: str) -> None:
            async with aio.Client(address, RawSerializer(), timeout=20) as client:
                job = asyncio.create_task(client.execute_job("f", b"x"))
                while not is_submitted.is_set():
                    await asyncio.sleep(0.01)
                assert await client.get_job_status("H:x:9") == JobStatus()
                assert await job == b"result"

        with fake_server(serve) as port:
            run(main(f"{HOST}:{port}"))

    def test_updates(self, server: Gearmand, run: Run) -> None:
        async def main() -> None:
            async with raw(server) as client:
                watch = client.watch_job("progress", b"end")
                seen = [(update.kind, update.numerator, update.denominator, update.data) async for update in watch]
                assert seen == [
                    (UpdateKind.CREATED, 0, 0, b""),
                    (UpdateKind.STATUS, 1, 4, b""),
                    (UpdateKind.DATA, 1, 4, b"part "),
                    (UpdateKind.WARNING, 1, 4, b"careful"),
                ]
                assert watch.handle.startswith("H:")
                assert await watch.result() == b"part end"
                updates: list[JobUpdate] = []
                assert await client.execute_job("progress", b"x", on_update=updates.append) == b"part x"
                assert [update.kind for update in updates] == [kind for kind, *_ in seen]

        run(main())

    @pytest.mark.parametrize("count", [2, 250])
    def test_updates_of_the_same_job(self, gearmand: Gearmand, run: Run, count: int) -> None:
        """Tasks with the same unique key: each gets every update once, and every part. 250 have several connections."""

        async def main() -> None:
            async with raw(gearmand) as client:
                calls = [asyncio.ensure_future(client.execute_job("progress", b"x", unique="k")) for _ in range(count)]
                watches = [client.watch_job("progress", b"x", unique="k") for _ in range(count)]
                created = await asyncio.gather(*(anext(watch) for watch in watches))
                assert {update.kind for update in created} == {UpdateKind.CREATED}
                assert len({update.handle for update in created}) == 1
                with serving(gearmand, progress=progress):
                    assert await asyncio.gather(*calls) == [b"part x"] * count
                    for watch in watches:
                        updates = [(update.kind, update.data) async for update in watch]
                        assert updates == [
                            (UpdateKind.STATUS, b""),
                            (UpdateKind.DATA, b"part "),
                            (UpdateKind.WARNING, b"careful"),
                        ]
                        assert await watch.result() == b"part x"

        run(main())

    def test_updates_of_a_job_that_others_have_left(self, gearmand: Gearmand, run: Run) -> None:
        """The server sends them their packets all the same: nobody else gets these."""

        async def main() -> None:
            async with raw(gearmand) as client:
                unacknowledged = asyncio.ensure_future(client.execute_job("progress", b"x", unique="k"))
                watches = [client.watch_job("progress", b"x", unique="k") for _ in range(3)]
                await asyncio.sleep(0)
                await asyncio.gather(*(anext(watch) for watch in watches))
                await watches[0].aclose()
                watches.append(client.watch_job("progress", b"x", unique="k"))
                unacknowledged.cancel()
                await anext(watches[3])
                await watches[1].aclose()
                with serving(gearmand, progress=progress):
                    for watch in watches[2:]:
                        assert [update.data async for update in watch] == [b"", b"part ", b"careful"]
                        assert await watch.result() == b"part x"
                assert loads(client) == [0]

        run(main())

    def test_a_watch_that_is_dropped(self, gearmand: Gearmand, run: Run) -> None:
        async def main() -> None:
            async with raw(gearmand) as client:
                watch = client.watch_job("none", b"x")
                await anext(watch)
                del watch
                gc.collect()
                await asyncio.sleep(0)
                assert loads(client) == [0]

        run(main())

    def test_an_update_in_time(self, gearmand: Gearmand, run: Run) -> None:
        """The updates end at the timeout, and result() raises."""

        async def main() -> None:
            async with raw(gearmand) as client:
                watch = client.watch_job("none", b"x", timeout=0.5)
                assert [update.kind async for update in watch] == [UpdateKind.CREATED]
                with pytest.raises(JobTimeout):
                    await watch.result()

        run(main())

    def test_arguments_are_checked_first(self, run: Run) -> None:
        async def main() -> None:
            client = aio.Client("127.0.0.1:1")
            with pytest.raises(InvalidArgument, match="function name must not be empty"):
                await client.execute_job("", 1)
            with pytest.raises(InvalidArgument, match="priority must be"):
                await client.execute_job("f", 1, 7)
            with pytest.raises(ValueError, match="timeout must be above 0"):
                await client.execute_job("f", 1, timeout=0)

        run(main())


class TestManyTasks:
    def test_each_gets_its_own_answer(self, server: Gearmand, run: Run) -> None:
        """5000 tasks, over few connections, without a thread."""
        threads = threading.active_count()

        async def main() -> None:
            async with raw(server) as client:
                payloads = [b"%d" % number for number in range(5000)]
                answers = await asyncio.gather(*(client.execute_job("echo", one) for one in payloads))
                assert answers == payloads
                assert connections(server) <= 51

        run(main())
        assert threading.active_count() == threads
        wait_until(lambda: connections(server) == 1, "only the worker is connected")

    def test_failures_between_results(self, server: Gearmand, run: Run) -> None:
        async def main() -> None:
            async with raw(server) as client:
                functions = ["echo", "fail", "refuse"] * 100
                answers = await asyncio.gather(
                    *(client.execute_job(name, b"x") for name in functions), return_exceptions=True
                )
                kinds = {"echo": bytes, "fail": JobFailed, "refuse": JobException}
                assert [type(answer) for answer in answers] == [kinds[name] for name in functions]

        run(main())

    def test_large_payloads_between_small_ones(self, server: Gearmand, run: Run) -> None:
        """A workload that is sent in parts holds up no other task for ever."""

        async def main() -> None:
            async with raw(server) as client:
                payloads = [b"x" * (8 << 20 if number % 7 == 0 else 10) for number in range(40)]
                answers = await asyncio.gather(*(client.execute_job("echo", one) for one in payloads))
                assert answers == payloads

        run(main())

    def test_waiting_costs_no_cpu(self, gearmand: Gearmand, run: Run) -> None:
        async def main() -> None:
            async with raw(gearmand) as client:
                waiting = [asyncio.ensure_future(client.execute_job("none", b"x")) for _ in range(300)]
                await asyncio.sleep(0.2)
                before = time.process_time()
                await asyncio.sleep(1)
                assert time.process_time() - before < 0.05
                for task in waiting:
                    task.cancel()

        run(main())

    def test_a_late_answer_costs_no_cpu(self, server: Gearmand, run: Run) -> None:
        """It comes when no job is outstanding, and nobody reads it."""

        async def main() -> None:
            async with raw(server) as client:
                with frozen(server), pytest.raises(JobTimeout):
                    await client.execute_job("echo", b"x", timeout=0.05)
                await client.execute_job("echo", b"y")
                before = time.process_time()
                await asyncio.sleep(0.5)
                assert time.process_time() - before < 0.05
                assert await client.execute_job("echo", b"z") == b"z"

        run(main())

    def test_rejected_jobs(self, server: Gearmand, run: Run) -> None:
        """Only the rejected ones fail, each with its own error."""

        async def main() -> None:
            async with raw(server) as client:
                await client.execute_in_background("full", b"x")
                server.ask("maxqueue full 1")
                functions = ["echo", "full", "echo", "full", "echo"] * 50
                answers = await asyncio.gather(
                    *(client.execute_job(name, b"x") for name in functions), return_exceptions=True
                )
                assert [answer == b"x" for answer in answers] == [name == "echo" for name in functions]
                assert connections(server) <= 4

        run(main())


class TestCancelling:
    def test_others_go_on(self, gearmand: Gearmand, run: Run) -> None:
        async def main() -> None:
            async with raw(gearmand) as client:
                tasks = [asyncio.ensure_future(client.execute_job("echo", b"%d" % n)) for n in range(20)]
                await asyncio.sleep(0.05)
                for task in tasks[::2]:
                    task.cancel()
                with serving(gearmand, echo=echo):
                    answers = await asyncio.gather(*tasks, return_exceptions=True)
                assert answers[1::2] == [b"%d" % n for n in range(1, 20, 2)]
                assert all(isinstance(answer, asyncio.CancelledError) for answer in answers[::2])

        run(main())

    def test_before_it_is_sent(self, gearmand: Gearmand, run: Run) -> None:
        """The server never hears of it."""

        async def main() -> None:
            async with raw(gearmand) as client:
                first = asyncio.ensure_future(client.execute_in_background("f", b"x"))
                second = asyncio.ensure_future(client.execute_in_background("f", b"x"))
                third = asyncio.ensure_future(client.execute_in_background("g", b"x"))
                await asyncio.sleep(0)
                second.cancel()
                await asyncio.gather(first, third)

        run(main())
        assert queued(gearmand, "f") == 1
        assert queued(gearmand, "g") == 1

    @pytest.mark.parametrize("others", [0, 3])
    def test_before_the_connection_is_open(self, gearmand: Gearmand, run: Run, others: int) -> None:
        """The job for which it is opened is not sent; jobs that wait for the connection are."""

        async def main() -> None:
            async with raw(gearmand) as client:
                first = asyncio.ensure_future(client.execute_in_background("f", b"x"))
                tasks = [asyncio.ensure_future(client.execute_in_background("g", b"x")) for _ in range(others)]
                await asyncio.sleep(0)
                first.cancel()
                await asyncio.gather(*tasks)
                await client.execute_in_background("g", b"x")

        run(main())
        assert queued(gearmand, "f") == 0
        assert queued(gearmand, "g") == others + 1

    def test_while_a_large_one_is_sent(self, server: Gearmand, run: Run) -> None:
        """A job that waits until the connection can be written to is not sent if it is cancelled meanwhile.

        The sockets' buffers take up to 10 MiB of the large one.
        """

        async def main() -> None:
            async with raw(server) as client:
                assert await client.execute_job("echo", b"x") == b"x"
                with frozen(server):
                    large = asyncio.ensure_future(client.execute_job("echo", b"x" * (32 << 20)))
                    while unread_bytes(server) < 10_000:  # it is being sent
                        await asyncio.sleep(0.005)
                    small = asyncio.ensure_future(client.execute_in_background("f", b"x"))
                    await asyncio.sleep(0.05)
                    small.cancel()
                    await asyncio.wait([small])
                assert len(await large) == 32 << 20

        run(main())
        assert queued(server, "f") == 0

    def test_while_it_is_sent(self, server: Gearmand, run: Run) -> None:
        """Its workload is too large for the socket's buffer."""

        async def main() -> None:
            async with raw(server) as client:
                assert await client.execute_job("echo", b"x") == b"x"
                with frozen(server):
                    large = asyncio.ensure_future(client.execute_job("echo", b"x" * (32 << 20)))
                    small = asyncio.ensure_future(client.execute_job("echo", b"small"))
                    await asyncio.sleep(0.05)
                    large.cancel()
                    await asyncio.sleep(0.05)
                    next_one = asyncio.ensure_future(client.execute_job("echo", b"next"))
                    await asyncio.sleep(0.05)
                assert [await small, await next_one] == [b"small", b"next"]

        run(main())

    def test_a_limit_from_outside(self, gearmand: Gearmand, run: Run) -> None:
        async def main() -> None:
            async with raw(gearmand) as client:
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(client.execute_job("none", b"x"), 0.05)
                if sys.version_info >= (3, 11):
                    with pytest.raises(TimeoutError):
                        async with asyncio.timeout(0.05):
                            await client.execute_job("none", b"x")
                assert await client.get_job_status("H:x:1") == JobStatus()

        run(main())

    def test_a_third_of_many(self, server: Gearmand, run: Run) -> None:
        """Every other answer is right, and nothing is left of the jobs that were cancelled."""
        chance = random.Random(24)

        async def main() -> None:
            async with raw(server) as client:
                kept = 0

                async def one(number: int) -> None:
                    nonlocal kept
                    task = asyncio.ensure_future(client.execute_job("echo", b"%d" % number))
                    if chance.random() < 1 / 3:
                        for _ in range(chance.randrange(4)):
                            await asyncio.sleep(0)
                        task.cancel()
                        await asyncio.gather(task, return_exceptions=True)
                    else:
                        assert await task == b"%d" % number
                        kept += 1

                numbers = iter(range(10_000))

                async def many() -> None:
                    for number in numbers:
                        await one(number)

                await asyncio.gather(*(many() for _ in range(300)))
                assert 6000 < kept < 7300
                await client.execute_job("echo", b"last")
                assert sum(loads(client)) < 20
                assert client._lanes is not None
                assert client._lanes._retired == set()

        run(main())


class TestTimeouts:
    def test_a_job_without_a_worker(self, gearmand: Gearmand, run: Run) -> None:
        async def main() -> None:
            async with raw(gearmand, timeout=0.5) as client:
                began = time.monotonic()
                with pytest.raises(JobTimeout) as raised:
                    await client.execute_job("none", b"x")
                assert 0.5 <= time.monotonic() - began < 5
                assert raised.value.handle is not None
                with serving(gearmand, echo=echo):
                    assert await client.execute_job("echo", b"x", timeout=10) == b"x"

        run(main())

    def test_a_server_that_acknowledges_nothing(self, server: Gearmand, run: Run) -> None:
        """Hundreds of jobs that were given up are not kept: later ones use another connection."""

        async def main() -> None:
            async with raw(server) as client:
                await client.execute_job("echo", b"x")
                with frozen(server):
                    for _ in range(4):
                        calls = (client.execute_job("echo", b"x", timeout=0.05) for _ in range(100))
                        ended = await asyncio.gather(*calls, return_exceptions=True)
                        assert {type(one) for one in ended} == {JobTimeout}
                assert await client.execute_job("echo", b"y", timeout=20) == b"y"
                assert len(loads(client)) == 1

        run(main())

    @pytest.mark.parametrize("run", ["asyncio"], indirect=True)  # nothing of uvloop's loop can be replaced
    def test_looking_a_name_up(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        """A name that cannot be resolved in time does not hold up the loop."""

        async def main() -> None:
            async def never(*_: object, **__: object) -> None:
                await asyncio.sleep(60)

            client = aio.Client("some.invalid")
            loop = asyncio.get_running_loop()
            monkeypatch.setattr(loop, "getaddrinfo", never)
            with pytest.raises(JobTimeout):
                await client.execute_job("f", 1, timeout=0.05)

        run(main())


class TestLoopsAndProcesses:
    def test_one_loop_after_the_other(self, server: Gearmand, run: Run) -> None:
        client = raw(server)
        for _ in range(3):
            assert run(client.execute_job("echo", b"x")) == b"x"

    def test_a_loop_that_ends_with_jobs_outstanding(self, server: Gearmand, run: Run) -> None:
        client = raw(server)

        async def main() -> None:
            waiting = [asyncio.ensure_future(client.execute_job("none", b"x")) for _ in range(300)]
            await asyncio.sleep(0.05)
            assert not any(task.done() for task in waiting)

        run(main())
        gc.collect()
        assert run(client.execute_job("echo", b"x")) == b"x"

    def test_asyncio_run_cancels_what_is_outstanding(self, gearmand: Gearmand) -> None:
        client = raw(gearmand)

        async def main() -> None:
            background = [asyncio.ensure_future(client.execute_job("none", b"x")) for _ in range(10)]
            await asyncio.sleep(0.05)
            assert len(background) == 10

        asyncio.run(main(), debug=True)

    def test_closing_with_jobs_outstanding(self, gearmand: Gearmand, run: Run) -> None:
        async def main() -> None:
            client = raw(gearmand)
            waiting = [asyncio.ensure_future(client.execute_job("none", b"x")) for _ in range(3)]
            await asyncio.sleep(0.05)
            await client.close()
            ended = await asyncio.gather(*waiting, return_exceptions=True)
            assert {type(one) for one in ended} == {ConnectionLost}
            assert await client.get_job_status("H:x:1") == JobStatus()
            await client.close()

        run(main())

    def test_a_loop_in_another_thread(self, gearmand: Gearmand) -> None:
        client = raw(gearmand)
        raised: list[BaseException] = []

        def other() -> None:
            try:
                asyncio.run(client.get_job_status("H:x:1"))
            except ConcurrentUseError as error:
                raised.append(error)

        async def main() -> None:
            await client.get_job_status("H:x:1")
            thread = threading.Thread(target=other)
            thread.start()
            await asyncio.sleep(0)
            thread.join()
            assert await client.get_job_status("H:x:1") == JobStatus()

        asyncio.run(main())
        assert "belongs to another event loop" in str(raised[0])

    def test_a_forked_process(self, server: Gearmand) -> None:
        """The child opens connections of its own; the parent's jobs go on."""
        client = raw(server)

        async def parent() -> None:
            waiting = [asyncio.ensure_future(client.execute_job("later", b"%d" % n)) for n in range(10)]
            await asyncio.sleep(0.05)
            child = os.fork()
            if not child:  # pragma: no cover: another process
                code = 1
                try:
                    asyncio.events._set_running_loop(None)
                    code = asyncio.new_event_loop().run_until_complete(client.execute_job("echo", b"c")) != b"c"
                finally:
                    os._exit(code)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            with serving(server, later=echo):
                assert await asyncio.gather(*waiting) == [b"%d" % n for n in range(10)]

        asyncio.run(parent())

    def test_a_client_that_is_dropped(self, gearmand: Gearmand, run: Run) -> None:
        """Without close() its connections are closed too."""

        async def main() -> None:
            for _ in range(10):
                await raw(gearmand).execute_in_background("f", b"x")
            gc.collect()
            await asyncio.sleep(0.05)
            assert connections(gearmand) == 0

        run(main())

    def test_no_growth(self, server: Gearmand, run: Run) -> None:
        """Memory is bounded by what is in flight."""

        async def main() -> None:
            async with raw(server) as client:
                numbers = iter(range(15_000))

                async def many() -> None:
                    for number in numbers:
                        await client.execute_job("echo", b"x" * 100, unique=f"{number}")
                        if number == 5_000:
                            sizes.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)

                sizes: list[int] = []
                await asyncio.gather(*(many() for _ in range(100)))
                sizes.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
                assert sizes[1] - sizes[0] < 2000  # KiB

        run(main())


def test_without_interposition_it_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import gearman_cffi.aio"],
        env=os.environ | WITHOUT_INTERPOSITION,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    reason = (
        "gives the answers of some jobs to other jobs" if capabilities.needs_interposition else "needs the descriptors"
    )
    assert reason in done.stderr
