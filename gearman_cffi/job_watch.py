"""Watching a job while it runs."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from typing import Any

from gearman_cffi.bulk import PendingJob, Scheduler
from gearman_cffi.exceptions import JobTimeout
from gearman_cffi.job_update import JobUpdate
from gearman_cffi.serializers import Serializer


class JobWatch:
    """An iterator over the updates of one job; result() returns its result.

    The first next() or result() submits the job. result() skips the updates that were not iterated over. If a signal
    handler raises in one of them, both can be called again: the job continues.

    Example:
            watch = client.watch_job("resize", name)
            for update in watch:
                print(update.fraction)
            print(watch.result())
    """

    def __init__(self, scheduler: Scheduler[PendingJob], job: PendingJob, serializer: Serializer) -> None:
        self._scheduler = scheduler
        self._job = job
        self._serializer = serializer
        self._updates: deque[JobUpdate] = deque()
        job.on_update = self._updates.append  # no reference to self: the last one outside closes the connection

    @property
    def handle(self) -> str:
        """The job's handle; "" until the server has accepted the job."""
        return self._job.handle

    def __iter__(self) -> Iterator[JobUpdate]:
        return self

    def __next__(self) -> JobUpdate:
        """Waits for the next update and returns it. Stops when the job has ended; result() raises if it failed.

        Stops at the timeout too, and drops the updates that have come and were not iterated over.
        """
        while not self._updates or self._is_late():
            if not self._step():
                raise StopIteration
        return self._updates.popleft()

    def result(self) -> Any:
        """Waits until the job has ended.

        Returns:
            The result, unserialized.

        Raises:
            GearmanError: What execute_job() raises.

        Example:
                watch = client.watch_job("resize", name)
                try:
                    print(watch.result())
                except JobError as error:
                    print("the worker has failed", watch.handle, error)
        """
        while self._step():
            pass
        if self._job.error is not None:
            raise self._job.error
        return self._serializer.unserialize(self._job.answer)

    def _is_late(self) -> bool:
        if self._job.is_done:
            return isinstance(self._job.error, JobTimeout)
        return self._job.deadline is not None and time.monotonic() >= self._job.deadline

    def _step(self) -> bool:
        """Submits the job, or waits for its next packet. Returns False if the job has ended."""
        if self._job.is_done or not self._scheduler.step():
            self._scheduler.close()
            return False
        return True

    def __del__(self) -> None:
        self._scheduler.close()
