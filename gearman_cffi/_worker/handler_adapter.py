"""What happens to one job in a worker: events, handler, result or failure."""

from __future__ import annotations

import operator
from collections.abc import Callable
from contextlib import suppress

from gearman_cffi._worker.connection import Retries
from gearman_cffi._worker.events import WorkerEvents
from gearman_cffi.events import EventName
from gearman_cffi.exceptions import ConnectionLost, InvalidArgument
from gearman_cffi.ext import GearmanJob, GearmanWarning, ReturnCode
from gearman_cffi.ext.worker import PROCESS_EXITS, describe
from gearman_cffi.handlers import JobHandlerInterface
from gearman_cffi.jobs import Job

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gearman_cffi.serializers import Serializer

MOST_STATUS = 2**32 - 1  # of the numbers that gearmand keeps
_NOT_READ = object()
# A member of an enum is looked up anew each time, here for each job.
_BEFORE, _AFTER = EventName.FUNCTION_BEFORE_EXECUTE, EventName.FUNCTION_AFTER_EXECUTE
_AFTER_RUN = EventName.AFTER_RUN


class RunningJob(Job):
    """The Job that a handler is given."""

    __slots__ = ("_job", "_raw", "_serializer", "has_sent_data")

    def __init__(self, job: GearmanJob, name: str, serializer: Serializer) -> None:
        # What Job.__init__() would do: it is called for every job.
        self._job_name, self._workload, self.priority = name, _NOT_READ, None
        self.handle, unique = job._read_names()
        self.unique = unique or None
        self.has_sent_data = False
        self._raw = job.workload()
        self._serializer = serializer
        self._job: GearmanJob | None = job

    def get_workload(self) -> Any:
        """The workload, unserialized when it is first asked for. Raises SerializerError."""
        if self._workload is _NOT_READ:
            self._workload = self._serializer.unserialize(self._raw)
        return self._workload

    def send_status(self, numerator: int, denominator: int) -> None:
        """Sends how far the job is: numerator of denominator, two ints from 0 to 4294967295.

        Raises TypeError for other types, InvalidArgument for other numbers, ConnectionLost if the server is gone.
        """
        for name, given in (("numerator", numerator), ("denominator", denominator)):
            try:
                number = operator.index(given)
            except TypeError:
                raise TypeError(f"{name} of send_status() must be an int, not {given!r}: round it first") from None
            if not 0 <= number <= MOST_STATUS:
                raise InvalidArgument(
                    f"{name} of send_status() must be from 0 to {MOST_STATUS}, not {number}: send a smaller fraction, "
                    "such as percent",
                    function=self._job_name,
                    handle=self.handle,
                )
        self._send(GearmanJob.sendStatus, numerator, denominator)

    def send_data(self, data: str | bytes) -> None:
        """Sends a part of the result. Raises ConnectionLost where the server is gone."""
        self.has_sent_data = True
        self._send(GearmanJob.sendData, data)

    def send_warning(self, warning: str | bytes) -> None:
        """Sends a warning. Raises ConnectionLost where the server is gone."""
        self._send(GearmanJob.sendWarning, warning)

    def _send(self, method: Callable[..., bool], *what: Any) -> None:
        job = self._job
        if job is None:
            self._not_running()
        with suppress(GearmanWarning):  # where warnings are errors
            method(job, *what)
        if job.returnCode() not in (ReturnCode.SUCCESS, ReturnCode.IO_WAIT):
            raise ConnectionLost(
                f"the server of job {self.handle!r} is gone: nobody waits for an answer. It or another server "
                "may hand the job out again",
                return_code=job.returnCode(),
                function=self._job_name,
                handle=self.handle,
            )


class JobCallbacks:
    """The function that a worker registers for a handler."""

    def __init__(
        self,
        name: str,
        handler: JobHandlerInterface,
        serializer: Serializer,
        events: WorkerEvents,
        retries: Retries,
        on_connected: Callable[[], None],
        come_back: Callable[[], None],
    ) -> None:
        """on_connected is called before the first job after retries that are not over.

        come_back is called in a job after which listeners are to hear of it before the next one.
        """
        self._name = name
        self._retries = retries
        self._on_connected = on_connected
        self._come_back = come_back
        self._handler = handler
        self._job_class = getattr(handler, "job_class", None) or RunningJob
        self._serializer = serializer
        self._events = events
        # What a result becomes. A serializer may have a form of its own for results: PHP's has.
        self._write: Callable[[Any], bytes] = getattr(serializer, "serialize_result", serializer.serialize)

    def run(self, gearman_job: GearmanJob) -> bytes | None:
        """Executes a job and returns the result for the wire; a failure is sent from here.

        SystemExit and KeyboardInterrupt are raised: the mirror leaves the job unanswered then.
        """
        if not self._retries.over:
            self._on_connected()
        events, handler = self._events, self._handler
        job = self._job_class(gearman_job, self._name, self._serializer)
        try:
            if events.has_listeners(_BEFORE):
                events.function(_BEFORE, handler, job)
            result = handler.execute(job)
            if events.has_listeners(_AFTER):
                events.function(_AFTER, handler, job, result)
            if result is None and job.has_sent_data:
                return b""  # the parts are the result
            return self._write(result)
        except BaseException as error:
            if isinstance(error, PROCESS_EXITS):
                raise
            events.function_failed(handler, job, error)
            with suppress(GearmanWarning):  # the server may be gone; it hands the job out again
                gearman_job.sendException(describe(error))
            return None
        finally:
            job._job = None  # libgearman frees it
            if events.has_listeners(_AFTER_RUN):
                self._come_back()
