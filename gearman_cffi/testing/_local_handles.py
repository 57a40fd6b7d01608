"""What stands in for the C boundary in a local run: the handles of a worker, its jobs and a client.

They have the methods of NativeWorker, NativeJob and NativeClient that the Python layer comes to use, so that all code
above the boundary is the same as with a server.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gearman_cffi._libgearman import JobPacket, Reply, StatusReply
from gearman_cffi.ext import GearmanJob, ReturnCode
from gearman_cffi.testing._local_queue import BACKGROUND, LocalQueue, Packet, QueuedJob, Sent

if TYPE_CHECKING:
    from gearman_cffi._libgearman import JobCallbacks

_Data = bytes | bytearray | memoryview
_SAYS = {
    JobPacket.DATA: Sent.DATA,
    JobPacket.WARNING: Sent.WARNING,
    JobPacket.COMPLETE: Sent.COMPLETE,
    JobPacket.EXCEPTION: Sent.EXCEPTION,
    JobPacket.FAIL: Sent.FAIL,
}


class _LocalHandle:
    """What a client and a worker have in common; there is no server to connect to."""

    c = None

    def __init__(self, queue: LocalQueue) -> None:
        self._queue = queue
        self._timeout = -1
        self._error: str | None = None

    def error(self) -> str | None:
        return self._error

    def options(self) -> int:
        return 0

    def timeout(self) -> int:
        return self._timeout

    def set_timeout(self, milliseconds: int) -> None:
        self._timeout = milliseconds

    def add_server(self, host: bytes | None, port: int) -> int:
        return ReturnCode.SUCCESS

    def request_option(self, option: bytes) -> bool:
        return True


class LocalWorkerHandle(_LocalHandle):
    """Takes jobs out of the queue, until one of those is done that somebody waits for: awaited."""

    def __init__(self, queue: LocalQueue) -> None:
        super().__init__(queue)
        self.awaited: Sequence[QueuedJob] = ()
        self._functions: dict[str, JobCallbacks] = {}

    def add_function(self, name: bytes, runner: JobCallbacks, timeout: int) -> int:
        self._functions[name.decode()] = runner
        return ReturnCode.SUCCESS

    def work(self, keep_working: bool = False) -> tuple[int, BaseException | None]:
        """Does one job; what its function lets through leaves the job unanswered in the queue."""
        if any(job.return_code is not None for job in self.awaited):
            return int(ReturnCode.TIMEOUT), None
        # The order in which gearmand hands jobs out to one worker.
        order = {name: place for place, name in enumerate(self._functions)}
        able = [job for job in self._queue.waiting() if job.function in order]
        if not able:
            return int(ReturnCode.TIMEOUT), None
        job = min(able, key=lambda job: (order[job.function], -job.priority))
        job.is_running = True
        try:
            self._run(self._functions[job.function], LocalGearmanJob(job))
        finally:
            self._queue.finish(job)
        return ReturnCode.SUCCESS, None

    def _run(self, runner: JobCallbacks, job: GearmanJob) -> None:
        try:
            result = runner.call(job)
        except BaseException as error:
            runner.failed(job, error)
            raise
        runner.ended(job, result)

    def come_back(self) -> None:
        """work() does one job."""

    def stop(self) -> None:
        """Nobody waits in here: Worker looks at its own flag after each job."""


class LocalGearmanJob(GearmanJob):
    """A job in the hands of a worker."""

    __slots__ = ("_queued",)

    def __init__(self, queued: QueuedJob) -> None:
        super().__init__()
        self._queued = self._keeps = queued

    def _read_handle(self) -> str:
        return self._queued.handle

    def _read_names(self) -> tuple[str, str]:
        return self._queued.handle, self._queued.unique

    def _read_function_name(self) -> str:
        return self._queued.function

    def _read_unique(self) -> str:
        return self._queued.unique

    def _read_workload(self) -> bytes:
        return self._queued.workload

    def _read_workload_size(self) -> int:
        return len(self._queued.workload)

    def _read_error(self) -> str | None:
        return None

    def _send(self, packet: int, data: _Data = b"") -> int:
        if packet == JobPacket.EXCEPTION and self._queued.return_code is None:
            self._queued.error = sys.exc_info()[1]  # it is sent while it is handled
        self._queued.send(_SAYS[packet], bytes(data))
        return ReturnCode.SUCCESS

    def _send_status(self, numerator: int, denominator: int) -> int:
        if self._queued.return_code is None:
            self._queued.numerator, self._queued.denominator = numerator & 0xFFFFFFFF, denominator & 0xFFFFFFFF
        self._queued.send(Sent.STATUS)
        return ReturnCode.SUCCESS


class LocalClientHandle(_LocalHandle):
    """Submits to the queue, and has the worker work where it waits for an answer. job is the last one."""

    def __init__(self, queue: LocalQueue) -> None:
        super().__init__(queue)
        self.job: QueuedJob | None = None

    def clone(self, owner: object, rotation: int = 0) -> LocalClientHandle:
        return LocalClientHandle(self._queue)

    def submit(self, kind: int, function: bytes, unique: bytes, workload: _Data | None, timeout: int = -1) -> Reply:
        job = self._queue.submit(kind, function.decode(), unique.decode(), bytes(workload or b""))
        answer = _Answer()
        if kind not in BACKGROUND:
            job.receivers.append(answer.receive)
            try:
                self._queue.server.serve([job])  # the handler may use this very client
            finally:
                job.receivers.remove(answer.receive)
        self.job = job
        rc: int = ReturnCode.SUCCESS
        if kind not in BACKGROUND and job.return_code is None:
            self._error = self._queue.server.reason(job)
            rc = ReturnCode.TIMEOUT
        elif kind not in BACKGROUND and job.return_code is not None:
            rc = job.return_code
        return Reply(int(rc), b"".join(answer.parts), job.handle, self._error if rc else None)

    def job_status(self, handle: bytes, timeout: int = -1) -> StatusReply:
        return _status(self._queue.find(handle=handle.decode()))

    def unique_status(self, unique: bytes, timeout: int = -1) -> StatusReply:
        return _status(self._queue.find(unique=unique.decode()))


def _status(job: QueuedJob | None) -> StatusReply:
    if job is None:
        return StatusReply(0, (False, False, 0, 0), None)
    return StatusReply(0, (True, job.is_running, job.numerator, job.denominator), None)


class _Answer:
    """What comes back for one call: the parts and the end of a result, or the text of an exception."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def receive(self, packet: Packet) -> None:
        if packet.what is Sent.EXCEPTION:
            self.parts = [packet.content]
        elif packet.what in (Sent.DATA, Sent.COMPLETE):
            self.parts.append(packet.content)
