"""What is sent for a job: the options of a submission become the arguments of libgearman's calls here only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from gearman_cffi.attempts import Attempt, check_unmarked
from gearman_cffi.checks import MAX_FUNCTION_NAME, MAX_UNIQUE, check_name
from gearman_cffi.durations import to_epoch
from gearman_cffi.exceptions import GearmanError, InvalidArgument, InvalidJob
from gearman_cffi.ext import JobKind
from gearman_cffi.jobs import Job, JobInterface
from gearman_cffi.messages import short_repr
from gearman_cffi.priorities import Priority, job_kind
from gearman_cffi.serializers import Serializer


class EncodedJob(NamedTuple):
    """What is sent for a job."""

    position: int  # among the jobs of the call, from 0
    kind: int  # a JobKind
    function: bytes
    key: bytes  # the unique key; empty for none
    workload: bytes
    epoch: int = 0  # the Unix time before which it is not run; 0 for none


class JobEncoder:
    """Encodes the jobs of a client.

    namespace: what the server has before the name of each function.
    """

    def __init__(self, serializer: Serializer, background: bool, namespace: str = "") -> None:
        self._background = background
        self._serialize = serializer.serialize
        self._namespace = namespace.encode()
        self._longest_name = MAX_FUNCTION_NAME - len(self._namespace)

    def kind(self, priority: Priority | int | None) -> int:
        """Returns the JobKind of a job with this priority. Raises InvalidArgument for an unknown one."""
        return job_kind(priority, self._background)

    def encode_one(self, job: Job, priority: Priority | int | None) -> EncodedJob:
        """Encodes the job of a call for one, which has the priority. Raises what encode() and kind() raise."""
        return self.encode(job, self.kind(priority), 0)

    def encode(self, job: Job, kind: int, index: int) -> EncodedJob:
        """Encodes one job of several. kind: its JobKind, unless it has a priority of its own.

        Raises InvalidArgument for a name or an option that cannot be sent, TypeError for one of a wrong type,
        SerializerError for a workload that cannot be serialized.
        """
        function = self._namespace + check_name(job.get_job_name(), "a function name", self._longest_name)
        unique, retries = job.unique, job.retries
        key = b"" if unique is None else check_name(unique, "a unique key", MAX_UNIQUE)
        if job.priority is not None:
            kind = self.kind(job.priority)
        epoch = 0 if job.delay is None and job.at is None else self._epoch(job.delay, job.at, kind)
        workload = self._serialize(job.get_workload())
        if retries is not None:
            if not isinstance(retries, Attempt):
                retries = Attempt.first(unique, workload, retries, not self._background)
            key = retries.unique.encode()
        elif unique is not None:
            check_unmarked(unique)
        return EncodedJob(index, kind, function, key, workload, epoch)

    def _epoch(self, delay: float | timedelta | None, at: datetime | None, kind: int) -> int:
        """Returns the Unix time before which a job with one of these is not run."""
        if not self._background:
            raise InvalidArgument("a job in the foreground cannot have a delay: submit it in the background")
        if kind != JobKind.BACKGROUND:
            raise InvalidArgument("a delayed job must have Priority.NORMAL: Gearman's protocol has no other for it")
        return to_epoch(delay, at)


class BulkEncoder:
    """Encodes the jobs of a bulk call.

    priority: for jobs that do not set one.
    """

    def __init__(self, encoder: JobEncoder, priority: Priority | int | None) -> None:
        """Raises InvalidArgument for an unknown priority."""
        # Why encode_all() ended before the caller's iterable did. The call raises it when the jobs before it are done.
        self.error: Exception | None = None
        self._encode = encoder.encode
        self._kind = encoder.kind(priority)

    def encode_all(self, items: Iterable[JobInterface]) -> Iterator[tuple[JobInterface, EncodedJob | GearmanError]]:
        """Yields each job with its encoded form, or with the error if it cannot be sent.

        Ends at the first item that is not a job, and if the iterable raises; self.error is the reason.
        """
        encode = self.encode
        try:
            for index, item in enumerate(items):
                yield item, encode(item, index)
        except Exception as error:
            self.error = error

    def encode(self, item: JobInterface, index: int) -> EncodedJob | GearmanError:
        """Encodes one job; returns its error if it cannot be sent. Raises InvalidJob if it is not a job."""
        try:
            return self._encode(item if isinstance(item, Job) else _as_job(item), self._kind, index)
        except GearmanError as error:
            return error
        except TypeError as error:
            raise InvalidJob(f"jobs[{index}]: {error}: {short_repr(item)}", index=index, item=item) from error


def is_job(item: object) -> bool:
    """Whether a bulk call takes this item: a Job, or an object with the methods of JobInterface."""
    if isinstance(item, Job):
        return True
    return hasattr(item, "get_job_name") and hasattr(item, "get_workload") and not isinstance(item, type)


def _as_job(item: JobInterface) -> Job:
    """Returns a Job for an object with the methods of JobInterface. Raises TypeError for any other."""
    if not is_job(item):
        raise TypeError(f"expected a Job, not {type(item).__name__}")
    job = Job(item.get_job_name(), item.get_workload())
    for option in ("unique", "priority", "delay", "at", "retries"):
        setattr(job, option, getattr(item, option, None))
    return job
