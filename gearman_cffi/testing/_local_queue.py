"""The server side of LocalGearman: the queued jobs, their packets, and the receivers of the packets."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import count
from typing import Protocol, TypeAlias
from zlib import crc32

from gearman_cffi.error_mapping import failure
from gearman_cffi.exceptions import GearmanError
from gearman_cffi.ext import ReturnCode
from gearman_cffi.job_update import JobUpdate, UpdateKind
from gearman_cffi.priorities import Priority, job_kind

BACKGROUND = {job_kind(priority, background=True): priority for priority in Priority}
_FOREGROUND = {job_kind(priority, background=False): priority for priority in Priority}
_PRIORITIES = BACKGROUND | _FOREGROUND
_WORKLOAD_HASH = "#"  # as a unique key: libgearman sends a number made of the workload instead


class PacketKind(Enum):
    """The kind of a packet that a worker sends for a job."""

    STATUS = "status"
    DATA = "data"
    WARNING = "warning"
    COMPLETE = "complete"
    EXCEPTION = "exception"
    FAIL = "fail"


ENDS = {
    PacketKind.COMPLETE: ReturnCode.SUCCESS,
    PacketKind.EXCEPTION: ReturnCode.WORK_EXCEPTION,
    PacketKind.FAIL: ReturnCode.WORK_FAIL,
}


@dataclass(frozen=True)
class Packet:
    """A packet that a worker has sent for a job, with the status at that time."""

    kind: PacketKind
    content: bytes
    numerator: int
    denominator: int

    def as_update(self, handle: str) -> JobUpdate:
        """Returns what a client that watches the job gets. For packets that do not end the job."""
        return JobUpdate(UpdateKind(self.kind.value), handle, self.numerator, self.denominator, self.content)


Receiver: TypeAlias = Callable[[Packet], None]


def answer_of(packets: Sequence[Packet]) -> bytes:
    """Returns the result with all its parts, or the text of the exception."""
    if packets and packets[-1].kind is PacketKind.EXCEPTION:
        return packets[-1].content
    return b"".join(packet.content for packet in packets if packet.kind in (PacketKind.DATA, PacketKind.COMPLETE))


class SubmittedJob:
    """A job from its submission on. receivers are called with its packets."""

    def __init__(self, handle: str, kind: int, function: str, unique: str, workload: bytes, epoch: int = 0) -> None:
        self.handle = handle
        self.function = function
        self.unique = unique
        self.workload = workload
        self.epoch = epoch  # the Unix time before which it is not run; 0 for none
        self.priority = _PRIORITIES[kind]
        self.is_background = kind in BACKGROUND
        self.is_running = False
        self.numerator = self.denominator = 0
        self.packets: list[Packet] = []
        self.receivers: list[Receiver] = []
        self.place = 0  # among the jobs that are done
        self.error: BaseException | None = None  # what the handler has raised

    @property
    def return_code(self) -> int | None:
        """The return code with which the job has ended; None before that."""
        return ENDS.get(self.packets[-1].kind) if self.packets else None

    @property
    def answer(self) -> bytes:
        """The result with all its parts, or the text of the exception."""
        return answer_of(self.packets)

    @property
    def status(self) -> tuple[bool, bool, int, int]:
        """What the server answers to a request for the status: known, running, numerator, denominator."""
        return True, self.is_running, self.numerator, self.denominator

    def send(self, kind: PacketKind, content: bytes = b"") -> None:
        """Passes a packet to the receivers. Packets after the end of the job are dropped."""
        if self.return_code is None:
            packet = Packet(kind, content, self.numerator, self.denominator)
            self.packets.append(packet)
            for receiver in self.receivers:
                receiver(packet)


class LocalServer(Protocol):
    """The interface of the object that runs the jobs of a queue."""

    def serve(self, jobs: Sequence[SubmittedJob]) -> None:
        """Runs queued jobs until one of these jobs is done, or no job is left that can be run."""
        ...

    def reason(self, job: SubmittedJob) -> str:
        """Returns why a job was not done."""
        ...


class LocalQueue:
    """The jobs that were submitted. done has those that are done, in the order in which they ended."""

    def __init__(self, name: str, server: LocalServer) -> None:
        self.name = name
        self.server = server
        self.done: list[SubmittedJob] = []
        self._jobs: list[SubmittedJob] = []  # queued and running
        self.seconds_ahead = 0.0  # of the real time
        self._numbers = count(1)

    def waiting(self) -> list[SubmittedJob]:
        """Returns the jobs that are not running, in the order of their submission."""
        return [job for job in self._jobs if not job.is_running]

    def due(self) -> list[SubmittedJob]:
        """Returns the jobs of waiting() that a worker may be given now."""
        now = time.time() + self.seconds_ahead
        return [job for job in self.waiting() if job.epoch <= now]

    def submit(self, kind: int, function: str, unique: str, workload: bytes, epoch: int = 0) -> SubmittedJob:
        """Adds a job and returns it; or returns the job of this function and unique key that is not done yet."""
        if unique == _WORKLOAD_HASH:  # libgearman's number is another one, of the same length
            unique = str(crc32(workload))
        job = self._same(function, unique, workload) if unique else None
        if job is None:
            handle = f"H:{self.name}:{next(self._numbers)}"
            epoch += int(self.seconds_ahead) if epoch > time.time() else 0
            job = SubmittedJob(handle, kind, function, unique or str(uuid.uuid4()), workload, epoch)
            self._jobs.append(job)
        job.is_background = job.is_background or kind in BACKGROUND
        return job

    def drop(self, job: SubmittedJob) -> None:
        """Removes a queued foreground job that no client waits for, as gearmand does when a client disconnects."""
        if not job.receivers and not job.is_background and not job.is_running and job in self._jobs:
            self._jobs.remove(job)

    def finish(self, job: SubmittedJob) -> None:
        """The worker is done with a job. If it was not answered, it is queued again."""
        job.is_running = False
        if job.return_code is not None:
            self._jobs.remove(job)
            job.place = len(self.done)
            self.done.append(job)

    def find_done(self, handle: str | None) -> SubmittedJob | None:
        """Returns the job with this handle if it is done."""
        return next((job for job in reversed(self.done) if job.handle == handle), None)

    def find(self, *, handle: str = "", unique: str = "") -> SubmittedJob | None:
        """Returns the job with this handle or unique key; None if there is none, or if it is done."""
        found = (job for job in self._jobs if (job.handle == handle if handle else job.unique == unique))
        return next(found, None)

    def _same(self, function: str, unique: str, workload: bytes) -> SubmittedJob | None:
        """For the unique key "-" gearmand compares the workloads."""
        same = (
            job
            for job in self._jobs
            if (job.function, job.unique) == (function, unique) and (unique != "-" or job.workload == workload)
        )
        return next(same, None)


def failure_of(job: SubmittedJob, server: str, reason: str = "") -> GearmanError | None:
    """Returns what a client raises for this job, None if it succeeded. __cause__ is what the handler has raised.

    reason: why the job was not done.
    """
    rc = int(ReturnCode.TIMEOUT if job.return_code is None else job.return_code)
    if rc == ReturnCode.SUCCESS:
        return None
    error = failure(rc, server=server, function=job.function, handle=job.handle, detail=reason, exception=job.answer)
    error.__cause__ = job.error
    return error
