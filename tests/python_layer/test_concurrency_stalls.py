"""Workers that run several jobs at once, and servers that do not read what they send."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from gearman_cffi import Client, ConnectionLost, EventDispatcher, EventName, FunctionHandler, Job, RawSerializer, Worker
from gearman_cffi._worker import ending
from gearman_cffi.testing import Gearmand
from tests._libgearman.fake_servers import GRAB_JOB_ALL, JOB_ASSIGN_ALL, NO_JOB, fake_server, packet, receive
from tests.python_layer.gates import KINDS, Gate, submit
from tests.python_layer.workers import Running, running
from tests.support import Child, frozen, is_served, queued, wait_until

LARGE = "x" * 20_000_000  # more than socket buffers hold
WORK_DATA, WORK_COMPLETE = 28, 13


class Results(Gate):
    """Jobs whose results are large."""

    def plain(self, job: Job) -> str:
        return f"{super().plain(job)}{LARGE}"

    async def coroutine(self, job: Job) -> str:
        return f"{await super().coroutine(job)}{LARGE}"


def is_queued(worker: Worker) -> bool:
    return worker._gearman_worker is not None and worker._gearman_worker._unsent() > 0


@contextmanager
def stalled(gearmand: Gearmand, kind: str, dispatcher: EventDispatcher) -> Iterator[tuple[Worker, list[Any]]]:
    """A worker with two jobs of a server that does not read their results, and with another server.

    Yields the worker, and a list that gets the list of the results when the server reads again.
    """
    results = Results()
    quick = FunctionHandler("quick", lambda job: job.get_workload())
    with Gearmand() as other:
        servers = f"{gearmand.address},{other.address}"
        with running(servers, [results.handler(kind), quick], dispatcher, concurrency=4) as worker:
            wait_until(lambda: is_served(gearmand, "gate") and is_served(other, "quick"), "both servers are connected")
            submitted, answers = submit(gearmand, "gate", 2)
            wait_until(lambda: results.waiting == 2, "both jobs run")
            with frozen(gearmand):
                results.opened.set()
                wait_until(lambda: is_queued(worker), "it does not take everything")
                jobs = [Job("quick", number) for number in range(9)]
                assert Client(other.address, timeout=20).execute_jobs(jobs) == [*range(9)]
                yield worker, answers
            submitted.join(30)


def receive_large(connection: socket.socket, size: int) -> bytes:
    data = bytearray(size)
    view = memoryview(data)
    while view:
        received = connection.recv_into(view)
        if not received:
            raise OSError("end of stream")
        view = view[received:]
    return bytes(data)


class TestServersThatDoNotRead:
    """The jobs of other servers go on. What cannot be sent waits."""

    @KINDS
    def test_results_arrive_when_it_reads_again(self, gearmand: Gearmand, kind: str) -> None:
        with stalled(gearmand, kind, EventDispatcher()) as (_, answers):
            assert answers == []
        assert [answer.rstrip("x") for answer in answers[0]] == ["0", "1"]
        assert {len(answer) for answer in answers[0]} == {len(LARGE) + 1}

    @KINDS
    def test_stop(self, gearmand: Gearmand, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """The worker does not wait for ever. What it drops is reported, and the jobs are done again."""
        monkeypatch.setattr(ending, "_LEAVE_SECONDS", 0.3)
        failures: list[Any] = []
        dispatcher = EventDispatcher()
        dispatcher.add_listener(EventName.WORKER_FAILURE, lambda event: failures.append(event.exception))
        with stalled(gearmand, kind, dispatcher) as (worker, answers):
            worker.stop()
            wait_until(lambda: worker._gearman_worker is None, "it has stopped")
            gearmand.resume()
            wait_until(lambda: not is_served(gearmand, "gate"), "the server has seen that")
            assert queued(gearmand, "gate") == 2
            with running(gearmand, [FunctionHandler("gate", lambda job: "again")]):
                wait_until(lambda: answers, "other workers do the jobs")
        assert answers == [["again", "again"]]
        lost = [error for error in failures if isinstance(error, ConnectionLost)]
        assert sorted(str(error.handle) for error in lost) == ["H:test:1", "H:test:2"]

    def test_a_server_that_is_killed(self, gearmand: Gearmand) -> None:
        """A handler in a thread, which waits until its packet is sent, gets ConnectionLost."""
        raised: list[Exception] = []

        def send(job: Job) -> None:
            gate.plain(job)
            try:
                job.send_data(LARGE)
            except ConnectionLost as error:
                raised.append(error)

        gate, dispatcher = Gate(), EventDispatcher()
        dispatcher.add_listener(EventName.WORKER_FAILURE, lambda event: None)
        with running(gearmand, [FunctionHandler("send", send)], dispatcher, concurrency=2) as worker:
            Client(gearmand.address).execute_in_background("send", 1)
            wait_until(lambda: gate.waiting, "the job runs")
            with frozen(gearmand):
                gate.opened.set()
                wait_until(lambda: is_queued(worker), "it does not take everything")
                assert raised == []
                gearmand.kill()
                wait_until(lambda: raised, "it has raised")
            gearmand.start()

    def test_it_is_given_up(self, gearmand: Gearmand) -> None:
        """TCP closes a connection over which nothing goes out; by default after 30 s."""
        program = """
        from gearman_cffi import *
        dispatcher = EventDispatcher()
        dispatcher.add_listener(EventName.WORKER_FAILURE, lambda event: say(type(event.exception).__name__))
        def large(job):
            say("begin")
            sys.stdin.readline()
            return "x" * 20_000_000
        Worker(f"127.0.0.1:{PORTS[0]}", [FunctionHandler("large", large)], dispatcher, concurrency=2).run()
        """
        with Child(program, gearmand.port, GEARMAN_CFFI_TCP_TIMEOUT="1") as child:
            Client(gearmand.address).execute_in_background("large", 1)
            child.expect("begin")
            with frozen(gearmand):
                child.go_on()
                child.expect("ConnectionLost")

    @KINDS
    def test_packets_stay_in_order(self, kind: str) -> None:
        """Those of several jobs, over one connection, to a server that begins to read late."""
        read_on, jobs, received = threading.Event(), 5, []

        def serve(connection: socket.socket, number: int) -> None:
            assigned = 0
            while True:
                command, size = struct.unpack(">II", receive(connection, 12)[4:])
                body = receive_large(connection, size)
                if command in (WORK_DATA, WORK_COMPLETE):
                    handle, _, data = body.partition(b"\0")
                    received.append((handle, command, data[:8], len(data)))
                elif command == GRAB_JOB_ALL and assigned < jobs:
                    assigned += 1
                    connection.sendall(packet(JOB_ASSIGN_ALL, b"H:%d" % assigned, b"f", b"u", b"", b"%d" % assigned))
                    if assigned == jobs:
                        assert read_on.wait(20)
                elif command == GRAB_JOB_ALL:
                    connection.sendall(packet(NO_JOB))

        def send(job: Job) -> bytes:
            for part in b"abc":
                job.send_data(bytes([part]) * 3_000_000)
            return bytes(job.get_workload() * 2_000_000)

        async def coroutine(job: Job) -> bytes:
            await asyncio.sleep(0)
            return send(job)

        handler = FunctionHandler("f", send if kind == "plain" else coroutine)
        with fake_server(serve) as port:
            options: dict[str, Any] = {"concurrency": jobs, "serializer": RawSerializer()}
            thread = Running(Worker(f"127.0.0.1:{port}", [handler], **options))
            thread.start()
            wait_until(lambda: is_queued(thread.worker), "it does not take everything")
            read_on.set()
            wait_until(lambda: len(received) == 4 * jobs, "everything has arrived")
            thread.worker.stop()
            thread.await_end()
        for number in range(1, jobs + 1):
            of_job = [what for handle, *what in received if handle == b"H:%d" % number]
            data = [[WORK_DATA, bytes([part]) * 8, 3_000_000] for part in b"abc"]
            assert of_job == [*data, [WORK_COMPLETE, b"%d" % number * 8, 2_000_000]]
