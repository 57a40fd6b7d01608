"""A job for a handler in another thread than its worker's, for the Python layer. PHP has nothing like it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from gearman_cffi._libgearman import JobPacket
from gearman_cffi.ext.constants import GEARMAN_LOST_CONNECTION
from gearman_cffi.ext.job import GearmanJob


class SendRequest:
    """A packet to send. For the worker's thread: answer() is to be called exactly once.

    job: the one that it is for. send: sends it, and returns a return code.
    """

    def __init__(self, job: GearmanJob, send: Callable[[], int], reply: queue.SimpleQueue[int] | None) -> None:
        """reply: gets the return code, if the handler waits for it."""
        self.job = job
        self.send = send
        self._reply = reply

    @property
    def is_awaited(self) -> bool:
        """Whether the handler waits for the answer."""
        return self._reply is not None

    def answer(self, rc: int) -> None:
        """Tells the handler the return code."""
        if self._reply is not None:
            self._reply.put(rc)

    def refuse(self) -> None:
        """The worker does not send the packet any more."""
        self.answer(GEARMAN_LOST_CONNECTION)


class RelayedJob(GearmanJob):
    """A GearmanJob that has the thread of the worker send its packets, in order.

    A handler in a thread waits until its packet was sent. A coroutine does not: it learns with a later packet that the
    connection is lost. put: gets the requests. may_wait: returns whether the current thread may wait.
    """

    __slots__ = ("_gearman_job", "_handle", "_is_over", "_may_wait", "_put", "_sent_rc", "_unique", "_worker_thread")

    def __init__(
        self, gearman_job: GearmanJob, put: Callable[[SendRequest], None], may_wait: Callable[[], bool]
    ) -> None:
        super().__init__()
        self._gearman_job = self._owner = gearman_job
        self._put = put
        self._may_wait = may_wait
        self._sent_rc = 0
        self._is_over = False
        self._worker_thread = threading.get_ident()
        self._handle = gearman_job._read_handle()
        self._unique = gearman_job._read_unique()
        self._workload = gearman_job.workload()

    def finish(self) -> None:
        """The job is about to be answered: what another thread has asked to send meanwhile is not sent."""
        self._is_over = True

    def _read_handle(self) -> str | None:
        return self._handle

    def _read_unique(self) -> str | None:
        return self._unique

    def _read_error(self) -> str | None:
        return None

    def _send(self, packet: JobPacket, data: bytes | bytearray | memoryview = b"") -> int:
        content = bytes(data)  # the caller may change it before it is sent
        return self._request(lambda: self._gearman_job._send(packet, content))

    def _send_status(self, numerator: int, denominator: int) -> int:
        return self._request(lambda: self._gearman_job._send_status(numerator, denominator))

    def _request(self, send: Callable[[], int]) -> int:
        def send_now() -> int:
            self._sent_rc = GEARMAN_LOST_CONNECTION if self._is_over else send()
            return self._sent_rc

        if threading.get_ident() == self._worker_thread:
            return send_now()
        reply: queue.SimpleQueue[int] | None = queue.SimpleQueue() if self._may_wait() else None
        self._put(SendRequest(self._gearman_job, send_now, reply))
        return self._sent_rc if reply is None else reply.get()

    def _warn(self, call: str, reason: str) -> None:
        """Does nothing: the Python layer raises exceptions."""
