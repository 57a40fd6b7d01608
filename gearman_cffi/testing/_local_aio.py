"""The aio.Client of LocalGearman: a queue in place of connections."""

from __future__ import annotations

from asyncio import AbstractEventLoop
from datetime import timedelta
from typing import Any

from gearman_cffi import aio
from gearman_cffi.aio.lanes import Lanes
from gearman_cffi.aio.stream import Ended
from gearman_cffi.aio.submission import Submission
from gearman_cffi.exceptions import GearmanError, JobException
from gearman_cffi.ext import JobKind, ReturnCode
from gearman_cffi.job_update import JobUpdate, UpdateKind
from gearman_cffi.serializers import Serializer
from gearman_cffi.servers import ServerCollection
from gearman_cffi.testing._local_queue import BACKGROUND, ENDS, LocalQueue, Packet, SubmittedJob, answer_of


class LocalAioClient(aio.Client):
    """An aio.Client of a LocalQueue. Timeouts are not applied: an answer comes at once or never."""

    def __init__(self, queue: LocalQueue, servers: ServerCollection, serializer: Serializer) -> None:
        super().__init__(servers, serializer)
        self._queue = queue

    async def close(self) -> None:
        """Does nothing: there is no connection."""

    def _new_lanes(self, loop: AbstractEventLoop) -> Lanes:
        return LocalLanes(loop, self._servers, self._queue)

    def _seconds(self, timeout: float | timedelta | None) -> None:
        """Calls have no limit. Raises as aio.Client does for an invalid timeout."""
        super()._seconds(timeout)

    def _outcome(self, submission: Submission) -> Any:
        try:
            return super()._outcome(submission)
        except JobException as error:
            self._set_cause(error)
            raise

    def _error(self, ended: Ended) -> GearmanError | None:
        error = super()._error(ended)
        if isinstance(error, JobException):
            self._set_cause(error)
        return error

    def _set_cause(self, error: JobException) -> None:
        job = self._queue.find_done(error.handle)
        error.__cause__ = None if job is None else job.error


class LocalLanes(Lanes):
    """Submits to a LocalQueue. Its worker runs jobs in a callback of the event loop, one at a time."""

    def __init__(self, loop: AbstractEventLoop, servers: ServerCollection, queue: LocalQueue) -> None:
        super().__init__(loop, servers, connect_ms=-1)
        self._queue = queue
        self._outstanding: dict[Submission, _Outstanding] = {}
        self._will_serve = False

    @property
    def is_ready(self) -> bool:
        """Always: there is no host name."""
        return True

    def add(self, submission: Submission) -> None:
        """Submits a job, or answers a request for a status."""
        name, key = submission.function.decode(), submission.key.decode()
        if submission.kind == JobKind.JOB_STATUS:
            self._answer(submission, self._queue.find(handle=name))
        elif submission.kind == JobKind.UNIQUE_STATUS:
            self._answer(submission, self._queue.find(unique=name))
        else:
            job = self._queue.submit(submission.kind, name, key, submission.workload, submission.epoch)
            submission.handle = job.handle
            if submission.kind in BACKGROUND:
                submission.end(ReturnCode.SUCCESS)
            else:
                self._outstanding[submission] = _Outstanding(submission, job)
                self._serve_soon()

    def abandon(self, submission: Submission) -> None:
        """Forgets a job. If the worker has not started it, and nobody else waits for it, it is dropped."""
        outstanding = self._outstanding.pop(submission, None)
        if outstanding is not None:
            outstanding.leave()
            self._queue.drop(outstanding.job)

    def forget(self) -> None:
        """Does nothing: another event loop may use the queue too."""

    @staticmethod
    def _answer(submission: Submission, job: SubmittedJob | None) -> None:
        if job is not None:
            submission.status = job.status
        submission.end(ReturnCode.SUCCESS)

    def _serve_soon(self) -> None:
        if not self._will_serve:
            self._will_serve = True
            self.loop.call_soon(self._serve)

    def _serve(self) -> None:
        """Runs queued jobs until one of the outstanding jobs is done. If none can be run, all of them end."""
        self._will_serve = False
        waiting = list(self._outstanding.values())
        if waiting:
            self._queue.server.serve([one.job for one in waiting])
            done = sorted((one for one in waiting if one.is_done), key=lambda one: one.job.place)
            for one in done or waiting:
                self._end(one)
        if self._outstanding:
            self._serve_soon()

    def _end(self, outstanding: _Outstanding) -> None:
        if self._outstanding.pop(outstanding.submission, None) is None:
            return  # it was abandoned meanwhile
        outstanding.leave()
        outstanding.show_updates()
        submission, job = outstanding.submission, outstanding.job
        if job.return_code is None:
            self._queue.drop(job)
            submission.end(ReturnCode.TIMEOUT, self._queue.server.reason(job))
        else:
            submission.data = outstanding.data
            submission.end(job.return_code)


class _Outstanding:
    """A job without an answer so far, and what it has sent since its submission."""

    def __init__(self, submission: Submission, job: SubmittedJob) -> None:
        self.submission = submission
        self.job = job
        self._packets: list[Packet] = []
        job.receivers.append(self._receive)
        self._show(JobUpdate(UpdateKind.CREATED, job.handle))

    @property
    def is_done(self) -> bool:
        return self.job.return_code is not None

    @property
    def data(self) -> bytes:
        """The result with all its parts, or the text of the exception."""
        return answer_of(self._packets)

    def leave(self) -> None:
        """Receives nothing more."""
        self.job.receivers.remove(self._receive)

    def show_updates(self) -> None:
        """Passes the updates on. Not before: the worker may run a handler in another thread."""
        for packet in self._packets:
            if packet.kind not in ENDS:
                self._show(packet.as_update(self.job.handle))

    def _receive(self, packet: Packet) -> None:
        self._packets.append(packet)

    def _show(self, update: JobUpdate) -> None:
        if self.submission.on_update is not None:
            self.submission.on_update(update)
