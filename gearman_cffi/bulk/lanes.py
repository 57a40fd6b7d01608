"""Lanes: separate connections to the servers, each with the jobs that are outstanding on it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Generic

from gearman_cffi.bulk.jobs import EncodedJob, PendingJob
from gearman_cffi.bulk.results import Results
from gearman_cffi.bulk.window import WINDOW_JOBS, J, columns
from gearman_cffi.connection import NonWarningClient
from gearman_cffi.error_mapping import failure
from gearman_cffi.ext import (
    GEARMAN_CLIENT_NON_BLOCKING,
    GEARMAN_CLIENT_UNBUFFERED_RESULT,
    GearmanClient,
    GearmanTask,
    ReturnCode,
    capabilities,
)
from gearman_cffi.ext.batch import BatchSubmitter, wait_for_any
from gearman_cffi.job_update import JobUpdate, UpdateKind


class Lane(ABC, Generic[J]):
    """A connection, and the jobs that are outstanding on it.

    The methods that do something return a return code: IO_WAIT if all is well, any other for finish(). has_progressed
    is set if something came or ended.
    """

    def __init__(self) -> None:
        self.has_progressed = False
        self.stepped_at = 0.0  # when the last step began

    @property
    @abstractmethod
    def outstanding(self) -> int:
        """How many jobs are submitted and not answered."""

    @property
    def load(self) -> int:
        """The scheduler chooses the lane where this is lowest."""
        return self.outstanding

    @property
    @abstractmethod
    def deadline(self) -> float | None:
        """The earliest deadline of the outstanding jobs."""

    @property
    def room(self) -> int:
        """How many jobs the lane takes now. The scheduler limits how many are outstanding in all."""
        return WINDOW_JOBS

    @abstractmethod
    def add(self, jobs: Sequence[J], deadline: float | None) -> None:
        """Takes jobs, which step() submits."""

    @abstractmethod
    def step(self, timeout_ms: int, poll: bool) -> int:
        """Sends and receives what is possible now. timeout_ms bounds the opening of a connection.

        poll: look whether something has come; without it, only what a wait has found is received.
        """

    @abstractmethod
    def wait(self, timeout_ms: int) -> int:
        """Waits until something comes."""

    @abstractmethod
    def step_unconnected(self, timeout_ms: int) -> int:
        """A step if no server is connected: tries all of them."""

    @abstractmethod
    def finish(self, rc: int) -> list[tuple[J, int]]:
        """Ends what is outstanding; returns the jobs that have failed, with their return codes.

        rc is the return code for jobs without an answer. Unless it is SUCCESS, the lane makes a new connection, and
        tries another server first.
        """

    @abstractmethod
    def expire(self, now: float) -> list[tuple[J, int]]:
        """Ends the jobs whose deadline has passed; returns them as finish() does."""

    @abstractmethod
    def fail(self, job: J, rc: int, detail: str | None) -> None:
        """Ends a job with the error for a return code. detail is error() at the time of the failure."""

    def error(self) -> str | None:
        """Returns libgearman's text for the last failure."""
        return None

    def close(self) -> None:
        """Closes the connection. Without this, it is closed with its last reference."""


class ServerLane(Lane[J]):
    """A lane to real servers. client has the connection."""

    client: GearmanClient | BatchSubmitter

    def __init__(self, client: GearmanClient, rotation: int, servers: str) -> None:
        super().__init__()
        self._original = client
        self._rotation = rotation
        self._servers = servers
        self._connect()

    @abstractmethod
    def _connect(self) -> None:
        """Makes a new client, like the original one."""

    def error(self) -> str | None:
        """Returns libgearman's text for the last failure."""
        return self.client.error() or None

    def _reconnect(self) -> None:
        self.close()
        self._rotation += 1
        self._connect()


