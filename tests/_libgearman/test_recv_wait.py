"""Waits in recv(), and clients that know the size of JOB_CREATED and sleep until more than that has come."""

from __future__ import annotations

import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from gearman_cffi.ext import GearmanClient, GearmanJob, GearmanTask, JobKind
from gearman_cffi.testing import Gearmand
from tests._libgearman.fake_servers import packet
from tests.support import client_of, frozen, serving, worker_of

JOB_CREATED, WORK_COMPLETE, ERROR = 8, 13, 19
LOST_CONNECTION, SERVER_ERROR, TIMEOUT = 14, 18, 47
HANDLE = b"H:a-host-with-a-name-of-some-length:1"


DONE = packet(JOB_CREATED, HANDLE) + packet(WORK_COMPLETE, HANDLE, b"done")


@contextmanager
def answering(*answers: Callable[[socket.socket], object]) -> Iterator[GearmanClient]:
    """A client of a server that gives its jobs these answers, one after the other."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                for answer in answers:
                    size = struct.unpack(">8xI", connection.recv(12, socket.MSG_WAITALL))[0]
                    connection.recv(size, socket.MSG_WAITALL)
                    answer(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        client = GearmanClient()
        client.addServer("127.0.0.1", listener.getsockname()[1], False)
        try:
            yield client
        finally:
            thread.join(15)
            assert not thread.is_alive()


def done(connection: socket.socket) -> None:
    """JOB_CREATED and the result together."""
    connection.sendall(DONE)


class TestUnusualAnswers:
    """The answer to the second job, when the client knows the size of JOB_CREATED."""

    def test_less_than_job_created(self) -> None:
        """An ERROR that is shorter than JOB_CREATED ends the call."""
        with answering(done, lambda connection: connection.sendall(packet(ERROR, b"E", b"no"))) as client:
            assert client.doNormal("f", "x") == b"done"
            with pytest.warns(match="no"):
                client.doNormal("f", "x")
            assert client.returnCode() == SERVER_ERROR

    def test_byte_by_byte(self) -> None:
        """An answer that comes in pieces is complete."""

        def dribble(connection: socket.socket) -> None:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in DONE:
                connection.sendall(bytes([byte]))

        with answering(done, dribble, done) as client:
            assert [client.doNormal("f", "x") for _ in range(3)] == [b"done"] * 3

    @pytest.mark.parametrize("sent", [0, 5, len(packet(JOB_CREATED, HANDLE)), len(DONE) - 1])
    def test_the_end_of_the_connection(self, sent: int) -> None:
        """The loss is noticed at once, before, in and after JOB_CREATED."""
        with answering(done, lambda connection: connection.sendall(DONE[:sent])) as client:
            assert client.doNormal("f", "x") == b"done"
            begin = time.monotonic()
            with pytest.warns(match="lost|connection|Connection|flush"):
                client.doNormal("f", "x")
            assert client.returnCode() == LOST_CONNECTION
            assert time.monotonic() - begin < 1

    def test_job_created_alone(self) -> None:
        """The handle is known after the timeout, which counts from the submission."""
        over = threading.Event()

        def name(connection: socket.socket) -> None:
            connection.sendall(packet(JOB_CREATED, HANDLE))
            over.wait(10)

        with answering(done, name) as client:
            assert client.doNormal("f", "x") == b"done"
            client.setTimeout(400)
            begin = time.monotonic()
            reply = client._submit(JobKind.NORMAL, b"f", b"x")
            assert (reply.rc, reply.handle) == (TIMEOUT, HANDLE.decode())
            assert 0.39 < time.monotonic() - begin < 2
            over.set()


def slow(job: GearmanJob, context: Any) -> bytes:
    """A function that takes longer than a recv() waits."""
    job.sendStatus(1, 2)
    time.sleep(0.3)
    return job.workload()


class TestBesideOtherCalls:
    """After foreground jobs, calls that wait for less than JOB_CREATED are not delayed."""

    def test_all_kinds(self, gearmand: Gearmand) -> None:
        """A ping, a status, a background job and tasks, each as fast as before."""
        client = client_of(gearmand)
        created: list[float] = []
        client.setCreatedCallback(lambda task: created.append(time.monotonic()))

        calls: list[Callable[[], object]] = [
            lambda: client.ping("x"),
            lambda: client.doBackground("later", "x"),
            lambda: client.jobStatus(client.doBackground("later", "x")),
            lambda: client.enableExceptionHandler(),
            lambda: client.doNormal("echo", "y"),
        ]
        with serving(gearmand, echo=lambda job, _: job.workload(), slow=slow, later=lambda job, _: b""):
            for call in calls:
                quickest = 9.0
                for _ in range(3):
                    assert client.doNormal("echo", "x") == b"x"
                    begin = time.monotonic()
                    assert call()
                    quickest = min(quickest, time.monotonic() - begin)
                assert quickest < 0.04
            begin = time.monotonic()
            client.addTask("slow", "task")
            assert client.runTasks()
            assert created[0] - begin < 0.2 < time.monotonic() - begin

    def test_a_task_beside_it(self, gearmand: Gearmand) -> None:
        """A task gets its handle while a foreground job is running."""
        client = client_of(gearmand)
        heard: list[str] = []

        def on_created(task: GearmanTask) -> None:
            heard.append(str(task.jobHandle()))

        client.setCreatedCallback(on_created)
        with serving(gearmand, slow=slow):
            assert client.doNormal("slow", "first") == b"first"
            client.addTask("slow", "task")
            assert client.doNormal("slow", "second") == b"second"
            assert client.runTasks()
        assert len(heard) == 1

    def test_a_long_job_and_signals(self, gearmand: Gearmand) -> None:
        """Handlers run on time during the second job, and its answer arrives."""
        client = client_of(gearmand)
        handled: list[float] = []
        before = signal.signal(signal.SIGALRM, lambda *_: handled.append(time.monotonic()))
        try:
            with serving(gearmand, slow=slow):
                client.doNormal("slow", "first")
                signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
                begin = time.monotonic()
                assert client.doNormal("slow", "second") == b"second"
                lasted = time.monotonic() - begin
                signal.setitimer(signal.ITIMER_REAL, 0)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        within = [at for at in handled if begin < at < begin + lasted]
        assert len(within) > lasted / 0.01 / 4

    def test_a_worker_whose_server_is_stopped(self, gearmand: Gearmand) -> None:
        """stop() from another thread ends the wait for the answer to a request for a job."""
        worker = worker_of(gearmand, echo=lambda job, _: job.workload())
        client_of(gearmand).doBackground("echo", "x")
        assert worker.work()
        with frozen(gearmand):
            timer = threading.Timer(0.2, worker.stop)
            timer.start()
            assert worker.work() is False
            timer.join()
