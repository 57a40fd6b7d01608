"""Tries jobs again whose handlers have failed: submits them again, or calls the handlers again in place."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gearman_cffi._worker.events import WorkerEvents
from gearman_cffi._worker.signals import StopRequest
from gearman_cffi.attempts import Attempt
from gearman_cffi.durations import to_time_limit
from gearman_cffi.exceptions import ConnectionLost, JobTimeout
from gearman_cffi.jobs import Job
from gearman_cffi.priorities import Priority

if TYPE_CHECKING:
    from gearman_cffi._worker.handler_adapter import HandlerAdapter, HandlerJob
    from gearman_cffi.client import Client

# In seconds: the longest wait for the next attempt in place, and how long an attempt is submitted again and again to
# servers that do not answer.
MAX_WAIT = 60.0
_LOOK_SECONDS = 0.1  # how often a wait looks whether the worker is to stop


class SubmittedAgain(Exception):  # noqa: N818
    """An attempt has failed with this error, and a server has the next one, which begins after so many seconds."""

    def __init__(self, error: Exception, seconds: float) -> None:
        super().__init__(error)
        self.error = error
        self.seconds = seconds


class HandedBack(SystemExit):
    """The worker is stopped while a job waits for its next attempt in place.

    As after SystemExit, the job is not answered: the server gives it to another worker when the connection closes.
    """


class Retrier:
    """Executes the jobs of a worker that may be tried again.

    new_client: makes a client that submits workloads as they are. job_timeout: returns the seconds after which a job of
    a function is ended, or None. skips_waits: makes the next attempt in place at once.
    """

    skips_waits = False

    def __init__(
        self,
        new_client: Callable[[], Client],
        job_timeout: Callable[[str], float | None],
        stop_request: StopRequest,
        events: WorkerEvents,
    ) -> None:
        self._new_client = new_client
        self._job_timeout = job_timeout
        self._stop_request = stop_request
        self._events = events
        self._client: Client | None = None
        self._client_lock = threading.Lock()  # jobs of several threads may fail at once

    def execute(self, adapter: HandlerAdapter, job: HandlerJob) -> Any:
        """Calls the handler. If it fails and a client waits, calls it again after a while, as often as it may.

        Raises SubmittedAgain if a server has the next attempt, HandedBack if the worker is stopped during the wait for
        it, otherwise what the handler raises.
        """
        deadline = self._deadline(adapter)
        while True:
            try:
                return adapter.handler.execute(job)
            except Exception as error:
                until = self._after_failure(adapter, job, error, deadline)
                if until is None:
                    raise
            while self._must_wait(job, until):
                time.sleep(_LOOK_SECONDS)

    async def execute_coroutine(self, adapter: HandlerAdapter, job: HandlerJob) -> Any:
        """execute() for a handler that returns a coroutine."""
        import asyncio  # the event loop has imported it

        deadline = self._deadline(adapter)
        while True:
            try:
                return await adapter.handler.execute(job)
            except Exception as error:
                until = await _to_its_end(self._after_failure, adapter, job, error, deadline)
                if until is None:
                    raise
            while self._must_wait(job, until):
                await asyncio.sleep(_LOOK_SECONDS)

    def close(self) -> None:
        """Closes the connections."""
        with self._client_lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _deadline(self, adapter: HandlerAdapter) -> float:
        """Until when a job that begins now may be tried again in place. A time of time.monotonic().

        After the job timeout its process is killed, and after the time limit the server gives it to another worker.
        """
        job_timeout = self._job_timeout(adapter.name)
        time_limit = to_time_limit(getattr(adapter.handler, "time_limit", None)) / 1000
        seconds = min(math.inf if job_timeout is None else job_timeout, time_limit or math.inf)
        return time.monotonic() + seconds

    def _after_failure(
        self, adapter: HandlerAdapter, job: HandlerJob, error: Exception, deadline: float
    ) -> float | None:
        """Returns until when the job waits for its next attempt in place; None if there is none.

        Raises SubmittedAgain if a server has the attempt. The job is not answered before that: if the process dies in
        between, both jobs are done.
        """
        seconds, attempt = adapter.seconds_to_next_attempt(job, error), job.next_attempt
        if seconds is None or attempt is None:
            return None
        if not attempt.is_foreground:
            refused = self._submit(job, attempt, seconds, deadline)
            if refused is None:
                raise SubmittedAgain(error, seconds) from error
            self._events.log_refused_retry(job, refused)
        seconds = min(seconds, MAX_WAIT)
        until = time.monotonic() + seconds
        if until >= deadline:
            return None
        self._events.report_retry(adapter.handler, job, error, seconds, is_in_place=True)
        job.begin_attempt(attempt)
        return until

    def _submit(self, job: HandlerJob, attempt: Attempt, seconds: float, deadline: float) -> Exception | None:
        """Submits the attempt of a job. Returns None if a server has it, otherwise why it has not, or may not have it.

        A server that does not answer may have it. The attempt is submitted until there is an answer: a server that has
        it already recognizes it by its key.
        """
        again = Job(job.get_job_name(), job.raw_workload, delay=seconds)
        again.retries = attempt
        until = min(time.monotonic() + MAX_WAIT, deadline)
        while True:
            try:
                client = self._get_client()
                client._submit(client._background.encode_one(again, Priority.NORMAL), timeout=None)
                return None
            except (JobTimeout, ConnectionLost) as unknown:
                if time.monotonic() >= until or self._stop_request.requested:
                    return unknown
            except Exception as refused:
                return refused
            time.sleep(_LOOK_SECONDS)

    def _get_client(self) -> Client:
        with self._client_lock:
            if self._client is None:
                self._client = self._new_client()
            return self._client

    def _must_wait(self, job: HandlerJob, until: float) -> bool:
        """Whether the next attempt is not yet due. Raises HandedBack if the worker is to stop."""
        if self.skips_waits:
            return False
        if self._stop_request.requested:
            self._events.log_handed_back(job)
            raise HandedBack
        return time.monotonic() < until


async def _to_its_end(function: Callable[..., float | None], *arguments: Any) -> float | None:
    """Calls a function in a thread, and waits for its end even if the coroutine is cancelled.

    What the function raises counts then: a job that a server has again must not fail too.
    """
    import asyncio  # the event loop has imported it

    call = asyncio.ensure_future(asyncio.to_thread(function, *arguments))
    try:
        return await asyncio.shield(call)
    except asyncio.CancelledError:
        await call
        raise
