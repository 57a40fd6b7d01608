"""Following a job while it runs."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from gearman_cffi.bulk import Batch, Submission
from gearman_cffi.ext import GearmanTask
from gearman_cffi.serializers import Serializer


class UpdateKind(str, Enum):
    """What an update tells."""

    CREATED = "created"
    STATUS = "status"
    DATA = "data"
    WARNING = "warning"


@dataclass(frozen=True)
class JobUpdate:
    """Something that a running job tells: the server took it, a status, a part of the result, a warning.

    numerator and denominator are those of the last status, 0 before one came; data is that of a part or a
    warning, as the worker sent it.
    """

    kind: UpdateKind
    handle: str
    numerator: int = 0
    denominator: int = 0
    data: bytes = b""

    @property
    def fraction(self) -> float | None:
        """numerator / denominator, or None while the worker has sent no denominator."""
        return self.numerator / self.denominator if self.denominator else None


class JobWatch:
    """An iterator over the updates of one job, from its submission to its end; result() is its answer.

    The job is submitted by the first step. What is not iterated over is skipped by result(). Where a signal handler
    raises in either, both may be called again: the job goes on.
    """

    def __init__(self, batch: Batch, submission: Submission, serializer: Serializer, seconds: float | None) -> None:
        self._submission = submission
        self._serializer = serializer
        self._updates: deque[JobUpdate] = deque()
        submission.watch = _collector(self._updates)
        self._batch, self._seconds, self._is_submitted = batch, seconds, False

    @property
    def handle(self) -> str:
        """The job's handle; "" before the server has named it."""
        return self._submission.handle

    def __iter__(self) -> Iterator[JobUpdate]:
        return self

    def __next__(self) -> JobUpdate:
        """The next update; waits for it. Stops at the job's end, also when it failed: result() raises then."""
        while not self._updates:
            if not self._go_on():
                raise StopIteration
        return self._updates.popleft()

    def _go_on(self) -> bool:
        """Takes what comes next, or submits the job first; False where it has ended."""
        if self._submission.is_done:
            self._batch.close()
            return False
        if self._is_submitted:
            self._batch.go_on()
        else:
            self._is_submitted = True
            self._batch.begin(self._submission, self._seconds)
        return True

    def __del__(self) -> None:
        self._batch.close()

    def result(self) -> Any:
        """Waits for the job's end; the answer, unserialized. Raises as execute_job() does."""
        while self._go_on():
            pass
        if self._submission.error is not None:
            raise self._submission.error
        return self._serializer.unserialize(self._submission.answer)


def _collector(updates: deque[JobUpdate]) -> Callable[[str, str, GearmanTask], None]:
    """Knows the updates and not the JobWatch: a JobWatch that is dropped takes its connection with it."""

    def take(what: str, handle: str, task: GearmanTask) -> None:
        data = (task.data() or b"") if what in ("data", "warning") else b""
        updates.append(
            JobUpdate(UpdateKind(what), handle, task.taskNumerator() or 0, task.taskDenominator() or 0, data)
        )

    return take
