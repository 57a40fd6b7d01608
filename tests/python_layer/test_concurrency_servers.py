"""Workers with several jobs at once whose servers are lost, stand still, or are no gearmand."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
import time
from collections import Counter
from typing import Any

import pytest

from gearman_cffi import Client, ConnectionLost, EventDispatcher, EventName, FunctionHandler, Job, RawSerializer
from gearman_cffi._worker.job_source import SourceState
from gearman_cffi.testing import Gearmand
from tests._libgearman.fake_servers import GRAB_JOB_ALL, JOB_ASSIGN_ALL, NO_JOB, commands, fake_server, packet
from tests.python_layer.gates import KINDS, Gate, in_thread, submit
from tests.python_layer.workers import running
from tests.support import is_served, wait_until

NOOP = 6


class TestLostServers:
    """gearmand dies with jobs running: their results are dropped, and no other job gets them."""

    @KINDS
    def test_killed_with_many_running(self, gearmand: Gearmand, kind: str) -> None:
        """After the restart the handles begin again: a late result must not answer a new job of the same name."""
        old, new = Gate(), Gate()
        failures: list[Any] = []
        gates = {"old": old, "new": new}

        def plain(job: Job) -> Any:
            return gates[job.get_workload()].plain(job)

        async def coroutine(job: Job) -> Any:
            return await gates[job.get_workload()].coroutine(job)

        dispatcher = EventDispatcher()
        dispatcher.add_listener(EventName.WORKER_FAILURE, failures.append)
        jobs = [FunctionHandler("f", plain if kind == "plain" else coroutine)]
        with running(gearmand, jobs, dispatcher, concurrency=20):
            Client(gearmand.address).execute_jobs_in_background([Job("f", "old")] * 10)
            wait_until(lambda: old.waiting == 10, "ten jobs run")
            gearmand.kill()
            gearmand.start()
            again, answers = in_thread(lambda: Client(gearmand.address, timeout=20).execute_jobs([Job("f", "new")] * 5))
            wait_until(lambda: new.waiting == 5, "five others run, with the same handles")
            old.opened.set()
            wait_until(
                lambda: sum(isinstance(event.exception, ConnectionLost) for event in failures) >= 10, "they are dropped"
            )
            assert answers == []
            new.opened.set()
            again.join(20)
            assert answers == [["new"] * 5]
        texts = [str(event.exception) for event in failures if isinstance(event.exception, ConnectionLost)]
        assert all(text.startswith("dropped the result of job H:test:") for text in texts)

    @KINDS
    def test_sending_over_a_lost_connection(self, gearmand: Gearmand, kind: str) -> None:
        """It raises ConnectionLost: in a thread at once, in a coroutine with a later packet."""
        gate, raised = Gate(), []

        def send_until_it_raises(job: Job) -> bool:
            try:
                job.send_status(1, 2)
            except ConnectionLost as error:
                raised.append(error)
                return True
            return False

        def plain(job: Job) -> None:
            gate.plain(job)
            assert send_until_it_raises(job)

        async def coroutine(job: Job) -> None:
            await gate.coroutine(job)
            while not send_until_it_raises(job):
                await asyncio.sleep(0.002)

        dispatcher = EventDispatcher()
        dispatcher.add_listener(EventName.WORKER_FAILURE, lambda event: None)
        with running(
            gearmand, [FunctionHandler("f", plain if kind == "plain" else coroutine)], dispatcher, concurrency=2
        ):
            Client(gearmand.address).execute_in_background("f", 1)
            wait_until(lambda: gate.waiting == 1, "the job runs")
            gearmand.kill()
            gearmand.start()
            wait_until(lambda: is_served(gearmand, "f"), "the worker is back")
            gate.opened.set()
            wait_until(lambda: raised, "it has raised")
            assert "H:test:1" in str(raised[0])

    def test_a_result_finds_the_connection_lost_while_a_job_is_asked_for(self, gearmand: Gearmand) -> None:
        """libgearman would go on to receive the answer into a job that it has freed (Q15)."""
        gate = Gate()
        dispatcher = EventDispatcher()
        dispatcher.add_listener(EventName.WORKER_FAILURE, lambda event: None)
        dispatcher.add_listener(EventName.FUNCTION_AFTER_EXECUTE, lambda event: gearmand.kill())
        with running(gearmand, [gate.handler("plain")], dispatcher, concurrency=2, idle_interval=0.05) as worker:
            Client(gearmand.address).execute_in_background("gate", 1)
            wait_until(lambda: gate.waiting == 1, "the job runs")
            gearmand.pause()
            assert worker._concurrent_work is not None
            (source,) = worker._concurrent_work._sources
            wait_until(lambda: source.state is SourceState.ASKING, "the worker has asked, in vain")
            gate.opened.set()
            wait_until(lambda: not gearmand.running, "the server is killed")
            dispatcher.remove_listener(
                EventName.FUNCTION_AFTER_EXECUTE, dispatcher.get_listeners(EventName.FUNCTION_AFTER_EXECUTE)[0]
            )
            gearmand.start()
            assert Client(gearmand.address, timeout=20).execute_job("gate", 2) == 2

    def test_killed_again_and_again(self, gearmand: Gearmand) -> None:
        """Every answer that a client gets is that of its own job."""
        over = threading.Event()
        wrong: list[Any] = []
        answered = Counter[str]()

        async def echo(job: Job) -> Any:
            await asyncio.sleep(0.01)
            return job.get_workload()

        def call(name: str) -> None:
            client = Client(gearmand.address, timeout=10)
            number = 0
            while not over.is_set():
                number += 1
                try:
                    answer = client.execute_job("echo", f"{name}{number}")
                except Exception:
                    time.sleep(0.005)
                    continue
                answered[name] += 1
                if answer != f"{name}{number}":
                    wrong.append((f"{name}{number}", answer))

        dispatcher = EventDispatcher()
        dispatcher.add_listener(EventName.WORKER_FAILURE, lambda event: None)
        with running(gearmand, [FunctionHandler("echo", echo)], dispatcher, concurrency=20):
            threads = [threading.Thread(target=call, args=(name,), daemon=True) for name in "abcdefgh"]
            for thread in threads:
                thread.start()
            for _ in range(3):
                before = answered.copy()
                wait_until(lambda before=before: all(answered[n] > before[n] for n in "abcdefgh"), "all get answers")  # type: ignore[misc]
                gearmand.kill()
                gearmand.start()
            over.set()
            for thread in threads:
                thread.join(20)
        assert wrong == []

    def test_a_worker_that_starts_before_its_server(self, gearmand: Gearmand, caplog: pytest.LogCaptureFixture) -> None:
        """It reports that once, though it has connections for a limited function too, and that the server is back."""
        gate = Gate()
        gate.opened.set()
        gearmand.kill()
        jobs = [gate.handler("plain", "p"), gate.handler("coroutine", "c", concurrency=1)]
        with caplog.at_level(logging.INFO, "gearman_cffi.worker"), running(gearmand, jobs, concurrency=3):
            wait_until(lambda: "cannot connect" in caplog.text, "it is reported")
            gearmand.start()
            client = Client(gearmand.address, timeout=20)
            assert client.execute_job("p", 1) == client.execute_job("c", 1) == 1
            wait_until(lambda: "again" in caplog.text, "that is reported too")
        assert caplog.text.count("cannot connect") == 1


class TestServersThatAreNoGearmand:
    """What a server sends may come in any pieces, and may be wrong."""

    @staticmethod
    def run_jobs(answers: list[list[bytes]], dispatcher: EventDispatcher) -> list[Any]:
        """Runs a worker whose server answers each request for a job with the pieces. Returns the workloads."""
        seen: list[Any] = []
        left = iter(answers)

        def serve(connection: socket.socket, number: int) -> None:
            for command in commands(connection):
                if command == GRAB_JOB_ALL:
                    for piece in next(left, [packet(NO_JOB)]):
                        connection.sendall(piece)
                        time.sleep(0.01)  # so that it comes alone

        async def f(job: Job) -> None:
            seen.append(job.get_workload())

        jobs = [FunctionHandler("f", f)]
        options = {"concurrency": 3, "serializer": RawSerializer()}
        with fake_server(serve) as port, running(f"127.0.0.1:{port}", jobs, dispatcher, **options):
            wait_until(lambda: len(seen) == 2, "both jobs are done")
        return seen

    @pytest.mark.parametrize(
        "sizes", [(1,) * 40, (5, 3, 4, 1), (7, 1), (8,), (11,), (12,), (13,), (12, 4, 30)], ids=str
    )
    def test_pieces(self, sizes: tuple[int, ...]) -> None:
        stream = packet(NOOP) + packet(JOB_ASSIGN_ALL, b"H:1", b"f", b"u", b"", b"first")
        pieces = []
        for size in sizes:
            pieces.append(stream[:size])
            stream = stream[size:]
        second = packet(JOB_ASSIGN_ALL, b"H:2", b"f", b"u", b"", b"x" * 100_000)
        answers = [[*pieces, stream], [packet(NOOP) + packet(NOOP) + second]]
        assert self.run_jobs(answers, EventDispatcher()) == [b"first", b"x" * 100_000]

    def test_a_job_of_another_function(self) -> None:
        """It is reported, and the worker goes on."""
        failures: list[Any] = []
        dispatcher = EventDispatcher()
        dispatcher.add_listener(EventName.WORKER_FAILURE, failures.append)
        wrong, *right = ([packet(JOB_ASSIGN_ALL, b"H:1", name, b"u", b"", b"load")] for name in (b"other", b"f", b"f"))
        assert self.run_jobs([wrong, *right], dispatcher) == [b"load", b"load"]
        assert "assigned a job of the function 'other'" in str(failures[0].exception)

    def test_while_a_job_of_another_server_runs(self, gearmand: Gearmand) -> None:
        """Each wrong packet costs libgearman's worker. Those that have no job are freed with their connections."""
        gate, wrong = Gate(), 0

        def serve(connection: socket.socket, number: int) -> None:
            nonlocal wrong
            for command in commands(connection):
                if command == GRAB_JOB_ALL:
                    connection.sendall(packet(0x7E if gate.waiting else NO_JOB))
                    wrong += gate.waiting

        dispatcher = EventDispatcher()
        dispatcher.add_listener(EventName.WORKER_FAILURE, lambda event: None)
        with fake_server(serve) as port:
            servers = f"{gearmand.address},127.0.0.1:{port}"
            with running(servers, [gate.handler("plain")], dispatcher, concurrency=3, idle_interval=0.05):
                thread, results = submit(gearmand, "gate", 1)
                wait_until(lambda: gate.waiting, "a job runs")
                files, asked = len(os.listdir("/proc/self/fd")), wrong
                wait_until(lambda: wrong >= asked + 5, "the other server is asked again and again")
                assert len(os.listdir("/proc/self/fd")) <= files + 4
                gate.opened.set()
                thread.join(20)
        assert results == [[0]]
