"""Metrics: counts a worker's jobs, failures, durations and idle time with prometheus_client (extra "metrics")."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gearman_cffi.events import EventName, FunctionEvent, FunctionFailureEvent, FunctionRetryEvent, WorkerEvent
from gearman_cffi.jobs import Job

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 600, 1800, 3600)  # seconds
_FIRST = 2000  # priority: the time of other listeners counts as part of the job


class Metrics:
    """Metrics of a worker.

        gearman_worker_jobs_total{function}            jobs that were answered, have failed or were submitted again
        gearman_worker_failures_total{function}        jobs that failed
        gearman_worker_job_duration_seconds{function}  a histogram
        gearman_worker_idle_seconds_total              time without a job

    The multiprocess mode of prometheus_client adds up the metrics of several processes.

    Args:
        registry: As for the metrics of prometheus_client; by default the global one, which allows each name once.
        buckets: The limits of the histogram's buckets, in seconds.

    Raises:
        ImportError: prometheus_client is not installed: pip install 'gearman-cffi[metrics]'.

    Example:
            dispatcher.add_subscriber(Metrics())
    """

    def __init__(self, registry: CollectorRegistry | None = None, buckets: Sequence[float] = BUCKETS) -> None:
        try:
            from prometheus_client import REGISTRY, Counter, Histogram
        except ImportError as error:
            raise ImportError("Metrics needs prometheus_client: pip install 'gearman-cffi[metrics]'") from error
        where: dict[str, Any] = {"registry": REGISTRY if registry is None else registry}
        by_function = ["function"]
        self._jobs = Counter("gearman_worker_jobs", "Jobs that were answered.", by_function, **where)
        self._failures = Counter("gearman_worker_failures", "Jobs that failed.", by_function, **where)
        self._durations = Histogram(
            "gearman_worker_job_duration_seconds", "How long jobs took.", by_function, buckets=buckets, **where
        )
        self._idle = Counter("gearman_worker_idle_seconds", "Time without a job.", **where)
        self._began: dict[Job, float] = {}
        self._ending: Job | None = None  # the job whose after_run comes next
        self._idle_since: float | None = None

    def get_subscribed_events(self) -> Mapping[str, tuple[str, int]]:
        """Returns the listeners for jobs and waits."""
        return {
            EventName.FUNCTION_BEFORE_EXECUTE: ("on_before_execute", _FIRST),
            EventName.FUNCTION_AFTER_EXECUTE: ("on_after_execute", _FIRST),
            EventName.FUNCTION_FAILURE: ("on_failure", _FIRST),
            EventName.FUNCTION_RETRY: ("on_retry", _FIRST),
            EventName.AFTER_RUN: ("on_after_run", _FIRST),
            EventName.IO_WAIT: ("on_idle", _FIRST),
            EventName.NO_JOBS: ("on_idle", _FIRST),
            EventName.WORK: ("on_wait_over", _FIRST),
        }

    def on_before_execute(self, event: FunctionEvent) -> None:
        """A job starts."""
        self._end_job()  # one whose result could not be sent
        self._began[event.job] = time.monotonic()

    def on_after_execute(self, event: FunctionEvent) -> None:
        """The handler of a job has returned."""
        self._ending = event.job

    def on_failure(self, event: FunctionFailureEvent) -> None:
        """A job has failed."""
        self._ending = event.job
        self._failures.labels(event.job.get_job_name()).inc()

    def on_retry(self, event: FunctionRetryEvent) -> None:
        """An attempt has failed. If the job was submitted again, this worker is done with it."""
        if not event.is_in_place:
            self._ending = event.job

    def on_after_run(self, event: WorkerEvent) -> None:
        """A job was answered."""
        job, began = self._end_job()
        if job is not None and began is not None:
            function = job.get_job_name()
            self._jobs.labels(function).inc()
            self._durations.labels(function).observe(time.monotonic() - began)

    def _end_job(self) -> tuple[Job | None, float | None]:
        """The job that has ended, and when it began; None for none."""
        job, self._ending = self._ending, None
        return job, None if job is None else self._began.pop(job, None)

    def on_idle(self, event: WorkerEvent) -> None:
        """A wait starts."""
        self._idle_since = time.monotonic()

    def on_wait_over(self, event: WorkerEvent) -> None:
        """A wait has ended."""
        since, self._idle_since = self._idle_since, None
        if since is not None:
            self._idle.inc(time.monotonic() - since)
