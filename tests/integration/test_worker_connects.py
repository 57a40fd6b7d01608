"""How a worker connects: servers that are far away, names, time limits, waits without a job."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from gearman_cffi.ext import (
    GEARMAN_COULD_NOT_CONNECT,
    GEARMAN_IO_WAIT,
    GEARMAN_NO_JOBS,
    GEARMAN_TIMEOUT,
    GEARMAN_WORKER_NON_BLOCKING,
)
from gearman_cffi.testing import Gearmand
from tests.integration.test_silent_servers import mirror_of, seconds_of, served
from tests.support import HOST, Child, GoneHost, client_of, is_served, wait_until

pytestmark = pytest.mark.filterwarnings("ignore::gearman_cffi.ext.GearmanWarning")


class FarServer:
    """A proxy in front of a server: each byte takes `delay` seconds more, in both directions."""

    def __init__(self, port: int, delay: float) -> None:
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        self._behind, self._delay = port, delay
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def __enter__(self) -> FarServer:
        return self

    def __exit__(self, *raised: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        for one in self._sockets:
            with contextlib.suppress(OSError):  # it has ended
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join()
        for one in [self._listener, *self._sockets]:
            one.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # the block has ended
            while True:
                connection = self._listener.accept()[0]
                self._sockets.append(connection)
                try:
                    server = socket.create_connection((HOST, self._behind))
                except OSError:
                    connection.shutdown(socket.SHUT_RDWR)
                    continue
                self._sockets.append(server)
                for one, other in (connection, server), (server, connection):
                    late: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
                    threads = (
                        threading.Thread(target=self._receive, args=(one, late)),
                        threading.Thread(target=self._send, args=(other, late)),
                    )
                    for thread in threads:
                        self._threads.append(thread)
                        thread.start()

    def _receive(self, connection: socket.socket, late: queue.SimpleQueue[tuple[float, bytes]]) -> None:
        data = b"?"
        while data:
            try:
                data = connection.recv(65536)
            except OSError:
                data = b""
            late.put((time.monotonic() + self._delay, data))

    def _send(self, connection: socket.socket, late: queue.SimpleQueue[tuple[float, bytes]]) -> None:
        data = b"?"
        with contextlib.suppress(OSError):
            while data:
                at, data = late.get()
                time.sleep(max(0.0, at - time.monotonic()))
                connection.sendall(data)
            connection.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("kind", ["work with options", "non-blocking work with options"])
def test_a_server_that_is_far_away(gearmand: Gearmand, kind: str) -> None:
    """A mirror worker comes back to it after its restart, though its answers take longer than 0.2 seconds."""
    with (
        Gearmand() as behind,
        FarServer(behind.port, 0.15) as far,
        served(kind, [far.port, gearmand.port]) as worker,
    ):
        seconds_of(worker, behind, "before")
        behind.kill()
        behind.start()
        wait_until(
            lambda: is_served(behind, "f") or not seconds_of(worker, gearmand, f"{time.monotonic()}"),
            "it is served",
        )
        assert seconds_of(worker, behind, "after") < 4


class TestNonBlocking:
    @pytest.mark.parametrize("call", ["work", "grabJob"])
    def test_no_server_answers(self, call: str) -> None:
        """As in PHP, the worker has to wait, and wait() waits."""
        codes = set()
        with GoneHost() as one, GoneHost() as other:
            worker = mirror_of([one.port, other.port])
            worker.addOptions(GEARMAN_WORKER_NON_BLOCKING)
            worker.addFunction("f", lambda job: None)
            worker.setTimeout(200)
            begun = time.monotonic()
            for _ in range(5):
                getattr(worker, call)()
                code = worker.returnCode()
                worker.wait()
                codes.add((code, worker.returnCode()))
            assert time.monotonic() - begun > 0.9
        assert codes == {(GEARMAN_IO_WAIT, GEARMAN_TIMEOUT)}

    def test_a_host_that_is_back(self, gearmand: Gearmand) -> None:
        """The open connection is there for the next call, however often wait() is called before it."""
        with GoneHost() as gone:
            worker = mirror_of([gearmand.port, gone.port])
            worker.addOptions(GEARMAN_WORKER_NON_BLOCKING)
            worker.addFunction("f", lambda job: None)
            worker.setTimeout(3000)
            while worker.work() or worker.returnCode() != GEARMAN_NO_JOBS:
                worker.wait()
            accepted = gone.accept_all()
            for _ in range(4):
                assert worker.wait()
            for _ in range(4):
                worker.work()
                worker.wait()
            assert len(accepted) == 1
            assert accepted[0].recv(100).startswith(b"\0REQ\0\0\0\x01\0\0\0\x01f")


@pytest.mark.parametrize("connect_timeout", [0.1, 0.4, 0.8, 1.5])
@pytest.mark.parametrize("call", ["work", "grabJob"])
@pytest.mark.parametrize("count", [1, 2])
def test_the_time_limit(connect_timeout: float, call: str, count: int) -> None:
    """It is exact, even below the second after which TCP tries again. It begins again with each call."""
    with ExitStack() as stack:
        worker = mirror_of([stack.enter_context(GoneHost()).port for _ in range(count)], connect_timeout)
        worker.addFunction("f", lambda job: None)
        for _ in range(2):
            begun = time.monotonic()
            assert not getattr(worker, call)()
            assert worker.returnCode() == GEARMAN_COULD_NOT_CONNECT
            assert connect_timeout - 0.01 <= time.monotonic() - begun < connect_timeout + 0.45


class TestNames:
    PROGRAM = """
gone, well = PORTS
worker = GearmanWorker()
worker._set_connect_timeout(60_000)
worker.addServer("localhost", gone, False)
worker.addServer("127.0.0.1", well, False)
worker.addFunction("f", lambda job: say(job.workload().decode()))
for _ in range(50): worker.work()
"""

    def test_a_name_is_not_looked_up_in_each_search(self, gearmand: Gearmand, tmp_path: Path) -> None:
        """While the connection is being opened nothing is looked up: checked with strace."""
        trace = tmp_path / "trace"
        under = ["strace", "-f", "-e", "openat", "-o", str(trace)]
        with GoneHost() as gone, Child(self.PROGRAM, gone.port, gearmand.port, under=under) as child:
            for number in range(50):
                client_of(gearmand).doBackground("f", f"{number}")
                child.expect(f"{number}")
            assert child.end() == 0, child.errors()
        assert trace.read_text().count("/etc/hosts") < 10
