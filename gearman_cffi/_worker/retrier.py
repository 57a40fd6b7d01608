"""Tries jobs again whose handlers have failed: submits them again, or executes them again in place."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gearman_cffi._worker.events import WorkerEvents
from gearman_cffi._worker.signals import StopRequest
from gearman_cffi.exceptions import GearmanError
from gearman_cffi.jobs import Job
from gearman_cffi.priorities import Priority

if TYPE_CHECKING:
    from gearman_cffi._worker.handler_adapter import HandlerAdapter, HandlerJob
    from gearman_cffi.client import Client

# How long a job that no server takes waits for its next attempt, at most, in seconds.
MAX_WAIT = 60.0
_LOOK_SECONDS = 0.1  # how often a wait looks whether the worker is to stop


class SubmittedAgain(Exception):  # noqa: N818
    """An attempt has failed with this error, and a server has the next one, which begins after so many seconds."""

    def __init__(self, error: Exception, seconds: float) -> None:
        super().__init__(error)
        self.error = error
        self.seconds = seconds


class Retrier:
    """Executes the jobs of a worker that may be tried again.

    new_client: makes a client that submits workloads as they are. skips_waits: makes the next attempt in place at once.
    """

    skips_waits = False

    def __init__(self, new_client: Callable[[], Client], stop_request: StopRequest, events: WorkerEvents) -> None:
        self._new_client = new_client
        self._stop_request = stop_request
        self._events = events
        self._client: Client | None = None
        self._client_lock = threading.Lock()  # jobs of several threads may fail at once

    def execute(self, adapter: HandlerAdapter, job: HandlerJob) -> Any:
        """Calls the handler. If it fails and a client waits, calls it again after a while, as often as it may.

        Raises SubmittedAgain if a server has the next attempt, otherwise what the handler raises.
        """
        while True:
            try:
                return adapter.handler.execute(job)
            except Exception as error:
                seconds = self._after_failure(adapter, job, error)
                if seconds is None:
                    raise
            until = time.monotonic() + seconds
            while not self._is_over(until):
                time.sleep(_LOOK_SECONDS)

    async def execute_coroutine(self, adapter: HandlerAdapter, job: HandlerJob) -> Any:
        """execute() for a handler that returns a coroutine."""
        import asyncio  # the event loop has imported it

        while True:
            try:
                return await adapter.handler.execute(job)
            except Exception as error:
                seconds = await asyncio.to_thread(self._after_failure, adapter, job, error)
                if seconds is None:
                    raise
            until = time.monotonic() + seconds
            while not self._is_over(until):
                await asyncio.sleep(_LOOK_SECONDS)

    def _get_client(self) -> Client:
        with self._client_lock:
            if self._client is None:
                self._client = self._new_client()
            return self._client

    def close(self) -> None:
        """Closes the connections."""
        with self._client_lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _after_failure(self, adapter: HandlerAdapter, job: HandlerJob, error: Exception) -> float | None:
        """Returns the seconds until the next attempt in place; None if there is none.

        Raises SubmittedAgain if a server has it. The job is not answered before that: if the process dies in between,
        both jobs are done.
        """
        seconds, attempt = adapter.seconds_to_next_attempt(job, error), job.next_attempt
        if seconds is None or attempt is None:
            return None
        if not attempt.is_foreground:
            again = Job(job.get_job_name(), job.raw_workload, delay=seconds)
            again.retries = attempt
            try:
                client = self._get_client()
                client._submit(client._background.encode_one(again, Priority.NORMAL), timeout=None)
            except GearmanError as refused:
                seconds = min(seconds, MAX_WAIT)
                self._events.log_refused_retry(job, refused, seconds)
            else:
                raise SubmittedAgain(error, seconds) from error
        self._events.report_retry(adapter.handler, job, error, seconds, is_in_place=True)
        job.begin_attempt(attempt)
        return seconds

    def _is_over(self, until: float) -> bool:
        """Whether a wait is over. The next attempt is made at once if the worker is to stop."""
        return self.skips_waits or self._stop_request.requested or time.monotonic() >= until