def wait_for_lanes(lanes: Sequence[Lane[J]], timeout_ms: int) -> int:
    """Waits until something comes on one of the lanes. NO_ACTIVE_FDS if one of them is not connected."""
    return wait_for_any([lane.client for lane in lanes if isinstance(lane, ServerLane)], timeout_ms)


class BackgroundLane(ServerLane[EncodedJob]):
    """Submits background jobs, a window at a time. The results get the handles and errors."""

    client: BatchSubmitter

    def __init__(self, client: GearmanClient, rotation: int, servers: str, results: Results) -> None:
        super().__init__(client, rotation, servers)
        self._results = results
        self._window: Sequence[EncodedJob] = ()
        self._deadline: float | None = None
        self._loaded: int = ReturnCode.SUCCESS
        self._taken = 0

    def _connect(self) -> None:
        self.client = BatchSubmitter(self._original, self._rotation)

    @property
    def outstanding(self) -> int:
        """The jobs of the window."""
        return len(self._window)

    @property
    def load(self) -> int:
        """How many jobs the lane has taken in all: they are spread evenly over servers of one speed."""
        return self._taken

    @property
    def deadline(self) -> float | None:
        """The deadline of the window."""
        return self._deadline

    @property
    def room(self) -> int:
        """A window, if the last one is done."""
        return 0 if self._window else WINDOW_JOBS

    def add(self, jobs: Sequence[EncodedJob], deadline: float | None) -> None:
        """Loads a window."""
        self._window = jobs
        self._deadline = deadline
        self._taken += len(jobs)
        self._loaded = self.client.load(*columns(jobs))

    def step(self, timeout_ms: int, poll: bool) -> int:
        """Sends and receives; poll() is always called here."""
        return self._loaded or self._run(False, timeout_ms)

    def wait(self, timeout_ms: int) -> int:
        """Waits until the whole window is answered."""
        return self._run(True, timeout_ms)

    def step_unconnected(self, timeout_ms: int) -> int:
        """Tries all servers."""
        return self._run(True, timeout_ms)

    def _run(self, waits: bool, timeout_ms: int) -> int:
        rc = self.client.run(waits, timeout_ms)
        return ReturnCode.COULD_NOT_CONNECT if rc == ReturnCode.NO_ACTIVE_FDS else rc

    def finish(self, rc: int) -> list[tuple[EncodedJob, int]]:
        """Puts handles and errors into the results."""
        window, self._window = self._window, ()
        handles, codes = self.client.unload(len(window), rc)
        self._results.set_handles(window, handles)
        if rc != ReturnCode.SUCCESS:
            self._reconnect()
        if not any(codes):
            return []
        return [(job, code) for job, code in zip(window, codes, strict=True) if code]

    def expire(self, now: float) -> list[tuple[EncodedJob, int]]:
        """Ends the window if it is late."""
        if not self._window or self._deadline is None or now < self._deadline:
            return []
        return self.finish(ReturnCode.TIMEOUT)

    def fail(self, job: EncodedJob, rc: int, detail: str | None) -> None:
        """Puts the error into the results."""
        function = job.function.decode()
        self._results.errors[job.position] = failure(rc, server=self._servers, function=function, detail=detail)


class _LaneClient(NonWarningClient):
    """A client whose connections ask for exceptions when they are opened, not before."""

    def enableExceptionHandler(self) -> bool:  # noqa: N802
        return True


class ForegroundLane(ServerLane[PendingJob]):
    """Submits jobs whose answers are awaited. on_end is called with each job that has ended."""

    client: GearmanClient

    def __init__(
        self,
        client: GearmanClient,
        rotation: int,
        servers: str,
        on_end: Callable[[PendingJob], object] | None = None,
    ) -> None:
        self._outstanding: dict[int, PendingJob] = {}
        self._new: list[PendingJob] = []  # for the next step
        self._on_end = on_end
        super().__init__(client, rotation, servers)

    def _connect(self) -> None:
        self.client = client = self._original._clone(_LaneClient, self._rotation)
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
