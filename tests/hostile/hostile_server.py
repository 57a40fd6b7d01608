"""A server that answers as gearmand does, but spoils some of its answers. A seed decides which ones and how."""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import threading
from collections.abc import Iterator

from tests._libgearman.fake_servers import fake_server, packet
from tests.hostile.commands import Command
from tests.hostile.mutations import End, mutated
from tests.support import HOST

_HEADER = struct.Struct(">4sII")
Answer = tuple[Command, list[bytes]]
FOREGROUND = {Command.SUBMIT_JOB, Command.SUBMIT_JOB_HIGH, Command.SUBMIT_JOB_LOW}
BACKGROUND = {Command.SUBMIT_JOB_BG, Command.SUBMIT_JOB_HIGH_BG, Command.SUBMIT_JOB_LOW_BG}


class HostileServer:
    """Spoils its answers until forward_to() is called; from then on it is a proxy for a real gearmand."""

    def __init__(self) -> None:
        self.port = 0
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._seed = ""
        self._connections = 0
        self._real: int | None = None

    def spoil(self, seed: str) -> None:
        """Begins a conversation: the same seed spoils the same answers of the same connections."""
        self._disconnect()
        with self._lock:
            self._seed, self._connections, self._real = seed, 0, None

    def forward_to(self, port: int) -> None:
        """Closes all connections, and passes the next ones on to the server at this port."""
        with self._lock:
            self._real = port
        self._disconnect()

    def serve(self, connection: socket.socket, number: int) -> None:
        """Serves a connection until either side closes it."""
        with self._lock:
            self._open.add(connection)
            real, seed = self._real, f"{self._seed}:{self._connections}"
            self._connections += 1
        try:
            if real is None:
                Conversation(connection, seed).run()
            else:
                self._forward(connection, real)
        finally:
            with self._lock:
                self._open.discard(connection)

    def _disconnect(self) -> None:
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def _forward(self, connection: socket.socket, port: int) -> None:
        with socket.create_connection((HOST, port)) as real:
            back = threading.Thread(target=_copy, args=(real, connection))
            back.start()
            _copy(connection, real)
            back.join()


@contextlib.contextmanager
def hostile_server() -> Iterator[HostileServer]:
    """A hostile server that runs while the block does."""
    server = HostileServer()
    with fake_server(server.serve) as port:
        server.port = port
        try:
            yield server
        finally:
            server._disconnect()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for end in source, target:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


class Conversation:
    """One connection of a hostile server."""

    def __init__(self, connection: socket.socket, seed: str) -> None:
        self._connection = connection
        self._random = random.Random(seed)
        self._jobs = 0
        self._is_silent = False

    def run(self) -> None:
        """Answers requests until the other end closes the connection, or this one does."""
        unread = b""
        while data := self._connection.recv(65536):
            unread += data
            while (size := _size_of_request(unread)) is not None:
                request, unread = unread[:size], unread[size:]
                for answer in self._answers(request):
                    self._send(answer)

    def _answers(self, request: bytes) -> list[bytes]:
        """What gearmand would answer."""
        if request[:1] != b"\0":
            return [_admin_answer(request)]
        packets = self._packets(_HEADER.unpack(request[:12])[1], request[12:])
        return [packet(kind, *arguments) for kind, arguments in packets]

    def _packets(self, command: int, body: bytes) -> list[Answer]:
        arguments = body.split(b"\0")
        if command in FOREGROUND | BACKGROUND:
            self._jobs += 1
            handle = b"H:hostile:%d" % self._jobs
            created: list[Answer] = [(Command.JOB_CREATED, [handle])]
            return created if command in BACKGROUND else created + self._job(handle, arguments[-1])
        job = [b"H:hostile:9", b"reverse"]
        answers: dict[int, list[Answer]] = {
            Command.PRE_SLEEP: [(Command.NOOP, [])] if self._random.random() < 0.3 else [],
            Command.GRAB_JOB: [(Command.JOB_ASSIGN, [*job, b"workload"])],
            Command.GRAB_JOB_UNIQ: [(Command.JOB_ASSIGN_UNIQ, [*job, b"key", b"workload"])],
            Command.GRAB_JOB_ALL: [(Command.JOB_ASSIGN_ALL, [*job, b"key", b"reducer", b"workload"])],
            Command.GET_STATUS: [(Command.STATUS_RES, [arguments[0], b"1", b"1", b"3", b"4"])],
            Command.GET_STATUS_UNIQUE: [(Command.STATUS_RES_UNIQUE, [arguments[0], b"1", b"1", b"3", b"4", b"1"])],
            Command.ECHO_REQ: [(Command.ECHO_RES, [body])],
            Command.OPTION_REQ: [(Command.OPTION_RES, [body])],
        }
        return answers.get(command, [])

    def _job(self, handle: bytes, workload: bytes) -> list[Answer]:
        """The packets of a job that a worker does."""
        progress: list[Answer] = [
            (Command.WORK_STATUS, [handle, b"1", b"2"]),
            (Command.WORK_DATA, [handle, workload]),
            (Command.WORK_WARNING, [handle, b"a warning"]),
            (Command.WORK_EXCEPTION, [handle, b"an exception"]),
        ]
        ends: list[Answer] = [(Command.WORK_COMPLETE, [handle, workload[::-1]]), (Command.WORK_FAIL, [handle])]
        return [*self._random.sample(progress, self._random.randrange(3)), self._random.choices(ends, [5, 1])[0]]

    def _send(self, answer: bytes) -> None:
        if self._is_silent:
            return
        for step in mutated(answer, self._random) if self._random.random() < 0.6 else [answer]:
            if isinstance(step, bytes):
                self._connection.sendall(step)
            elif isinstance(step, float):
                threading.Event().wait(step)
            else:
                self._end(step)

    def _end(self, end: End) -> None:
        if end is End.SILENCE:
            self._is_silent = True
            return
        if end is End.RESET:
            self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._connection.close()
        raise ConnectionError("the conversation ends here")


def _size_of_request(data: bytes) -> int | None:
    """The size of the first request in the data: a packet or a line of text. None if it is not complete."""
    if data[:1] != b"\0":
        end = data.find(b"\n")
        return None if end < 0 else end + 1
    if len(data) < 12:
        return None
    size = 12 + int(_HEADER.unpack(data[:12])[2])
    return size if len(data) >= size else None


def _admin_answer(line: bytes) -> bytes:
    rows = {
        b"status": b"reverse\t3\t1\t2\nother\t0\t0\t0\n.\n",
        b"prioritystatus": b"reverse\t1\t2\t3\t2\n.\n",
        b"workers": b"30 127.0.0.1 an-id : reverse other\n31 127.0.0.1 - :\n.\n",
        b"show jobs": b"H:hostile:1\t0\t0\t1\n.\n",
        b"show unique jobs": b"key\n.\n",
        b"version": b"OK 1.1.20\n",
        b"verbose": b"OK ERROR\n",
        b"getpid": b"OK 4711\n",
    }
    return rows.get(line.rstrip(b"\r\n"), b"OK\n")
