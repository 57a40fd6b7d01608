"""The lane of foreground jobs: each is a task, whose callbacks collect the answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gearman_cffi.bulk.jobs import PendingJob
from gearman_cffi.bulk.lane import ServerLane
from gearman_cffi.connection import NonWarningClient
from gearman_cffi.connection_pool import Original
from gearman_cffi.ext import (
    GEARMAN_CLIENT_NON_BLOCKING,
    GEARMAN_CLIENT_UNBUFFERED_RESULT,
    GearmanClient,
    GearmanTask,
    ReturnCode,
    capabilities,
)
from gearman_cffi.ext.batch import wait_for_any
from gearman_cffi.job_update import JobUpdate, UpdateKind


class _LaneClient(NonWarningClient):
    """A client whose connections ask for exceptions when they are opened, not before."""

    def enableExceptionHandler(self) -> bool:  # noqa: N802
        return True


class ForegroundLane(ServerLane[PendingJob]):
    """Submits jobs whose answers are awaited. on_end is called with each job that has ended."""

    client: GearmanClient

    def __init__(
        self,
        original: Original,
        rotation: int,
        servers: str,
        on_end: Callable[[PendingJob], object] | None = None,
    ) -> None:
        self._outstanding: dict[int, PendingJob] = {}
        self._new: list[PendingJob] = []  # for the next step
        self._on_end = on_end
        self._is_silent = False  # the server did not answer in time
        super().__init__(original, rotation, servers)

    def _connect(self) -> None:
        self._is_silent = False
        self.client = client = self._original.copied(lambda client: client._clone(_LaneClient, self._rotation))
        client.addOptions(GEARMAN_CLIENT_NON_BLOCKING)
        client.removeOptions(GEARMAN_CLIENT_UNBUFFERED_RESULT)  # the original may be a user's own client
        client._enable_exceptions()
        client.setCreatedCallback(self._on_created)
        client.setDataCallback(self._on_data)
        client.setWarningCallback(self._on_warning)
        client.setStatusCallback(self._on_status)
        client.setCompleteCallback(self._on_complete)
        client.setFailCallback(self._on_fail)
        client.setExceptionCallback(self._on_exception)

    @property
    def room(self) -> int:
        """No room while jobs are with a server that does not answer: they may still be done there."""
        return 0 if self._is_silent else super().room

    @property
    def outstanding(self) -> int:
        """The jobs without an answer."""
        return len(self._outstanding)

    @property
    def deadline(self) -> float | None:
        """The earliest of all jobs."""
        deadlines = [job.deadline for job in self._outstanding.values() if job.deadline is not None]
        return min(deadlines, default=None)

    def add(self, jobs: Sequence[PendingJob], deadline: float | None) -> None:
        """Takes jobs; those that cannot be sent end at once."""
        for job in jobs:
            if job.error is not None:
                self._end(job)
                continue
            if job.deadline is None:
                job.deadline = deadline
            job.restart()
            self._outstanding[job.position] = job
            self._new.append(job)

    def step(self, timeout_ms: int, poll: bool) -> int:
        """Sends and receives, and adds the tasks of new jobs before."""
        self._submit()
        if poll:  # libgearman reads only if a poll() has found something
            wait_for_any([self.client], 0)
        self.client._run_tasks(timeout_ms)
        rc = self.client.returnCode()
        self._submit()  # again what could not be sent
        self._is_silent = self._is_silent and not self.has_progressed
        return ReturnCode.IO_WAIT if rc == ReturnCode.SUCCESS else rc

    def wait(self, timeout_ms: int) -> int:
        """Waits until something comes."""
        rc = wait_for_any([self.client], timeout_ms)
        return self.step_unconnected(timeout_ms) if rc == ReturnCode.NO_ACTIVE_FDS else ReturnCode.IO_WAIT

    def step_unconnected(self, timeout_ms: int) -> int:
        """Tries all servers: libgearman connects while it waits."""
        rc = self.step(timeout_ms, poll=False)
        if rc == ReturnCode.IO_WAIT and self._outstanding and not self.has_progressed:
            self.client.setTimeout(1)
            self.client.wait()
            if self.client.returnCode() == ReturnCode.NO_ACTIVE_FDS:
                return ReturnCode.COULD_NOT_CONNECT
        return rc

    def finish(self, rc: int) -> list[tuple[PendingJob, int]]:
        """Ends all jobs and reconnects."""
        failed = [(job, rc) for job in self._outstanding.values()]
        self._outstanding.clear()
        self._new.clear()
        self._reconnect()
        return failed

    def expire(self, now: float) -> list[tuple[PendingJob, int]]:
        """Ends the jobs that are late. libgearman cannot cancel their tasks: later answers are dropped."""
        late = [job for job in self._outstanding.values() if job.deadline is not None and job.deadline <= now]
        for job in late:
            del self._outstanding[job.position]
        self._is_silent = self._is_silent or (bool(late) and self.client._leave_out_silent())
        if self._is_silent and not self._outstanding:
            self._reconnect()
        return [(job, ReturnCode.TIMEOUT) for job in late]

    def fail(self, job: PendingJob, rc: int, detail: str | None, exception: bytes | None = None) -> None:
        """Ends a job with an error. exception is the text that a worker sent."""
        if job.error is None:
            job.error = job.failure(rc, self._servers, detail, exception)
        self._end(job)

    def close(self) -> None:
        """Closes the connection."""
        self.client.clearCallbacks()  # they refer to this lane, and would keep the connection open

    def _submit(self) -> None:
        new, self._new = self._new, []
        for job in reversed(new) if capabilities.submits_newest_first else new:
            workload = job.workload or None  # addTask() refuses an empty workload, libgearman takes none for it
            if not self.client._add("addTask", job.kind, job.function, job.key, workload, job):
                self.fail(job, self.client.returnCode(), self.error())

    def _end(self, job: PendingJob) -> None:
        self._outstanding.pop(job.position, None)
        if not job.is_done:
            self.has_progressed = True
            job.is_done = True
            if self._on_end is not None:
                self._on_end(job)

    # ----------------------------------------------------------------------------- callbacks

    def _on_created(self, task: GearmanTask, job: PendingJob) -> None:
        job.handle = task.jobHandle() or ""
        self._update(UpdateKind.CREATED, job, task)

    def _on_data(self, task: GearmanTask, job: PendingJob) -> None:
        data = task.data() or b""
        job.parts.append(data)
        self._update(UpdateKind.DATA, job, task, data)

    def _on_warning(self, task: GearmanTask, job: PendingJob) -> None:
        self._update(UpdateKind.WARNING, job, task, task.data() or b"")

    def _on_status(self, task: GearmanTask, job: PendingJob) -> None:
        self._update(UpdateKind.STATUS, job, task)

    def _on_complete(self, task: GearmanTask, job: PendingJob) -> None:
        job.parts.append(task.data() or b"")
        self._end(job)

    def _on_fail(self, task: GearmanTask, job: PendingJob) -> None:
        if job.handle:
            self.fail(job, ReturnCode.WORK_FAIL, self.error())
        elif job.position in self._outstanding:
            self._new.append(job)  # libgearman fails a task that it could not send in the way that a worker does

    def _on_exception(self, task: GearmanTask, job: PendingJob) -> None:
        self.fail(job, ReturnCode.WORK_EXCEPTION, self.error(), task.data() or b"")

    def _update(self, kind: UpdateKind, job: PendingJob, task: GearmanTask, data: bytes = b"") -> None:
        if job.on_update is not None and not job.is_done:
            self.has_progressed = True
            numerator, denominator = task.taskNumerator() or 0, task.taskDenominator() or 0
            job.on_update(JobUpdate(kind, job.handle, numerator, denominator, data))
