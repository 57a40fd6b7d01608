"""Messages between the processes of a pool: lines of JSON."""

from __future__ import annotations

import json
import os
import socket
from typing import Any

Message = dict[str, Any]
# Bytes of a text in an event. The whole line stays below PIPE_BUF, so that the kernel writes it in one piece.
_MAX_TEXT = 3000


def encode(message: Message) -> bytes:
    """A message as a line."""
    return json.dumps(message).encode() + b"\n"


def send_event(pipe: int, **message: Any) -> None:
    """Writes a short message to a pipe that several processes write to."""
    os.write(pipe, encode({key: _shorten(value) for key, value in message.items()}))


def _shorten(value: Any) -> Any:
    """Cuts a long text at its beginning: the end of a traceback is the error."""
    if not isinstance(value, str):
        return value
    ascii_only = value.encode("ascii", "backslashreplace").decode()
    return ascii_only[-_MAX_TEXT // 2 :] if len(json.dumps(value)) > _MAX_TEXT else value


class LineReader:
    """Joins the pieces in which messages arrive. ended: the other side has closed the connection."""

    def __init__(self) -> None:
        self.ended = False
        self._incomplete = b""

    def feed(self, piece: bytes) -> list[Message]:
        """The messages that are complete now. An empty piece means the end."""
        if not piece:
            self.ended = True
            return []
        *lines, self._incomplete = (self._incomplete + piece).split(b"\n")
        return [json.loads(line) for line in lines]


def receive(connection: socket.socket, reader: LineReader) -> list[Message]:
    """The messages that have arrived at a socket. A broken connection counts as its end."""
    try:
        return reader.feed(connection.recv(65536))
    except (BlockingIOError, InterruptedError):
        return []
    except OSError:
        return reader.feed(b"")
