"""The C boundary of LocalGearman: a native client, a native worker and its jobs, on a LocalQueue.

They have the methods of gearman_cffi._libgearman's classes that the Python layer uses, so that all code above the
boundary is the code that runs with a server.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gearman_cffi._libgearman import JobPacket, Reply, StatusReply
from gearman_cffi.ext import GearmanJob, ReturnCode
from gearman_cffi.testing._local_queue import BACKGROUND, LocalQueue, Packet, PacketKind, SubmittedJob, answer_of

if TYPE_CHECKING:
    from gearman_cffi._libgearman import JobCallbacks

_Data = bytes | bytearray | memoryview
_PACKET_KINDS = {
    JobPacket.DATA: PacketKind.DATA,
    JobPacket.WARNING: PacketKind.WARNING,
    JobPacket.COMPLETE: PacketKind.COMPLETE,
    JobPacket.EXCEPTION: PacketKind.EXCEPTION,
    JobPacket.FAIL: PacketKind.FAIL,
}


class _LocalNativeObject:
    """The base of client and worker. There is no server to connect to."""

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

    def set_connect_timeout(self, milliseconds: int) -> None:
        pass

    def add_server(self, host: bytes | None, port: int) -> int:
        return ReturnCode.SUCCESS

    def request_option(self, option: bytes) -> bool:
        return True


class LocalNativeWorker(_LocalNativeObject):
    """Runs queued jobs until one of the awaited jobs is done."""

    def __init__(self, queue: LocalQueue) -> None:
        super().__init__(queue)
        self.awaited: Sequence[SubmittedJob] = ()
        self._functions: dict[str, JobCallbacks] = {}
        self._is_stopped = False

    def add_function(self, name: bytes, runner: JobCallbacks, timeout: int) -> int:
        self._functions[name.decode()] = runner
        return ReturnCode.SUCCESS

    def work(self, keep_working: bool = False) -> tuple[int, BaseException | None]:
        """Runs one job. If its function ends by SystemExit or KeyboardInterrupt, the job stays in the queue."""
        if self._is_stopped:
            self._is_stopped = False
            return int(ReturnCode.SHUTDOWN_GRACEFUL), None
        if any(job.return_code is not None for job in self.awaited):
            return int(ReturnCode.TIMEOUT), None
        # gearmand's order for one worker: by function as they were registered, then by priority.
        order = {name: place for place, name in enumerate(self._functions)}
        candidates = [job for job in self._queue.due() if job.function in order]
        if not candidates:
            return int(ReturnCode.TIMEOUT), None
        job = min(candidates, key=lambda job: (order[job.function], -job.priority))
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

    def stop_after_job(self) -> None:
        """Does nothing: work() runs only one job."""

    def stop(self) -> None:
        """Makes the next work() return SHUTDOWN_GRACEFUL."""
        self._is_stopped = True


class LocalGearmanJob(GearmanJob):
    """The GearmanJob of a job that is running."""

    __slots__ = ("_queued",)

    def __init__(self, queued: SubmittedJob) -> None:
        super().__init__()
        self._queued = self._owner = queued

    def _read_handle(self) -> str:
        return self._queued.handle

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

    def _send(self, packet: JobPacket, data: _Data = b"") -> int:
        if packet == JobPacket.EXCEPTION and self._queued.return_code is None:
            self._queued.error = sys.exc_info()[1]  # the caller is handling the exception
        self._queued.send(_PACKET_KINDS[packet], bytes(data))
        return ReturnCode.SUCCESS

    def _send_status(self, numerator: int, denominator: int) -> int:
        if self._queued.return_code is None:
            self._queued.numerator, self._queued.denominator = numerator & 0xFFFFFFFF, denominator & 0xFFFFFFFF
        self._queued.send(PacketKind.STATUS)
        return ReturnCode.SUCCESS


class LocalNativeClient(_LocalNativeObject):
    """Submits jobs to the queue, and runs queued jobs to wait for an answer."""

    def clone(self, owner: object, rotation: int = 0) -> LocalNativeClient:
        return LocalNativeClient(self._queue)

    def submit(
        self, kind: int, function: bytes, unique: bytes, workload: _Data | None, timeout: int = -1, epoch: int = 0
    ) -> Reply:
        job = self._queue.submit(kind, function.decode(), unique.decode(), bytes(workload or b""), epoch)
        packets: list[Packet] = []
        if kind not in BACKGROUND:
            job.receivers.append(packets.append)
            try:
                self._queue.server.serve([job])  # a handler may use this client
            finally:
                job.receivers.remove(packets.append)
        rc = int(ReturnCode.SUCCESS)
        if kind not in BACKGROUND:
            rc = int(ReturnCode.TIMEOUT if job.return_code is None else job.return_code)
        if rc == ReturnCode.TIMEOUT:
            self._error = self._queue.server.reason(job)
        return Reply(rc, answer_of(packets), job.handle, self._error if rc else None)

    def job_status(self, handle: bytes, timeout: int = -1) -> StatusReply:
        return _status(self._queue.find(handle=handle.decode()))

    def unique_status(self, unique: bytes, timeout: int = -1) -> StatusReply:
        return _status(self._queue.find(unique=unique.decode()))


def _status(job: SubmittedJob | None) -> StatusReply:
    if job is None:
        return StatusReply(0, (False, False, 0, 0), None)
    return StatusReply(0, job.status, None)
