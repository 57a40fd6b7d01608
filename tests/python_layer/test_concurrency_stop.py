"""Workers that are stopped while they run several jobs."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gearman_cffi import Client, FunctionHandler, Job, RawSerializer, Worker
from gearman_cffi._worker import ending
from gearman_cffi.testing import Gearmand
from tests._libgearman.fake_servers import GRAB_JOB_ALL, JOB_ASSIGN_ALL, commands, fake_server, packet
from tests.python_layer.gates import KINDS, Gate, submit
from tests.python_layer.workers import Running, running, running_already
from tests.support import is_served, queued, wait_until


class LastJobs:
    """Two servers. One of them assigns a job of "first"; then each of them has one of "last".

    asked: the servers that were asked for these. They answer when `assigned` is set.
    """

    def __init__(self) -> None:
        self.asked: set[int] = set()
        self.assigned = threading.Event()
        self._is_first = True

    def _serve(self, connection: socket.socket, number: int) -> None:
        for command in commands(connection):
            if command != GRAB_JOB_ALL:
                continue
            function = b"first" if self._is_first else b"last"
            if not self._is_first:
                self.asked.add(connection.getsockname()[1])
                assert self.assigned.wait(20)
            self._is_first = False
            connection.sendall(packet(JOB_ASSIGN_ALL, b"H:1", function, b"u", b"", b"1"))

    @contextmanager
    def running(self, handlers: list[FunctionHandler]) -> Iterator[Running]:
        """Runs a worker of these servers with room for two jobs."""
        with fake_server(self._serve) as first, fake_server(self._serve) as second:
            servers = f"127.0.0.1:{first},127.0.0.1:{second}"
            thread = Running(Worker(servers, handlers, serializer=RawSerializer(), concurrency=2))
            thread.start()
            yield thread


class TestStopping:
    """A graceful stop waits for all jobs; a job that ends its process does not take others with it."""

    @KINDS
    def test_stop_while_busy(self, gearmand: Gearmand, kind: str) -> None:
        gate = Gate()
        worker = Worker(gearmand.address, [gate.handler(kind)], concurrency=3)
        thread = Running(worker)
        thread.start()
        submitted, results = submit(gearmand, "gate", 3)
        wait_until(lambda: gate.waiting == 3, "three jobs run")
        late, _ = submit(gearmand, "gate", 1)
        worker.stop()
        wait_until(lambda: queued(gearmand, "gate") == 4, "the last job is queued")
        assert thread.is_alive()
        gate.opened.set()
        submitted.join(20)
        thread.await_end()
        assert results == [[0, 1, 2]]
        assert gate.began == [0, 1, 2] or sorted(gate.began) == [0, 1, 2]
        assert queued(gearmand, "gate") == 1
        with running_already(worker):  # it can run again
            late.join(20)

    @KINDS
    @pytest.mark.parametrize("exits", [SystemExit, KeyboardInterrupt])
    def test_a_job_that_ends_the_process(self, gearmand: Gearmand, kind: str, exits: type[BaseException]) -> None:
        """The others are answered first. Its own job goes to another worker."""
        gate = Gate()

        def leave(job: Job) -> None:
            raise exits(7)

        async def leave_coroutine(job: Job) -> None:
            raise exits(7)

        handlers = [gate.handler(kind), FunctionHandler("leave", leave if kind == "plain" else leave_coroutine)]
        thread = Running(Worker(gearmand.address, handlers, concurrency=4))
        thread.start()
        submitted, results = submit(gearmand, "gate", 2)
        wait_until(lambda: gate.waiting == 2, "two jobs run")
        left, left_results = submit(gearmand, "leave", 1)
        wait_until(lambda: queued(gearmand, "leave") == 1, "the third job is there")
        late = Client(gearmand.address).execute_in_background("gate", "late")
        assert late
        assert thread.is_alive()
        gate.opened.set()
        submitted.join(20)
        assert results == [[0, 1]]
        with pytest.raises(exits):
            thread.await_end()
        other = Gate()
        other.opened.set()
        with running(gearmand, [FunctionHandler("leave", lambda job: "stayed"), other.handler(kind)]):
            left.join(20)
            wait_until(lambda: "late" in gate.began + other.began, "the late job is done")
        assert left_results == [["stayed"]]

    def test_system_exit_in_a_task_of_a_coroutine(self, gearmand: Gearmand) -> None:
        """asyncio ends the loop; the worker ends, and the others are answered."""
        gate = Gate()

        async def leave(job: Job) -> None:
            async def exit_now() -> None:
                raise SystemExit(7)

            await asyncio.create_task(exit_now())

        thread = Running(
            Worker(gearmand.address, [gate.handler("coroutine"), FunctionHandler("leave", leave)], concurrency=4)
        )
        thread.start()
        submitted, results = submit(gearmand, "gate", 1)
        wait_until(lambda: gate.waiting == 1, "a job runs")
        Client(gearmand.address).execute_in_background("leave", 1)
        wait_until(lambda: not is_served(gearmand, "leave") or queued(gearmand, "leave") == 1, "the other one is there")
        gate.opened.set()
        submitted.join(20)
        assert results == [[0]]
        with pytest.raises(SystemExit):
            thread.await_end()

    def test_exit_seconds(self, gearmand: Gearmand, monkeypatch: pytest.MonkeyPatch) -> None:
        """A job that does not end keeps the process for a limited time."""
        monkeypatch.setattr("gearman_cffi.worker.EXIT_SECONDS", 0.2)
        gate = Gate()

        def leave(job: Job) -> None:
            raise SystemExit(7)

        thread = Running(
            Worker(gearmand.address, [gate.handler("plain"), FunctionHandler("leave", leave)], concurrency=4)
        )
        thread.start()
        client = Client(gearmand.address)
        client.execute_in_background("gate", 1)
        wait_until(lambda: gate.waiting == 1, "a job runs")
        client.execute_in_background("leave", 1)
        with pytest.raises(SystemExit):
            thread.await_end()
        wait_until(lambda: not is_served(gearmand, "gate"), "the worker is disconnected")
        assert queued(gearmand, "gate") == 1
        gate.opened.set()

    def test_no_thread_stays(self, gearmand: Gearmand) -> None:
        gate = Gate()
        gate.opened.set()
        before = set(threading.enumerate())
        with running(gearmand, [gate.handler("plain", "p"), gate.handler("coroutine", "c")], concurrency=4):
            client = Client(gearmand.address, timeout=20)
            client.execute_jobs([Job(name, 1) for name in "pcpcpcpc"])
        assert set(threading.enumerate()) <= before

    def test_tasks_that_a_coroutine_leaves_behind_are_cancelled(self, gearmand: Gearmand) -> None:
        cancelled = threading.Event()
        tasks = set()

        async def wait_for_ever() -> None:
            try:
                await asyncio.sleep(600)
            except asyncio.CancelledError:
                cancelled.set()
                raise

        async def leaves_a_task(job: Job) -> None:
            tasks.add(asyncio.create_task(wait_for_ever()))
            await asyncio.sleep(0)

        with running(gearmand, [FunctionHandler("f", leaves_a_task)], concurrency=2):
            Client(gearmand.address, timeout=20).execute_job("f", 1)
        assert cancelled.is_set()

    def test_a_job_that_ends_the_process_keeps_its_room(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Listeners do not learn of its end, so they count it among the jobs that run."""
        monkeypatch.setattr(ending, "_LEAVE_SECONDS", 0.5)
        gate, last_ones = Gate(), LastJobs()

        def leave(job: Job) -> None:
            wait_until(lambda: len(last_ones.asked) == 2, "both servers are asked")
            last_ones.assigned.set()
            raise SystemExit(7)

        with last_ones.running([FunctionHandler("first", leave), gate.handler("plain", "last")]) as thread:
            wait_until(lambda: gate.waiting, "another job runs")
            time.sleep(0.1)
            gate.opened.set()
            with pytest.raises(SystemExit):
                thread.await_end()
        assert gate.most == 1
