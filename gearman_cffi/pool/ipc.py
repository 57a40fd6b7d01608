"""Lines of JSON between the processes of a pool."""

from __future__ import annotations

import json
import os
import socket
from typing import Any

Message = dict[str, Any]
_LONGEST_NOTE = 3000  # bytes of a text in a note: with the rest below PIPE_BUF, which is written in one piece


def encode(message: Message) -> bytes:
    """A message as a line."""
    return json.dumps(message).encode() + b"\n"


def note(pipe: int, **message: Any) -> None:
    """Writes a short message to a pipe that several processes write to."""
    os.write(pipe, encode({key: _short(value) for key, value in message.items()}))


def _short(value: Any) -> Any:
    """The end of a long text: of a traceback that is the error."""
    if not isinstance(value, str):
        return value
    ascii_only = value.encode("ascii", "backslashreplace").decode()
    return ascii_only[-_LONGEST_NOTE // 2 :] if len(json.dumps(value)) > _LONGEST_NOTE else value


class Lines:
    """Puts messages together from the pieces in which they arrive. ended: the other side is gone."""

    def __init__(self) -> None:
        self.ended = False
        self._begun = b""

    def feed(self, piece: bytes) -> list[Message]:
        """The messages that are whole now; an empty piece is the end."""
        if not piece:
            self.ended = True
            return []
        *lines, self._begun = (self._begun + piece).split(b"\n")
        return [json.loads(line) for line in lines]


def receive(connection: socket.socket, lines: Lines) -> list[Message]:
    """What has arrived at a socket; a broken connection is its end."""
    try:
        return lines.feed(connection.recv(65536))
    except (BlockingIOError, InterruptedError):
        return []
    except OSError:
        return lines.feed(b"")
