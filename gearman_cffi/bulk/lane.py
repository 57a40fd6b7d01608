"""A connection, and what is outstanding on it."""

from __future__ import annotations

from collections.abc import Callable

from gearman_cffi.bulk.submission import Submission
from gearman_cffi.connection import NonWarningClient
from gearman_cffi.ext import (
    GEARMAN_CLIENT_NON_BLOCKING,
    GEARMAN_CLIENT_UNBUFFERED_RESULT,
    GearmanClient,
    GearmanTask,
    ReturnCode,
    capabilities,
)

_UNDER_WAY = frozenset({int(ReturnCode.SUCCESS), int(ReturnCode.IO_WAIT)})


class _LaneClient(NonWarningClient):
    """Its connections ask for exceptions when they are opened. There is no need to ask now, and to fail now."""

    def enableExceptionHandler(self) -> bool:  # noqa: N802
        return True


class Lane:
    """Jobs under way over a copy of a GearmanClient. No other call ever sees its tasks.

    on_end is called with a submission when it has ended; servers are for the texts of errors.
    """

    def __init__(
        self, client: GearmanClient, rotation: int, servers: str, on_end: Callable[[Submission], None]
    ) -> None:
        self.outstanding: dict[int, Submission] = {}
        self.has_news = False  # something came: a packet to show, or an end
        self.stepped = 0.0  # when the last step has begun
        self._unsent: list[Submission] = []  # libgearman fails what it could not send, as a worker would have
        self._from = client
        self._rotation = rotation
        self._servers = servers
        self._on_end = on_end
        self.client = self._connect_anew()

    def _connect_anew(self) -> GearmanClient:
        client = self._from._clone(_LaneClient, self._rotation)
        client.addOptions(GEARMAN_CLIENT_NON_BLOCKING)
        client.removeOptions(GEARMAN_CLIENT_UNBUFFERED_RESULT)  # of a client that was given to the Client
        client._expect_exceptions()
        client.setCreatedCallback(self._on_created)
        client.setDataCallback(self._on_data)
        client.setWarningCallback(self._on_warning)
        client.setStatusCallback(self._on_status)
        client.setCompleteCallback(self._on_complete)
        client.setFailCallback(self._on_fail)
        client.setExceptionCallback(self._on_exception)
        return client

    def close(self) -> None:
        """Drops the connections."""
        self.client.clearCallbacks()  # they lead back here, and would keep the connection open

    # ---------------------------------------------------------------------------- submitting

    def add(self, new: list[Submission]) -> None:
        """Submits jobs with the next step. One that cannot be submitted ends with its error."""
        for submission in reversed(new) if capabilities.submits_newest_first else new:
            self.outstanding[id(submission)] = submission
            workload = submission.workload or None  # addTask() refuses an empty one; libgearman takes none for that
            if not self.client._add("addTask", submission.kind, submission.name, submission.key, workload, submission):
                self.fail(submission, self.client.returnCode())

    # --------------------------------------------------------------------------------- steps

    def step(self, timeout_ms: int) -> int:
        """Sends and takes what is possible now; SUCCESS, or the return code that all that is outstanding fails with.

        timeout_ms, -1 for none, bounds the wait for a connection that is opened.
        """
        self.client._run_tasks(timeout_ms)
        rc = self.client.returnCode()
        unsent, self._unsent = self._unsent, []
        self.add(unsent)
        return int(ReturnCode.SUCCESS) if rc in _UNDER_WAY else rc

    def step_unconnected(self, timeout_ms: int) -> int:
        """A step where no server is connected: tries all of them. Where that does not help, none is there."""
        self.has_news = False
        rc = self.step(timeout_ms)
        if rc == ReturnCode.SUCCESS and self.outstanding and not self.has_news:
            self.client.setTimeout(1)
            self.client.wait()
            if self.client.returnCode() == ReturnCode.NO_ACTIVE_FDS:
                return int(ReturnCode.COULD_NOT_CONNECT)
        return rc

    def give_up(self) -> None:
        """Forgets what is outstanding, and goes on over new connections, to another server first."""
        self.outstanding.clear()
        self.close()
        self._rotation += 1
        self.client = self._connect_anew()

    # ---------------------------------------------------------------------------------- ends

    def fail(self, submission: Submission, rc: int, exception: bytes | None = None) -> None:
        """Ends a submission with the error for a return code."""
        submission.error = submission.failure(rc, self._servers, self.client.error(), exception)
        self._end(submission)

    def _end(self, submission: Submission) -> None:
        if self.outstanding.pop(id(submission), None) is not None:
            self.has_news = True
            submission.is_done = True
            self._on_end(submission)

    # ----------------------------------------------------------------------------- callbacks

    def _on_created(self, task: GearmanTask, submission: Submission) -> None:
        submission.handle = task.jobHandle() or ""
        self._tell("created", submission, task)

    def _on_data(self, task: GearmanTask, submission: Submission) -> None:
        submission.data.append(task.data() or b"")
        self._tell("data", submission, task)

    def _on_warning(self, task: GearmanTask, submission: Submission) -> None:
        self._tell("warning", submission, task)

    def _on_status(self, task: GearmanTask, submission: Submission) -> None:
        self._tell("status", submission, task)

    def _on_complete(self, task: GearmanTask, submission: Submission) -> None:
        submission.data.append(task.data() or b"")
        self._end(submission)

    def _on_fail(self, task: GearmanTask, submission: Submission) -> None:
        if submission.handle:
            self.fail(submission, ReturnCode.WORK_FAIL)
        elif self.outstanding.pop(id(submission), None) is not None:
            self._unsent.append(submission)

    def _on_exception(self, task: GearmanTask, submission: Submission) -> None:
        self.fail(submission, ReturnCode.WORK_EXCEPTION, task.data() or b"")

    def _tell(self, what: str, submission: Submission, task: GearmanTask) -> None:
        if submission.watch is not None and not submission.is_done:
            self.has_news = True
            submission.watch(what, submission.handle, task)
