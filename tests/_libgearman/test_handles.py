"""Each packet reaches the task whose job it names: handles that begin alike, late packets, requests for a status."""

from __future__ import annotations

import itertools
import os
import random
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest

from gearman_cffi.ext import GEARMAN_TIMEOUT, GearmanClient, GearmanTask, GearmanWarning
from tests._libgearman.fake_servers import fake_server, packet
from tests.support import shown

CREATED, STATUS, COMPLETE, FAIL, STATUS_RES, EXCEPTION, DATA, WARNING, OPTION_RES = 8, 12, 13, 14, 20, 25, 28, 29, 27
GET_STATUS, OPTION_REQ = 15, 26
# Some are beginnings of others, one is not ASCII, and the last one is as long as a handle can be.
HANDLES = [b"H:x:1", b"H:x:10", b"H:x:100", b"H:x", b"H", b"H:x:11", b"\xc8:x:1", b"H:x:" + b"1" * 59]


class Request(NamedTuple):
    """A packet of a client."""

    kind: int
    arguments: list[bytes]


def requests(connection: socket.socket) -> Iterator[Request]:
    """The packets of a client, until it closes the connection."""
    with connection.makefile("rb") as stream:
        while len(head := stream.read(12)) == 12:
            kind, size = struct.unpack(">II", head[4:])
            yield Request(kind, stream.read(size).split(b"\0"))


@contextmanager
def server(answer: Callable[[Request], bytes | None], pieces: int = 0) -> Iterator[GearmanClient]:
    """A client of a fake server. answer: what to send for a request. pieces: the most bytes to send at once."""

    connections: list[socket.socket] = []

    def serve(connection: socket.socket, number: int) -> None:
        connections.append(connection)
        connection.settimeout(20)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for request in requests(connection):
            data = packet(OPTION_RES, *request.arguments) if request.kind == OPTION_REQ else answer(request)
            for at in range(0, len(data or b""), pieces or 1 << 30):
                connection.sendall((data or b"")[at : at + pieces] if pieces else data or b"")

    with fake_server(serve) as port:
        client = GearmanClient()
        client.setTimeout(10_000)
        client.addServer("127.0.0.1", port)
        yield client
        for connection in connections:
            connection.shutdown(socket.SHUT_RDWR)


class Events:
    """The events of all tasks: (context, event, data)."""

    def __init__(self, client: GearmanClient) -> None:
        self.seen: list[tuple[Any, str, Any]] = []
        client.setDataCallback(lambda task, context: self.add("data", task, context))
        client.setWarningCallback(lambda task, context: self.add("warning", task, context))
        client.setCompleteCallback(lambda task, context: self.add("complete", task, context))
        client.setExceptionCallback(lambda task, context: self.add("exception", task, context))
        client.setFailCallback(lambda task, context: self.add("fail", task, context))
        client.setStatusCallback(self.status)

    def add(self, event: str, task: GearmanTask, context: object) -> None:
        own = os.fsencode(task.jobHandle() or "") if event == "fail" else task.data()
        self.seen.append((context, event, own))

    def status(self, task: GearmanTask, context: object) -> None:
        self.seen.append((context, "status", (task.isKnown(), task.taskNumerator(), task.jobHandle())))


# What a server sends for a job after its handle, and the event it makes.
ANSWERS: dict[str, tuple[Callable[[bytes, bytes], bytes], str]] = {
    "complete": (lambda handle, data: packet(COMPLETE, handle, data), "complete"),
    "fail": (lambda handle, data: packet(FAIL, handle), "fail"),
    "fail with a NUL": (lambda handle, data: packet(FAIL, handle, b""), "fail"),
    "exception": (lambda handle, data: packet(EXCEPTION, handle, data), "exception"),
    "data": (lambda handle, data: packet(DATA, handle, data) + packet(COMPLETE, handle, data), "data"),
    "warning": (lambda handle, data: packet(WARNING, handle, data) + packet(FAIL, handle), "warning"),
}


@pytest.mark.parametrize("pieces", [0, 1, 7], ids=["at once", "byte by byte", "seven bytes"])
@pytest.mark.parametrize("kind", [kind for kind in ANSWERS if kind != "fail with a NUL"])
def test_handles_that_begin_alike(kind: str, pieces: int) -> None:
    """In any order, whether packets come together or in parts."""
    make, event = ANSWERS[kind]
    for order in (HANDLES, HANDLES[::-1], random.Random(1).sample(HANDLES, len(HANDLES))):
        jobs: dict[bytes, bytes] = {}

        def answer(request: Request, order: list[bytes] = order, jobs: dict[bytes, bytes] = jobs) -> bytes:
            handle = HANDLES[len(jobs)]
            jobs[handle] = request.arguments[2]
            created = packet(CREATED, handle)
            return created + (b"".join(make(each, jobs[each]) for each in order) if len(jobs) == len(HANDLES) else b"")

        with server(answer, pieces) as client:
            events = Events(client)
            for number in range(len(HANDLES)):
                client.addTask("f", f"{number}", f"{number}".encode())
            assert client.runTasks()
        own = [seen for seen in events.seen if seen[1] == event]
        assert len(own) == len(HANDLES)
        assert [seen for seen in own if seen[0] != (jobs[seen[2]] if event == "fail" else seen[2])] == []


