"""How a worker's events are dispatched: only where somebody listens, and so that no listener can end the worker."""

from __future__ import annotations

from collections.abc import Callable

from gearman_cffi.events import (
    ConnectToServerEvent,
    Event,
    EventName,
    FunctionEvent,
    FunctionFailureEvent,
    RegisterFunctionEvent,
    WorkerEvent,
    WorkerExceptionEvent,
)
from gearman_cffi.ext.worker import PROCESS_EXITS
from gearman_cffi.handlers import JobHandlerInterface
from gearman_cffi.jobs import Job

TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging
    from typing import Any

    from gearman_cffi.events import Dispatcher
    from gearman_cffi.worker import Worker


class WorkerEvents:
    """Dispatches for one worker.

    What fails in a listener is told as worker.on_failure. A failure that nobody listens to is logged: it must
    not vanish.
    """

    def __init__(self, worker: Worker, dispatcher: Dispatcher) -> None:
        self._worker = worker
        self._dispatcher = dispatcher
        self.has_listeners = dispatcher.has_listeners

    def worker(self, name: EventName) -> None:
        """A WorkerEvent. What a listener raises comes out."""
        if self.has_listeners(name):
            self._dispatcher.dispatch(name, WorkerEvent(name, self._worker))

    def guarded(self, name: EventName) -> None:
        """A WorkerEvent whose listeners' exceptions are told as failures."""
        if self.has_listeners(name):
            self._guard(lambda: self._dispatcher.dispatch(name, WorkerEvent(name, self._worker)))

    def servers(self, name: EventName) -> None:
        """A ConnectToServerEvent. What a listener raises comes out."""
        if self.has_listeners(name):
            self._dispatcher.dispatch(name, ConnectToServerEvent(name, self._worker.servers))

    def connected_again(self) -> None:
        """Servers are back. Exceptions of listeners are told as failures."""
        if self.has_listeners(EventName.CONNECTED_TO_SERVER):
            self._guard(lambda: self.servers(EventName.CONNECTED_TO_SERVER))
        else:
            _log().info("working for %s again", self._worker.servers)

    def jobs(self, name: EventName) -> None:
        """A RegisterFunctionEvent. What a listener raises comes out."""
        if self.has_listeners(name):
            self._dispatcher.dispatch(name, RegisterFunctionEvent(name, self._worker.jobs))

    def function(self, name: EventName, handler: JobHandlerInterface, job: Job, *result: Any) -> None:
        """A FunctionEvent, also where nobody listens. What a listener raises comes out, and fails the job."""
        self._dispatcher.dispatch(name, FunctionEvent(name, handler, job, *result))

    def function_failed(self, handler: JobHandlerInterface, job: Job, error: BaseException) -> None:
        """A FunctionFailureEvent; raises nothing."""
        name = EventName.FUNCTION_FAILURE
        if self.has_listeners(name):
            event = FunctionFailureEvent(name, handler, job, error)
            self._guard(lambda: self._dispatcher.dispatch(name, event))
        else:
            _log().error("job %s of function %r failed", job.handle, job.get_job_name(), exc_info=error)

    def failed(self, error: BaseException) -> None:
        """A WorkerExceptionEvent; raises nothing."""
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
            self.failed(error)


def _log() -> logging.Logger:
    import logging  # a worker without failures does not need it

    return logging.getLogger("gearman_cffi.worker")
