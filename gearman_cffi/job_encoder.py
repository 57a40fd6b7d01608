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


def is_job(item: object) -> bool:
    """Whether a bulk call takes this item: a Job, or an object with the methods of JobInterface."""
    if isinstance(item, Job):
        return True
    return hasattr(item, "get_job_name") and hasattr(item, "get_workload") and not isinstance(item, type)


class JobEncoder:
    """Encodes the jobs of one call.

    priority: for jobs that do not set one. namespace: what the server has before the name of each function.
    """

    def __init__(
        self, serializer: Serializer, priority: Priority | int | None, background: bool, namespace: str = ""
    ) -> None:
        """Raises InvalidArgument for an unknown priority."""
        # Why encode_all() ended before the caller's iterable did. The call raises it when the jobs before it are done.
        self.error: Exception | None = None
        self._priority = priority
        self._kind = job_kind(priority, background)
        self._background = background
        self._serialize = serializer.serialize
        self._namespace = namespace.encode()

    def encode_all(self, jobs: Iterable[JobInterface]) -> Iterator[tuple[JobInterface, EncodedJob | GearmanError]]:
        """Yields each job with its encoded form, or with the error if it cannot be sent.

        Ends at the first item that is not a job, and if the iterable raises; self.error is the reason.
        """
        encode = self.try_encode
        try:
            for index, job in enumerate(jobs):
                yield job, encode(job, index)
        except Exception as error:
            self.error = error

    def try_encode(self, job: JobInterface, index: int) -> EncodedJob | GearmanError:
        """Encodes one job of several; returns its error if it cannot be sent. Raises InvalidJob if it is not a job."""
        if not is_job(job):
            raise _invalid(index, job, f"expected a Job, not {type(job).__name__}")
        try:
            return self.encode(job, index)
        except GearmanError as error:
            return error
        except TypeError as error:
            raise _invalid(index, job, str(error)) from error

    def encode(self, job: JobInterface, index: int = 0) -> EncodedJob:
        """Encodes one job.

        Raises InvalidArgument for a name or an option that cannot be sent, TypeError for one of a wrong type,
        SerializerError for a workload that cannot be serialized.
        """
        namespace = self._namespace
        function = namespace + check_name(job.get_job_name(), "a function name", MAX_FUNCTION_NAME - len(namespace))
        unique, priority = getattr(job, "unique", None), getattr(job, "priority", None)
        key = b"" if unique is None else check_name(unique, "a unique key", MAX_UNIQUE)
        is_calls_own = priority is None or priority is self._priority
        kind = self._kind if is_calls_own else job_kind(priority, self._background)
        delay, at, retries = getattr(job, "delay", None), getattr(job, "at", None), getattr(job, "retries", None)
        epoch = 0 if delay is None and at is None else self._epoch(delay, at, kind)
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


def _invalid(index: int, item: object, reason: str) -> InvalidJob:
    return InvalidJob(f"jobs[{index}]: {reason}: {short_repr(item)}", index=index, item=item)
