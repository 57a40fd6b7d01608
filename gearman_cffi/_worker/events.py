"""Dispatches a worker's events to the listeners, and logs failures without listeners."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from gearman_cffi._worker.server_states import Report, ServerLog
from gearman_cffi.events import (
    ConnectToServerEvent,
    Event,
    EventName,
    FunctionEvent,
    FunctionFailureEvent,
    FunctionRetryEvent,
    RegisterFunctionEvent,
    WorkerEvent,
    WorkerExceptionEvent,
)
from gearman_cffi.exceptions import GearmanError
from gearman_cffi.ext.worker import PROCESS_EXITS
from gearman_cffi.handlers import JobHandlerInterface
from gearman_cffi.jobs import Job
from gearman_cffi.messages import escape

if TYPE_CHECKING:
    from logging import Logger

    from gearman_cffi.events import Dispatcher
    from gearman_cffi.worker import Worker


def _log() -> Logger:
    """Returns the worker's logger. Importing logging takes a tenth of the package's time (5 ms): only if it logs."""
    import logging

    return logging.getLogger("gearman_cffi.worker")


class WorkerEvents:
    """Dispatches the events of one worker. Events without listeners are never created.

    What a listener raises in a guarded event becomes worker.on_failure. SystemExit and KeyboardInterrupt are always
    raised. A failure without listeners is logged.
    """

    def __init__(self, worker: Worker, dispatcher: Dispatcher) -> None:
        self._worker = worker
        self._dispatcher = dispatcher
        self.has_listeners = dispatcher.has_listeners
        self.report_server: Report = ServerLog(_log).record

    def dispatch(self, name: EventName) -> None:
        """Dispatches a WorkerEvent. Raises what a listener raises."""
        if self.has_listeners(name):
            self._dispatcher.dispatch(name, WorkerEvent(name, self._worker))

    def dispatch_guarded(self, name: EventName) -> None:
        """Dispatches a WorkerEvent. What a listener raises is a failure of the worker."""
        if self.has_listeners(name):
            self._guard(lambda: self._dispatcher.dispatch(name, WorkerEvent(name, self._worker)))

    def dispatch_servers(self, name: EventName) -> None:
        """Dispatches a ConnectToServerEvent. Raises what a listener raises."""
        if self.has_listeners(name):
            self._dispatcher.dispatch(name, ConnectToServerEvent(name, self._worker.servers))

    def report_reconnection(self) -> None:
        """Dispatches a ConnectToServerEvent: servers are back. What a listener raises is a failure of the worker."""
        if self.has_listeners(EventName.CONNECTED_TO_SERVER):
            self._guard(lambda: self.dispatch_servers(EventName.CONNECTED_TO_SERVER))
        else:
            _log().info("connected to %s again", self._worker.servers)

    def dispatch_handlers(self, name: EventName) -> None:
        """Dispatches a RegisterFunctionEvent. Raises what a listener raises."""
        if self.has_listeners(name):
            self._dispatcher.dispatch(name, RegisterFunctionEvent(name, self._worker.jobs))

    def dispatch_job(self, name: EventName, handler: JobHandlerInterface, job: Job, *result: Any) -> None:
        """Dispatches a FunctionEvent. Raises what a listener raises, which fails the job."""
        if self.has_listeners(name):
            self._dispatcher.dispatch(name, FunctionEvent(name, handler, job, *result))

    def report_job_failure(self, handler: JobHandlerInterface, job: Job, error: BaseException) -> None:
        """Dispatches a FunctionFailureEvent. What a listener raises is a failure of the worker."""
        name = EventName.FUNCTION_FAILURE
        if self.has_listeners(name):
            event = FunctionFailureEvent(name, handler, job, error)
            self._guard(lambda: self._dispatcher.dispatch(name, event))
        else:
            _log().error("job %s (%s) failed", escape(job.handle), escape(job.get_job_name()), exc_info=error)

    def report_retry(
        self, handler: JobHandlerInterface, job: Job, error: Exception, seconds: float, is_in_place: bool
    ) -> None:
        """Dispatches a FunctionRetryEvent. What a listener raises is a failure of the worker."""
        name = EventName.FUNCTION_RETRY
        if self.has_listeners(name):
            event = FunctionRetryEvent(name, handler, job, error, seconds, is_in_place)
            self._guard(lambda: self._dispatcher.dispatch(name, event))
        else:
            _log().warning(
                "job %s (%s) failed in attempt %d of %s; trying again in %.1f s: %s",
                *(escape(job.handle), escape(job.get_job_name()), job.attempt, job.last_attempt, seconds),
                escape(f"{type(error).__qualname__}: {error}"),
            )

    def report_given_up(
        self, handler: JobHandlerInterface, job: Job, error: BaseException, gave_up: Callable[..., object] | None
    ) -> None:
        """Calls the handler's gave_up, if given, and dispatches a FunctionFailureEvent. What they raise is as above."""
        name = EventName.FUNCTION_GAVE_UP
        if gave_up is not None:
            self._guard(partial(gave_up, job, error))
        if self.has_listeners(name):
            event = FunctionFailureEvent(name, handler, job, error)
            self._guard(lambda: self._dispatcher.dispatch(name, event))

    def log_refused_retry(self, job: Job, error: Exception) -> None:
        """Logs that no server has taken the next attempt of a job, as far as is known."""
        text = "job %s (%s) could not be submitted again: %s"
        reason = str(error) if isinstance(error, GearmanError) else f"{type(error).__qualname__}: {error}"
        _log().error(text, escape(job.handle), escape(job.get_job_name()), escape(reason))

    def log_backoff_failure(self, job: Job, error: Exception) -> None:
        """Logs that the backoff function of a job's handler has raised this."""
        text = "the backoff of job %s (%s) raised an exception; the default is used instead"
        _log().error(text, escape(job.handle), escape(job.get_job_name()), exc_info=error)

    def log_handed_back(self, job: Job) -> None:
        """Logs that a job is left to another worker, because this one is stopped before the next attempt."""
        text = "job %s (%s) goes back to the server, which gives it to another worker: this one is stopped"
        _log().warning(text, escape(job.handle), escape(job.get_job_name()))

    def report_failure(self, error: BaseException) -> None:
        """Dispatches a WorkerExceptionEvent. What a listener raises is logged."""
        name = EventName.WORKER_FAILURE
        raised = error if error.__traceback__ is not None else None
        if not self.has_listeners(name):
            _log().error("%s", error, exc_info=raised)
            return
        event: Event = WorkerExceptionEvent(name, self._worker, error)
        try:
            self._dispatcher.dispatch(name, event)
        except PROCESS_EXITS:
            raise
        except BaseException as second:
            _log().error("%s", error, exc_info=raised)
            _log().error("a listener of %s raised", name, exc_info=second)

    def _guard(self, dispatch: Callable[[], object]) -> None:
        try:
            dispatch()
        except PROCESS_EXITS:
            raise
        except BaseException as error:
            self.report_failure(error)