def test_many_failures_at_once() -> None:
    """More than fit into libgearman's buffer, of handles that begin alike."""
    handles = [b"H:x:%d" % number for number in range(1, 701)]
    failed = random.Random(2).sample(handles, 500)
    submitted = itertools.count()
    names: dict[bytes, bytes] = {}

    def answer(request: Request) -> bytes:
        handle = handles[next(submitted)]
        names[request.arguments[2]] = handle
        ends = b"".join(packet(FAIL, each) for each in failed)
        ends += b"".join(packet(COMPLETE, each, each) for each in handles if each not in failed)
        return packet(CREATED, handle) + (ends if handle == handles[-1] else b"")

    with server(answer) as client:
        events = Events(client)
        for number in range(len(handles)):
            client.addTask("f", f"{number}", f"{number}".encode())
        assert client.runTasks()
    ends = {context: event for context, event, _ in events.seen}
    assert ends == {workload: "fail" if names[workload] in failed else "complete" for workload in names}
    assert all(data == names[context] for context, event, data in events.seen if event == "complete")


@pytest.mark.parametrize("kind", list(ANSWERS))
def test_a_late_packet_before_the_next_job_has_a_name(kind: str) -> None:
    """The packets of a job that was given up come when the next one waits for its handle."""
    make, _ = ANSWERS[kind]
    submitted = itertools.count(1)

    def answer(request: Request) -> bytes:
        number = next(submitted)
        if number == 1:
            return packet(CREATED, b"H:x:1")
        late = make(b"H:x:1", b"late")
        return late + packet(CREATED, b"H:x:10") + late + packet(COMPLETE, b"H:x:10", request.arguments[2])

    with server(answer) as client:
        client.setTimeout(100)
        with pytest.warns(GearmanWarning):
            client.doNormal("f", "given up")
        assert client.returnCode() == GEARMAN_TIMEOUT
        client.setTimeout(10_000)
        assert client.doNormal("f", "second") == b"second"


class TestStatus:
    """The status of a job that the same client waits for."""

    @pytest.mark.parametrize("pieces", [0, 1], ids=["at once", "byte by byte"])
    @pytest.mark.parametrize("handle", [b"H:x:1", b"\xc8:x:1", b"\x80", b"\x7f:1", b"\xff"], ids=shown)
    @pytest.mark.parametrize("before", [True, False], ids=["the job's packets first", "the status first"])
    def test_of_a_running_job(self, before: bool, handle: bytes, pieces: int) -> None:
        """The answer goes to the task that asked, and what comes for the job meanwhile to the job's."""

        def answer(request: Request) -> bytes:
            if request.kind != GET_STATUS:
                return packet(CREATED, handle)
            assert request.arguments == [handle]
            job = packet(STATUS, handle, b"3", b"4") + packet(DATA, handle, b"part") + packet(COMPLETE, handle, b"all")
            status = packet(STATUS_RES, handle, b"1", b"1", b"1", b"2")
            return job + status if before else status + job

        with server(answer, pieces) as client:
            events = Events(client)
            name = handle.decode("utf-8", "surrogateescape")
            client.setCreatedCallback(lambda task: client.addTaskStatus(task.jobHandle(), "asked"))
            client.addTask("f", "x", "job")
            assert client.runTasks()
        asked = ("asked", "status", (True, 1, name))
        job = [("job", "status", (True, 3, name)), ("job", "data", b"part"), ("job", "complete", b"all")]
        assert [seen for seen in events.seen if seen[0] == "asked"] == [asked]
        assert [(context, event) for context, event, _ in events.seen if context == "job"] == [each[:2] for each in job]

    def test_asked_for_twice(self) -> None:
        """Each of two requests for the same job has its answer, in order."""
        numbers = itertools.count(1)

        def answer(request: Request) -> bytes | None:
            if request.kind != GET_STATUS:
                return packet(CREATED, b"H:x:1")
            number = next(numbers)
            status = packet(STATUS_RES, b"H:x:1", b"1", b"1", b"%d" % number, b"9")
            return status + (packet(COMPLETE, b"H:x:1", b"all") if number == 2 else b"")

        def created(task: GearmanTask) -> None:
            client.addTaskStatus(task.jobHandle(), "one")
            client.addTaskStatus(task.jobHandle(), "two")

        with server(answer) as client:
            events = Events(client)
            client.setCreatedCallback(created)
            client.addTask("f", "x", "job")
            assert client.runTasks()
        asked = sorted(seen for seen in events.seen if seen[1] == "status")
        assert [seen[0] for seen in asked] == ["one", "two"]
        assert {seen[2] for seen in asked} == {(True, 1, "H:x:1"), (True, 2, "H:x:1")}
        assert ("job", "complete", b"all") in events.seen
