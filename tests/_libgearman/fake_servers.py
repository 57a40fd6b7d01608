"""Servers of the tests' own, in place of a gearmand."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator


def packet(kind: int, *arguments: bytes, missing: int = 0) -> bytes:
    """A packet of a server, with so many bytes less than its head says."""
    body = b"\0".join(arguments)
    return b"\0RES" + struct.pack(">II", kind, len(body) + missing) + body


@contextlib.contextmanager
def fake_server(serve: Callable[[socket.socket, int], object]) -> Iterator[int]:
    """The port of a server that gives each connection, with its number from 0 on, to a thread of its own.

    serve returns when the other end goes away, and at some time of its own; an OSError in it is an end.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def handle(connection: socket.socket, number: int) -> None:
        with connection, contextlib.suppress(OSError):
            serve(connection, number)

    def accept() -> None:
        with contextlib.suppress(OSError):  # the end of the block
            while True:
                threads.append(threading.Thread(target=handle, args=(listener.accept()[0], len(threads))))
                threads[-1].start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join()
        for thread in threads:
            thread.join()
