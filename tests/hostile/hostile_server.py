"""A server that spoils some of its answers, or of those of a real gearmand. A seed decides which ones and how."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from random import Random

from tests._libgearman.fake_servers import fake_server, packet
from tests.hostile.commands import Command
from tests.hostile.mutations import End, Step, mutated
from tests.support import HOST

_HEADER = struct.Struct(">4sII")
Answer = tuple[Command, list[bytes]]
FOREGROUND = {Command.SUBMIT_JOB, Command.SUBMIT_JOB_HIGH, Command.SUBMIT_JOB_LOW}
BACKGROUND = {Command.SUBMIT_JOB_BG, Command.SUBMIT_JOB_HIGH_BG, Command.SUBMIT_JOB_LOW_BG}


class Mode(Enum):
    """Where the answers of a conversation come from, and what happens to them."""

    INVENTED = "the server's own answers, spoiled"
    REAL = "a real gearmand's answers, spoiled"
    TRUTHFUL = "a real gearmand's answers, lost, cut off or delayed"

    @classmethod
    def of(cls, seed: int) -> Mode:
        """The mode of the conversation with this seed."""
        return [cls.INVENTED, cls.INVENTED, cls.REAL, cls.TRUTHFUL][seed % 4]


@dataclass(frozen=True, order=True)
class Place:
    """Which answer is spoiled: the number of its connection, and its own number there."""

    connection: int
    answer: int


class HostileServer:
    """Spoils answers until forward_to() is called; from then on it is a proxy for the real gearmand at that port.

    spoiled: what was sent in the place of which answer.
    """

    def __init__(self, real: int) -> None:
        self.port = 0
        self.spoiled: dict[Place, tuple[bytes, Sequence[Step]]] = {}
        self._real = real
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._seed = 0
        self._only: Collection[Place] | None = None
        self._connections = 0
        self._is_hostile = False

    def spoil(self, seed: int, only: Collection[Place] | None = None) -> None:
        """Begins a conversation: the same seed spoils the same answers in the same way. only: no others."""
        self._disconnect()
        with self._lock:
            self.spoiled = {}
            self._seed, self._only, self._connections, self._is_hostile = seed, only, 0, True

    def forward(self) -> None:
        """Closes all connections, and passes the next ones on."""
        with self._lock:
            self._is_hostile = False
        self._disconnect()

    def serve(self, connection: socket.socket, number: int) -> None:
        """Serves a connection until either side closes it."""
        with self._lock:
            self._open.add(connection)
            number = self._connections
            self._connections += 1
            is_hostile, mode = self._is_hostile, Mode.of(self._seed)
        try:
            if not is_hostile:
                self._forward(connection)
            elif mode is Mode.INVENTED:
                sender = Sender(connection, self, number)
                Conversation(connection, sender, Random(f"{self._seed}:{number}")).run()
            else:
                self._forward(connection, Sender(connection, self, number))
        finally:
            with self._lock:
                self._open.discard(connection)

    def steps(self, place: Place, answer: bytes) -> Sequence[Step]:
        """What is sent in the place of an answer."""
        random = Random(f"{self._seed}:{place.connection}:{place.answer}")
        if random.random() > 0.6 or (self._only is not None and place not in self._only):
            return [answer]
        steps = mutated(answer, random, Mode.of(self._seed) is Mode.TRUTHFUL)
        with self._lock:
            self.spoiled[place] = answer, steps
        return steps

    def _disconnect(self) -> None:
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def _forward(self, connection: socket.socket, sender: Sender | None = None) -> None:
        """A proxy until either side closes. One thread does it: a socket that another one reads cannot be reset."""
        send = connection.sendall if sender is None else sender.feed
        with socket.create_connection((HOST, self._real)) as real:
            while True:
                for source in select.select([connection, real], [], [])[0]:
                    data = source.recv(65536)
                    if not data:
                        return
                    if source is connection:
                        real.sendall(data)
                    else:
                        send(data)


class Sender:
    """Sends the answers of one connection, or what the server has in the place of them."""

    def __init__(self, connection: socket.socket, server: HostileServer, number: int) -> None:
        self._connection = connection
        self._server = server
        self._number = number
        self._answers = 0
        self._unsent = b""
        self._is_silent = False

    def feed(self, data: bytes) -> None:
        """Sends the packets that are complete. A text is an answer as it comes."""
        self._unsent += data
        while (size := _size_of_packet(self._unsent)) is not None:
            answer, self._unsent = self._unsent[:size], self._unsent[size:]
            self.send(answer)

    def send(self, answer: bytes) -> None:
        """Sends one answer. Raises ConnectionError if the conversation ends with it."""
        place = Place(self._number, self._answers)
        self._answers += 1
        if self._is_silent:
            return
        for step in self._server.steps(place, answer):
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


@contextlib.contextmanager
def hostile_server(real: int) -> Iterator[HostileServer]:
    """A hostile server in front of the real one at this port. It runs while the block does."""
    server = HostileServer(real)
    with fake_server(server.serve) as port:
        server.port = port
        try:
            yield server
        finally:
            server._disconnect()


class Conversation:
    """One connection of a server without jobs and workers, which invents them."""

    def __init__(self, connection: socket.socket, sender: Sender, random: Random) -> None:
        self._connection = connection
        self._sender = sender
        self._random = random
        self._jobs = 0

    def run(self) -> None:
        """Answers requests until the other end closes the connection, or this one does."""
        unread = b""
        while data := self._connection.recv(65536):
            unread += data
            while (size := _size_of_request(unread)) is not None:
                request, unread = unread[:size], unread[size:]
                for answer in self._answers(request):
                    self._sender.send(answer)

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


def _size_of_request(data: bytes) -> int | None:
    """The size of the first request in the data: a packet or a line of text. None if it is not complete."""
    if data[:1] != b"\0":
        end = data.find(b"\n")
        return None if end < 0 else end + 1
    return _size_of_packet(data)


def _size_of_packet(data: bytes) -> int | None:
    """The size of the first packet in the data, or of all data if it is text. None if it is not complete."""
    if data[:1] not in (b"", b"\0"):
        return len(data)
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
