"""Watching a job while it runs."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from gearman_cffi.bulk import PendingJob, Scheduler
from gearman_cffi.ext import GearmanTask
from gearman_cffi.serializers import Serializer


class UpdateKind(str, Enum):
    """What an update is about."""

    CREATED = "created"
    STATUS = "status"
    DATA = "data"
    WARNING = "warning"


@dataclass(frozen=True)
class JobUpdate:
    """An update of a job: the server has accepted it, or the worker sent a status, a part of the result or a warning.

    numerator and denominator are those of the last status, 0 before the first. data is the part or the warning, as the
    worker sent it.
    """

    kind: UpdateKind
    handle: str
    numerator: int = 0
    denominator: int = 0
    data: bytes = b""

    @property
    def fraction(self) -> float | None:
        """numerator / denominator; None if the worker has not sent a denominator."""
        return self.numerator / self.denominator if self.denominator else None


class JobWatch:
    """An iterator over the updates of one job; result() returns its answer.

    The first next() or result() submits the job. result() skips the updates that were not iterated over. If a signal
    handler raises in one of them, both can be called again: the job continues.
    """

    def __init__(self, scheduler: Scheduler[PendingJob], job: PendingJob, serializer: Serializer) -> None:
        self._scheduler = scheduler
        self._job = job
        self._serializer = serializer
        self._updates: deque[JobUpdate] = deque()
        job.on_update = _collector(self._updates)

    @property
    def handle(self) -> str:
        """The job's handle; "" until the server has accepted the job."""
        return self._job.handle

    def __iter__(self) -> Iterator[JobUpdate]:
        return self

    def __next__(self) -> JobUpdate:
        """Waits for the next update and returns it. Stops when the job has ended; result() raises if it failed."""
        while not self._updates:
            if not self._step():
                raise StopIteration
        return self._updates.popleft()

    def result(self) -> Any:
        """Waits until the job has ended; returns the answer, unserialized. Raises what execute_job() raises."""
        while self._step():
            pass
        if self._job.error is not None:
            raise self._job.error
        return self._serializer.unserialize(self._job.answer)

    def _step(self) -> bool:
        """Submits the job, or waits for what comes next. False if the job has ended."""
        if self._job.is_done or not self._scheduler.step():
            self._scheduler.close()
            return False
        return True

    def __del__(self) -> None:
        self._scheduler.close()


def _collector(updates: deque[JobUpdate]) -> Callable[[str, str, GearmanTask], None]:
    """Refers to the updates, not to the JobWatch, so that the connection is closed with its last reference."""

    def take(what: str, handle: str, task: GearmanTask) -> None:
        data = (task.data() or b"") if what in ("data", "warning") else b""
        updates.append(
            JobUpdate(UpdateKind(what), handle, task.taskNumerator() or 0, task.taskDenominator() or 0, data)
        )

    return take
