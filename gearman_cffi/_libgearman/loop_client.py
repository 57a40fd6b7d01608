"""A libgearman client whose waits are those of an event loop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gearman_cffi._libgearman.buffers import Data, decode_name
from gearman_cffi._libgearman.client import NativeClient, pointer
from gearman_cffi._libgearman.native import ffi, lib

_HANDLE_SIZE = int(lib.GEARMAN_JOB_HANDLE_SIZE)
_NO_STATUS = (False, False, 0, 0)


class EndedJob(NamedTuple):
    """A job of a NativeLoopClient that has ended, or a request for a status that was answered.

    data: the result, or the text of an exception. handle: "" for a job that succeeded with a result. status: as in
    StatusReply.
    """

    number: int
    rc: int
    data: bytes
    handle: str
    status: tuple[bool, bool, int, int]


class LoopUpdate(NamedTuple):
    """A packet for a watched job of a NativeLoopClient, before its end."""

    number: int
    event: int  # a TaskEvent
    handle: str
    numerator: int
    denominator: int
    data: bytes


class Descriptor(NamedTuple):
    """A descriptor to watch. events: select.POLLIN, select.POLLOUT. serial: of the connection that has it now."""

    fd: int
    events: int
    serial: int


class _NoTasks:
    """The TaskOwner of a client without tasks of the user."""

    def deliver(self, number: int, event: int, data: bytes) -> int:
        raise NotImplementedError

    def forget(self, numbers: Sequence[int]) -> None:
        raise NotImplementedError


class NativeLoopClient(NativeClient):
    """A gearman_client_st that never waits: an event loop watches its descriptors. None of its calls calls Python."""

    __slots__ = ()

    def __init__(self, host: str, port: int) -> None:
        """A client of one server, which asks for the exceptions of workers. host: an address, so that nothing waits."""
        super().__init__(_NoTasks(), from_environment=False)
        self._call(lib.gcffi_client_prepare_turns)
        self.add_server(host.encode(), port)

    def start(
        self,
        number: int,
        kind: int,
        function: bytes,
        unique: bytes,
        workload: Data | None,
        epoch: int,
        is_watched: bool,
    ) -> int:
        """Adds a job, or a request for a status, which the next turn() sends. The number identifies it.

        epoch: as in submit(). is_watched: whether updates() has its packets.
        """
        return self._call(
            lib.gcffi_client_submit,
            kind,
            number,
            is_watched,
            function,
            unique,
            pointer(workload),
            len(workload or b""),
            epoch,
        )

    def abandon(self, number: int) -> str:
        """Forgets a job. Its answer is dropped when it comes. Returns the job's handle, "" if there is none yet."""
        handle = ffi.new("char[]", _HANDLE_SIZE)
        self._call(lib.gcffi_client_abandon, number, handle)
        return decode_name(handle) or ""

    def turn(self, is_ready: bool) -> int:
        """Sends and receives what is possible now. is_ready: a descriptor may be ready.

        Returns IO_WAIT if answers are to come, SUCCESS if none is. With any other code all jobs have ended, and the
        client must be closed. After each turn: updates(), ended() and, if descriptors_changed, descriptors().
        """
        return self._call(lib.gcffi_client_turn, is_ready)

    def updates(self) -> list[LoopUpdate]:
        """Returns the packets for watched jobs since the last ended()."""
        updates = []
        update = self.c.loop.updates
        while update:
            data = ffi.unpack(update.data, update.size) if update.size else b""
            handle = decode_name(update.handle) or ""
            updates.append(LoopUpdate(update.id, update.event, handle, update.numerator, update.denominator, data))
            update = update.next
        return updates

    def ended(self) -> list[EndedJob]:
        """Returns the jobs that have ended since the last call, in that order, and frees what C has of them."""
        ended = []
        job = self.c.loop.ended
        while job:
            reply = job.reply
            size, rc = reply.size, reply.rc
            data = ffi.unpack(reply.data, size) if size else b""
            handle, status = "", _NO_STATUS
            if rc or not size:
                handle = decode_name(reply.handle) or ""
                if not handle:
                    status = bool(reply.known), bool(reply.running), int(reply.numerator), int(reply.denominator)
            ended.append(EndedJob(job.id, rc, data, handle, status))
            job = job.next
        lib.gcffi_client_release_ended(self.c)
        return ended

    @property
    def descriptors_changed(self) -> bool:
        """Whether the last turn() changed descriptors() or is_opening."""
        return bool(self.c.loop.fds_changed)

    def descriptors(self) -> list[Descriptor]:
        """Returns what to watch until the next turn."""
        loop = self.c.loop
        return [Descriptor(fd.fd, fd.events, fd.serial) for fd in loop.fds[0 : loop.count]] if loop.count else []

    @property
    def is_opening(self) -> bool:
        """Whether the connection is being opened: no job was sent yet."""
        return bool(self.c.loop.is_opening)

    @property
    def wait_ms(self) -> int:
        """How long to wait for the descriptors before the next turn(), in ms; -1 for no limit."""
        return int(self.c.loop.wait_ms)

    def is_silent(self) -> bool:
        """Call this after a timeout. Whether the server has answered nothing since the last request."""
        is_silent = ffi.new("bool *")
        self._call(lib.gcffi_client_is_silent, is_silent)
        return bool(is_silent[0])

    @property
    def orphans(self) -> int:
        """How many abandoned jobs the server has not acknowledged, or not answered if they have a key."""
        return int(self.c.orphans)

    def close(self) -> None:
        """Closes the connections. The client cannot be used any more."""
        ffi.release(self._open)
