"""Servers that the tests run in place of a gearmand."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator

NO_JOB, OPTION_REQ, OPTION_RES, GRAB_JOB_ALL, JOB_ASSIGN_ALL = 10, 26, 27, 39, 40


def packet(kind: int, *arguments: bytes, missing: int = 0) -> bytes:
    """A packet of a server. missing: the number of bytes that are left out although the header counts them."""
    body = b"\0".join(arguments)
    return b"\0RES" + struct.pack(">II", kind, len(body) + missing) + body


@contextlib.contextmanager
def fake_server(serve: Callable[[socket.socket, int], object]) -> Iterator[int]:
    """Runs a server during the block and yields its port. Each connection is served by a thread.

    serve gets the connection and its number, counted from 0. It must return when the connection is closed, which the
    end of the block does too. An OSError in it is ignored.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []
    connections: list[socket.socket] = []

    def handle(connection: socket.socket, number: int) -> None:
        with connection, contextlib.suppress(OSError):
            serve(connection, number)

    def accept() -> None:
        with contextlib.suppress(OSError):  # the block has ended
            while True:
                connections.append(listener.accept()[0])
                threads.append(threading.Thread(target=handle, args=(connections[-1], len(threads))))
                threads[-1].start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join()
        for connection, thread in zip(connections, threads, strict=True):
            with contextlib.suppress(OSError):  # it is closed already
                connection.shutdown(socket.SHUT_RDWR)
            thread.join()


def commands(connection: socket.socket) -> Iterator[int]:
    """Yields the command of each packet that comes. Raises OSError when nothing comes for 20 seconds."""
    connection.settimeout(20)
    while True:
        head = receive(connection, 12)
        command, size = struct.unpack(">II", head[4:])
        receive(connection, size)
        yield command


def requests(connection: socket.socket) -> Iterator[tuple[int, bytes]]:
    """The kinds and bodies of the packets that the client sends. Grants options."""
    buffer = b""
    while received := connection.recv(65536):
        buffer += received
        while len(buffer) >= 12 and len(buffer) >= (size := 12 + int.from_bytes(buffer[8:12], "big")):
            kind, body, buffer = int.from_bytes(buffer[4:8], "big"), buffer[12:size], buffer[size:]
            if kind == OPTION_REQ:
                connection.sendall(packet(OPTION_RES, body))
            else:
                yield kind, body


class SlowServer:
    """Answers a request for a job when answer() is called. requests: the commands that it got."""

    def __init__(self) -> None:
        self.requests: list[int] = []
        self._answers: list[bytes] = []
        self._answered = threading.Condition()

    def serve(self, connection: socket.socket, number: int) -> None:
        for command in commands(connection):
            self.requests.append(command)
            if command == GRAB_JOB_ALL:
                with self._answered:
                    self._answered.wait_for(lambda: self._answers, 20)
                    connection.sendall(self._answers.pop(0))

    def answer(self, answer: bytes) -> None:
        with self._answered:
            self._answers.append(answer)
            self._answered.notify()

    def is_asked(self, times: int = 1) -> bool:
        return self.requests.count(GRAB_JOB_ALL) == times


def receive(connection: socket.socket, size: int) -> bytes:
    """All of these bytes. Raises OSError at the end of the stream."""
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            raise OSError("end of stream")
        data += more
    return data
