"""A job of a worker that runs several jobs at once."""

from __future__ import annotations

from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any

from gearman_cffi._worker.handler_adapter import HandlerAdapter
from gearman_cffi.ext import GearmanJob
from gearman_cffi.ext.relayed_job import RelayedJob
from gearman_cffi.jobs import set_current_job

if TYPE_CHECKING:
    import asyncio

    from gearman_cffi._worker.job_source import JobSource


class RunningJob:
    """A job, from the time it was taken until it is answered.

    context: the contextvars in which the handler and the listeners of the job's events run.
    """

    def __init__(
        self, adapter: HandlerAdapter, gearman_job: GearmanJob, relayed_job: RelayedJob, source: JobSource
    ) -> None:
        self.adapter = adapter
        self.gearman_job = gearman_job
        self.source = source
        self.is_in_thread = False
        self.runs_alone = False
        self.gave_up_error: BaseException | None = None  # what the handler's gave_up has raised
        self._relayed_job = relayed_job
        self.job = adapter.create_job(relayed_job)
        self.is_coroutine = adapter.is_coroutine
        self.context: Context = copy_context()
        self.context.run(set_current_job, self.job)
        self.task: asyncio.Task[Any] | None = None
        self._timeout: float | None = None

    def execute(self) -> Any:
        """Calls the handler."""
        return self.adapter.execute_coroutine(self.job) if self.is_coroutine else self.adapter.execute(self.job)

    def finish(self) -> None:
        """The job is about to be answered, or released. A thread of it that still sends is refused."""
        self._relayed_job.finish()
        self.job.finish()

    def cancel(self, task: asyncio.Task[Any], timeout: float) -> None:
        """The coroutine has run for too long."""
        self._timeout = timeout
        task.cancel()

    @property
    def timeout_error(self) -> BaseException:
        """The error of a job whose coroutine was cancelled."""
        if self._timeout is None:
            return RuntimeError("the coroutine of the job was cancelled")
        return TimeoutError(f"job timeout of {self._timeout:g} s exceeded")

    def __str__(self) -> str:
        return f"job {self.job.handle} ({self.job.get_job_name()})"
