"""A worker whose server breaks the protocol: another worker of libgearman's takes its place, and no job is lost."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable

import pytest

from tests._libgearman.fake_servers import GRAB_JOB_ALL, JOB_ASSIGN_ALL, NO_JOB, commands, fake_server, packet, receive
from tests.integration.test_silent_servers import Served, served
from tests.support import wait_until

pytestmark = pytest.mark.filterwarnings("ignore::gearman_cffi.ext.GearmanWarning")
WORK_COMPLETE = 13
LATE = packet(JOB_ASSIGN_ALL, b"H:fake:1", b"f", b"", b"", b"late")


class LateServer:
    """Answers the first request for a job when `answers` is set, and all others at once with NO_JOB."""

    def __init__(self) -> None:
        self.requests: list[tuple[int, int]] = []  # the number of the connection, the command
        self.answers = threading.Event()

    def serve(self, connection: socket.socket, number: int) -> None:
        for command in commands(connection):
            is_first = not self.is_asked()
            self.requests.append((number, command))
            if command == GRAB_JOB_ALL:
                if is_first:
                    self.answers.wait(20)
                connection.sendall(LATE if is_first else packet(NO_JOB))

    def is_asked(self) -> bool:
        return any(command == GRAB_JOB_ALL for _, command in self.requests)


def shut_down(connection: socket.socket, data: bytes) -> None:
    connection.sendall(data)
    connection.shutdown(socket.SHUT_RDWR)


BREAKS: dict[str, Callable[[socket.socket], object]] = {
    "an unknown packet": lambda connection: connection.sendall(packet(99, b"x")),
    "a packet for clients": lambda connection: connection.sendall(packet(8, b"H:x:1")),
    "a part of a job": lambda connection: shut_down(connection, packet(JOB_ASSIGN_ALL, b"H:a:1", missing=10)),
    "nothing": lambda connection: shut_down(connection, b""),
}


class BadServer:
    """Answers requests for a job with NO_JOB until `breaks` is set, and then once with one of BREAKS."""

    def __init__(self, what: str) -> None:
        self.breaks, self.has_broken = threading.Event(), threading.Event()
        self._what = what

    def serve(self, connection: socket.socket, number: int) -> None:
        connection.settimeout(0.05)
        while True:
            try:
                command = struct.unpack(">II", receive(connection, 12)[4:])
            except TimeoutError:
                command = (0, 0)
            receive(connection, command[1])
            if command[0] == GRAB_JOB_ALL:
                connection.sendall(packet(NO_JOB))
            elif self.breaks.is_set() and not self.has_broken.is_set():
                self.has_broken.set()
                BREAKS[self._what](connection)


@pytest.mark.parametrize("what", BREAKS)
@pytest.mark.parametrize("bad_one_is_last", [False, True])
class TestALateAnswerOfAnotherServer:
    @pytest.mark.parametrize("kind", ["work", "non-blocking work", "Worker"])
    def test_its_job_is_done(self, kind: str, what: str, bad_one_is_last: bool) -> None:
        """At the first try: the connection over which it comes stays open."""
        late, bad = LateServer(), BadServer(what)
        with fake_server(late.serve) as one, fake_server(bad.serve) as other:
            with served(kind, [one, other] if bad_one_is_last else [other, one]) as worker:
                wait_until(late.is_asked, "the late server is asked")
                time.sleep(0.5)
                bad.breaks.set()
                wait_until(bad.has_broken.is_set, "the other one breaks the protocol")
                time.sleep(0.5)
                late.answers.set()
                wait_until(lambda: "late" in worker.done, "the job is done")
                wait_until(lambda: (0, WORK_COMPLETE) in late.requests, "the server knows that")
            assert worker.done == ["late"]

    @pytest.mark.parametrize("kind", ["work", "Worker"])
    def test_stop(self, kind: str, what: str, bad_one_is_last: bool) -> None:
        """A worker that leaves awaits the answer too."""
        late, bad = LateServer(), BadServer(what)
        with fake_server(late.serve) as one, fake_server(bad.serve) as other:
            worker = Served(kind, [one, other] if bad_one_is_last else [other, one])
            wait_until(late.is_asked, "the late server is asked")
            time.sleep(0.5)
            bad.breaks.set()
            wait_until(bad.has_broken.is_set, "the other one breaks the protocol")
            time.sleep(0.3)  # work() has returned, and is called again
            threading.Timer(0.5, late.answers.set).start()
            worker.end()
        assert worker.done == ["late"]
