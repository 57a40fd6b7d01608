"""Many jobs at once, over a connection of their own.

libgearman finds the task of a packet by walking over all of them, so that a batch's cost grows with the square of
what is outstanding: only a window of it is, and the rest follows as answers come. libgearman 1.x submits the
tasks that were added last first, so a window is added backwards.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from gearman_cffi.exceptions import GearmanError
from gearman_cffi.ext import (
    GEARMAN_CLIENT_NON_BLOCKING,
    GearmanClient,
    GearmanTask,
    JobKind,
    ReturnCode,
    capabilities,
)
from gearman_cffi.failures import failure

WINDOW = 200

_ADD: dict[JobKind, Callable[..., GearmanTask | bool]] = {
    JobKind.LOW: GearmanClient.addTaskLow,
    JobKind.NORMAL: GearmanClient.addTask,
    JobKind.HIGH: GearmanClient.addTaskHigh,
    JobKind.LOW_BACKGROUND: GearmanClient.addTaskLowBackground,
    JobKind.BACKGROUND: GearmanClient.addTaskBackground,
    JobKind.HIGH_BACKGROUND: GearmanClient.addTaskHighBackground,
}
_BACKGROUND = frozenset({JobKind.LOW_BACKGROUND, JobKind.BACKGROUND, JobKind.HIGH_BACKGROUND})


class Submission:
    """One job on its way: what is sent, and what has come back. error or is_done tell that it is over."""

    def __init__(self, job: Any, kind: JobKind, function: str, workload: bytes, unique: str | None) -> None:
        self.job = job
        self.kind = kind
        self.function = function
        self.workload = workload
        self.unique = unique
        self.handle = ""
        self.data: list[bytes] = []
        self.error: GearmanError | None = None
        self.is_done = False
        self.deadline: float | None = None
        self.watch: Callable[[str, str, GearmanTask], None] | None = None

    @property
    def answer(self) -> bytes:
        """Parts and end of the result."""
        return b"".join(self.data)


class Batch:
    """Submits and waits, for one call of a Client: over a copy of its GearmanClient.

    No other call ever sees its tasks, so that a caller may use the Client between two answers.
    """

    def __init__(self, client: GearmanClient, servers: str, window: int = WINDOW) -> None:
        self._client = client = client._clone()
        self._servers = servers
        self._window = window
        self._outstanding: dict[int, Submission] = {}
        self._over: deque[Submission] = deque()
        self._has_news = False  # something to show, though nothing has ended
        client.addOptions(GEARMAN_CLIENT_NON_BLOCKING)
        # Each connection asks for exceptions when it is opened; there is no need to ask now, and to fail now.
        client._expect_exceptions()
        client.enableExceptionHandler = lambda: True  # type: ignore[method-assign]
        client._warn = lambda call: None  # type: ignore[method-assign]
        client.setCreatedCallback(self._on_created)
        client.setDataCallback(self._on_data)
        client.setWarningCallback(self._on_warning)
        client.setStatusCallback(self._on_status)
        client.setCompleteCallback(self._on_complete)
        client.setFailCallback(self._on_fail)
        client.setExceptionCallback(self._on_exception)

    def run(self, submissions: Iterable[Submission], seconds: float | None, each: bool = False) -> Iterator[Submission]:
        """Yields the submissions as they end, and takes no more of them than the window has room for.

        seconds bounds the whole run, or with each every submission by itself. Those that did not end in time, or
        whose server went away, have an error.
        """
        coming = iter(submissions)
        deadline = None if seconds is None or each else time.monotonic() + seconds
        lifetime = seconds if each else None
        try:
            while True:
                self._add(list(islice(coming, self._window - len(self._outstanding))), deadline, lifetime)
                if not self._outstanding and not self._over:
                    return
                self._step()
                while self._over:
                    yield self._over.popleft()
        finally:
            self._client.clearCallbacks()  # they lead back here, and would keep the connection open

    def rounds(self, submission: Submission, seconds: float | None) -> Iterator[None]:
        """Submits one job, and comes back after each round of packets until it has ended."""
        try:
            self._add([submission], None if seconds is None else time.monotonic() + seconds, None)
            while not submission.is_done:
                self._step()
                yield
        finally:
            self._client.clearCallbacks()

    # -------------------------------------------------------------------------------- one round

    def _add(self, new: list[Submission], deadline: float | None, lifetime: float | None) -> None:
        newest_first = capabilities.version_info < (2, 0)
        for submission in reversed(new) if newest_first else new:
            submission.deadline = time.monotonic() + lifetime if lifetime is not None else deadline
            self._outstanding[id(submission)] = submission
            if submission.error is not None:
                self._end(submission, submission.error)
            elif not submission.workload:
                self._submit_alone(submission)
            elif not self._add_task(submission):
                self._end(submission, self._failure(self._client.returnCode(), submission))

    def _add_task(self, submission: Submission) -> bool:
        add = _ADD[submission.kind]
        return bool(add(self._client, submission.function, submission.workload, submission, submission.unique))

    def _submit_alone(self, submission: Submission) -> None:
        """An empty workload, which no task can have: submits the job by itself and waits for its answer."""
        left = None if submission.deadline is None else max(1, int((submission.deadline - time.monotonic()) * 1000))
        reply = self._client._clone()._submit(submission.kind, submission.function, b"", submission.unique, left)
        submission.handle = reply.handle
        submission.data.append(reply.data or b"")
        error = None if reply.rc == ReturnCode.SUCCESS else self._failure(reply.rc, submission, reply.exception)
        self._end(submission, error)

    def _step(self) -> None:
        """Takes what has come; where nothing has, waits for more."""
        if self._over:
            return
        self._has_news = False
        self._client.runTasks()
        rc = self._client.returnCode()
        if rc not in (ReturnCode.SUCCESS, ReturnCode.IO_WAIT):
            self._end_all(rc)
        elif not self._over and not self._has_news and self._outstanding:
            self._wait()

    def _wait(self) -> None:
        deadlines = [given.deadline for given in self._outstanding.values() if given.deadline is not None]
        left = min(deadlines) - time.monotonic() if deadlines else None
        if left is not None and left <= 0:
            self._end_late()
            return
        self._client.setTimeout(-1 if left is None else int(left * 1000) + 1)
        self._client.wait()
        if self._client.returnCode() == ReturnCode.NO_ACTIVE_FDS:
            self._connect()

    def _connect(self) -> None:
        """No server is connected. The next round tries all of them; where that does not help, none is there."""
        self._client.runTasks()
        rc = self._client.returnCode()
        if rc == ReturnCode.IO_WAIT and not self._over and not self._has_news:
            self._client.setTimeout(1)
            self._client.wait()
            if self._client.returnCode() == ReturnCode.NO_ACTIVE_FDS:
                self._end_all(ReturnCode.COULD_NOT_CONNECT)
        elif rc not in (ReturnCode.SUCCESS, ReturnCode.IO_WAIT):
            self._end_all(rc)

    # ------------------------------------------------------------------------------- the ends

    def _end(self, submission: Submission, error: GearmanError | None = None) -> None:
        if self._outstanding.pop(id(submission), None) is not None:
            submission.error = error
            submission.is_done = True
            self._over.append(submission)

    def _end_all(self, rc: int) -> None:
        for submission in list(self._outstanding.values()):
            self._end(submission, self._failure(rc, submission))

    def _end_late(self) -> None:
        """libgearman cannot withdraw a task: an answer that comes later is dropped here."""
        now = time.monotonic()
        for submission in list(self._outstanding.values()):
            if submission.deadline is not None and submission.deadline <= now:
                self._end(submission, self._failure(ReturnCode.TIMEOUT, submission))

    def _failure(self, rc: int, submission: Submission, exception: bytes | None = None) -> GearmanError:
        return failure(
            rc,
            server=self._servers,
            function=submission.function,
            handle=submission.handle,
            detail=self._client.error(),
            exception=exception,
        )

    # ------------------------------------------------------------------------------ callbacks

    def _on_created(self, task: GearmanTask, submission: Submission) -> None:
        submission.handle = task.jobHandle() or ""
        self._tell("created", submission, task)
        if submission.kind in _BACKGROUND:
            self._end(submission)

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
        self._end(submission, self._failure(ReturnCode.WORK_FAIL, submission))

    def _on_exception(self, task: GearmanTask, submission: Submission) -> None:
        self._end(submission, self._failure(ReturnCode.WORK_EXCEPTION, submission, task.data() or b""))

    def _tell(self, what: str, submission: Submission, task: GearmanTask) -> None:
        if submission.watch is not None and not submission.is_done:
            self._has_news = True
            submission.watch(what, submission.handle, task)
