"""The server's part of a local run: the jobs that wait, who waits for them, and what they have sent."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import count
from typing import Protocol, TypeAlias

from gearman_cffi.error_mapping import failure
from gearman_cffi.exceptions import GearmanError
from gearman_cffi.ext import ReturnCode
from gearman_cffi.priorities import Priority, job_kind

BACKGROUND = {job_kind(priority, background=True): priority for priority in Priority}
_FOREGROUND = {job_kind(priority, background=False): priority for priority in Priority}
_PRIORITIES = BACKGROUND | _FOREGROUND


class Sent(Enum):
    """What a packet of a job says."""

    STATUS = "status"
    DATA = "data"
    WARNING = "warning"
    COMPLETE = "complete"
    EXCEPTION = "exception"
    FAIL = "fail"


ENDS = {
    Sent.COMPLETE: ReturnCode.SUCCESS,
    Sent.EXCEPTION: ReturnCode.WORK_EXCEPTION,
    Sent.FAIL: ReturnCode.WORK_FAIL,
}


@dataclass(frozen=True)
class Packet:
    """Something that a job has sent, with its status at that time. To a watch it looks like the GearmanTask."""

    what: Sent
    content: bytes
    numerator: int
    denominator: int

    def data(self) -> bytes:
        """The content."""
        return self.content

    def taskNumerator(self) -> int:  # noqa: N802
        """The first number of the last status."""
        return self.numerator

    def taskDenominator(self) -> int:  # noqa: N802
        """The second number of the last status."""
        return self.denominator


Receiver: TypeAlias = Callable[[Packet], None]


class QueuedJob:
    """A job from its submission on; receivers are those who wait for it."""

    def __init__(self, handle: str, kind: int, function: str, unique: str, workload: bytes) -> None:
        self.handle = handle
        self.function = function
        self.unique = unique
        self.workload = workload
        self.priority = _PRIORITIES[kind]
        self.is_background = kind in BACKGROUND
        self.is_running = False
        self.numerator = self.denominator = 0
        self.packets: list[Packet] = []
        self.receivers: list[Receiver] = []
        self.place = 0  # among those that are done
        self.error: BaseException | None = None  # what was raised, where it ended with an exception

    @property
    def return_code(self) -> int | None:
        """How it has ended; None before that."""
        return ENDS.get(self.packets[-1].what) if self.packets else None

    @property
    def answer(self) -> bytes:
        """The parts and the end of its result, or the text of its exception."""
        if self.return_code == ReturnCode.WORK_EXCEPTION:
            return self.packets[-1].content
        return b"".join(packet.content for packet in self.packets if packet.what in (Sent.DATA, Sent.COMPLETE))

    def send(self, what: Sent, content: bytes = b"") -> None:
        """Tells all who wait for it. What comes after the end is dropped."""
        if self.return_code is None:
            packet = Packet(what, content, self.numerator, self.denominator)
            self.packets.append(packet)
            for receiver in self.receivers:
                receiver(packet)


class LocalServer(Protocol):
    """Who has the jobs of a queue done."""

    def serve(self, jobs: Sequence[QueuedJob]) -> None:
        """Has the worker work until one of these jobs is done, or nothing is left that it can do."""
        ...

    def reason(self, job: QueuedJob) -> str:
        """Why a job was not done."""
        ...


class LocalQueue:
    """The jobs that were submitted and are not done, and those that are."""

    def __init__(self, name: str, server: LocalServer) -> None:
        self.name = name
        self.server = server
        self.done: list[QueuedJob] = []
        self._jobs: list[QueuedJob] = []  # those that are running too
        self._numbers = count(1)

    def waiting(self) -> list[QueuedJob]:
        """The jobs that nobody has begun, in the order of their submission."""
        return [job for job in self._jobs if not job.is_running]

    def submit(self, kind: int, function: str, unique: str, workload: bytes) -> QueuedJob:
        """A new job, or the one of this function and unique key that is not done yet."""
        job = self._same(function, unique, workload) if unique else None
        if job is None:
            handle = f"H:{self.name}:{next(self._numbers)}"
            job = QueuedJob(handle, kind, function, unique or str(uuid.uuid4()), workload)
            self._jobs.append(job)
        job.is_background = job.is_background or kind in BACKGROUND
        return job

    def drop(self, job: QueuedJob) -> None:
        """A client has gone. A job that nobody waits for any more is dropped, unless it is one of the background."""
        if not job.receivers and not job.is_background and not job.is_running and job in self._jobs:
            self._jobs.remove(job)

    def finish(self, job: QueuedJob) -> None:
        """The worker lets go of it: it was answered, or else it waits again."""
        job.is_running = False
        if job.return_code is not None:
            self._jobs.remove(job)
            job.place = len(self.done)
            self.done.append(job)

    def find(self, *, handle: str = "", unique: str = "") -> QueuedJob | None:
        """The job with this handle, or with this unique key, that is not done."""
        found = (job for job in self._jobs if (job.handle == handle if handle else job.unique == unique))
        return next(found, None)

    def _same(self, function: str, unique: str, workload: bytes) -> QueuedJob | None:
        """With the unique key "-" gearmand compares workloads."""
        same = (
            job
            for job in self._jobs
            if (job.function, job.unique) == (function, unique) and (unique != "-" or job.workload == workload)
        )
        return next(same, None)


def failure_of(job: QueuedJob, server: str, reason: str = "") -> GearmanError | None:
    """What a client raises for this job, with what the handler raised behind it; None where it succeeded.

    reason is why the job was not done.
    """
    rc = int(ReturnCode.TIMEOUT if job.return_code is None else job.return_code)
    if rc == ReturnCode.SUCCESS:
        return None
    error = failure(rc, server=server, function=job.function, handle=job.handle, detail=reason, exception=job.answer)
    error.__cause__ = job.error
    return error
