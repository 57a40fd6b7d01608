"""A worker that is stopped runs the job that it has asked for, and asks for no other one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from gearman_cffi import RawSerializer, Worker
from gearman_cffi.ext import GEARMAN_SHUTDOWN_GRACEFUL, GearmanWorker
from tests._libgearman.fake_servers import JOB_ASSIGN_ALL, NO_JOB, SlowServer, fake_server, packet
from tests.python_layer.workers import handlers
from tests.support import wait_until

PRE_SLEEP, WORK_COMPLETE = 4, 13
NOTHING = packet(NO_JOB)
JOB = packet(JOB_ASSIGN_ALL, b"H:fake:1", b"f", b"", b"", b"x")


class Stoppable:
    """A worker in a thread, for both APIs. codes: what the mirror's work() returned."""

    def __init__(self, ports: list[int], is_mirror: bool) -> None:
        self.runs = 0
        self.codes: list[int] = []
        self.seconds = 0.0
        self.stop, run = self._mirror(ports) if is_mirror else self._layer(ports)
        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def _mirror(self, ports: list[int]) -> tuple[Callable[[], None], Callable[[], None]]:
        worker = GearmanWorker()
        for port in ports:
            worker.addServer("127.0.0.1", port, False)
        worker.addFunction("f", lambda job: self._run())

        def run() -> None:
            while GEARMAN_SHUTDOWN_GRACEFUL not in self.codes:
                worker.work()
                self.codes.append(worker.returnCode())

        return worker.stop, run

    def _layer(self, ports: list[int]) -> tuple[Callable[[], None], Callable[[], None]]:
        servers = [f"127.0.0.1:{port}" for port in ports]
        worker = Worker(servers, handlers(f=lambda job: self._run()), serializer=RawSerializer(), signals=())
        return worker.stop, worker.run

    def _run(self) -> bytes:
        self.runs += 1
        return b"done"

    def join(self) -> None:
        begun = time.monotonic()
        self._thread.join(20)
        self.seconds = time.monotonic() - begun
        assert not self._thread.is_alive()
        self.stop = lambda: None  # the last reference to the worker, which now closes its connections


@pytest.fixture
def servers() -> Iterator[Callable[[], tuple[SlowServer, int]]]:
    """Starts a SlowServer and returns it with its port."""
    with ExitStack() as stack:

        def start() -> tuple[SlowServer, int]:
            server = SlowServer()
            return server, stack.enter_context(fake_server(server.serve))

        yield start


both = pytest.mark.parametrize("is_mirror", [True, False], ids=["mirror", "layer"])
Start = Callable[[], tuple[SlowServer, int]]


@both
def test_a_job_that_was_asked_for(servers: Start, is_mirror: bool) -> None:
    """It arrives after stop(), and is done. The worker does not ask again."""
    server, port = servers()
    worker = Stoppable([port], is_mirror)
    wait_until(server.is_asked, "the worker has asked for a job")
    worker.stop()
    server.answer(JOB)
    worker.join()
    wait_until(lambda: WORK_COMPLETE in server.requests, "the result has arrived")
    assert worker.runs == 1
    assert server.is_asked()
    assert PRE_SLEEP not in server.requests
    if is_mirror:
        assert worker.codes == [0, GEARMAN_SHUTDOWN_GRACEFUL]


@both
def test_no_job(servers: Start, is_mirror: bool) -> None:
    """The answer arrives after stop(): the worker leaves at once, and asks no other server."""
    server, port = servers()
    other, other_port = servers()
    worker = Stoppable([other_port, port], is_mirror)  # the one that is added last is asked first
    wait_until(server.is_asked, "the worker has asked for a job")
    worker.stop()
    server.answer(NOTHING)
    worker.join()
    assert worker.seconds < 1
    assert worker.runs == 0
    assert server.is_asked()
    assert other.is_asked(0)


@both
def test_no_answer(servers: Start, is_mirror: bool) -> None:
    """The worker leaves after two seconds."""
    server, port = servers()
    worker = Stoppable([port], is_mirror)
    wait_until(server.is_asked, "the worker has asked for a job")
    worker.stop()
    worker.join()
    assert 1.5 < worker.seconds < 3
    assert worker.runs == 0
    server.answer(NOTHING)
