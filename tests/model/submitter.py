"""A client of a few lines: it submits jobs and shows the packets that a worker sends for them."""

from __future__ import annotations

import socket
import struct
from typing import BinaryIO

from gearman_cffi.testing import Gearmand
from tests.hostile.commands import Command

_ENDS = {Command.WORK_COMPLETE, Command.WORK_FAIL, Command.WORK_EXCEPTION}


class Submitter:
    """One connection to a server, which sends it the exceptions of workers."""

    def __init__(self, server: Gearmand) -> None:
        self._socket = socket.create_connection((server.host, server.port), 20)
        self._stream: BinaryIO = self._socket.makefile("rb")
        self._packets: dict[bytes, list[tuple[str, list[bytes]]]] = {}
        self._send(Command.OPTION_REQ, b"exceptions")
        self._receive()

    def submit(self, function: bytes, unique: bytes, workload: bytes) -> bytes:
        """Submits a job in the foreground, and returns its handle."""
        self._send(Command.SUBMIT_JOB, function, unique, workload)
        while True:
            command, arguments = self._receive()
            if command == Command.JOB_CREATED:
                return arguments[0]

    def answers(self, handle: bytes) -> list[tuple[str, list[bytes]]]:
        """Returns what the worker has sent for a job, when the job has ended."""
        seen = self._packets.setdefault(handle, [])
        while not seen or Command[seen[-1][0]] not in _ENDS:
            self._receive()
        return seen

    def close(self) -> None:
        """Closes the connection."""
        self._stream.close()
        self._socket.close()

    def _send(self, command: Command, *arguments: bytes) -> None:
        body = b"\0".join(arguments)
        self._socket.sendall(b"\0REQ" + struct.pack(">II", command, len(body)) + body)

    def _receive(self) -> tuple[Command, list[bytes]]:
        magic, number, length = struct.unpack(">4sII", self._stream.read(12))
        assert magic == b"\0RES"
        command = Command(number)
        most = 2 if command == Command.WORK_STATUS else 1  # the last argument may contain NUL bytes
        handle, *rest = self._stream.read(length).split(b"\0", most)
        if command.name.startswith("WORK_"):
            self._packets.setdefault(handle, []).append((command.name, rest))
        return command, [handle, *rest]
