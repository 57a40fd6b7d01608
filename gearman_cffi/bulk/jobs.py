"""The jobs of a bulk call: as they are submitted, and while their answers are awaited."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from gearman_cffi.checks import MAX_FUNCTION_NAME, MAX_UNIQUE, check_name
from gearman_cffi.error_mapping import failure
from gearman_cffi.exceptions import GearmanError, InvalidJob
from gearman_cffi.job_update import JobUpdate
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


class PendingJob:
    """A foreground job whose answer is awaited. error is set if it failed."""

    def __init__(self, job: JobInterface, encoded: EncodedJob, error: GearmanError | None = None) -> None:
        self.job = job
        self.position, self.kind, self.function, self.key, self.workload = encoded
        self.error = error
        self.is_done = False
        self.handle = ""
        self.parts: list[bytes] = []
        self.deadline: float | None = None
        self.on_update: Callable[[JobUpdate], object] | None = None

    @property
    def answer(self) -> bytes:
        """The result, with the parts that came before its end."""
        return b"".join(self.parts)

    def restart(self) -> None:
        """Forgets what a lost server has sent."""
        self.handle = ""
        self.parts.clear()

    def failure(self, rc: int, servers: str, detail: str | None, exception: bytes | None = None) -> GearmanError:
        """Returns the exception for a return code."""
        name = self.function.decode("utf-8", "replace")
        return failure(rc, server=servers, function=name, handle=self.handle, detail=detail, exception=exception)


def is_job(item: object) -> bool:
    """Whether a bulk call takes this item: a Job, or an object with the methods of JobInterface."""
    if isinstance(item, Job):
        return True
    return hasattr(item, "get_job_name") and hasattr(item, "get_workload") and not isinstance(item, type)


class JobEncoder:
    """Encodes the jobs of one call. priority is for jobs that do not set one."""

    def __init__(self, serializer: Serializer, priority: Priority | int, background: bool) -> None:
        """Raises InvalidArgument for an unknown priority."""
        # Why encode_all() ended before the caller's iterable did. The call raises it when the jobs before it are done.
        self.error: Exception | None = None
        self._kind = job_kind(priority, background)
        self._background = background
        self._serialize = serializer.serialize

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

        Raises InvalidArgument for a name or a priority that cannot be sent, TypeError for a name that is not a str,
        SerializerError for a workload that cannot be serialized.
        """
        function = check_name(job.get_job_name(), "a function name", MAX_FUNCTION_NAME)
        unique, priority = getattr(job, "unique", None), getattr(job, "priority", None)
        key = b"" if unique is None else check_name(unique, "a unique key", MAX_UNIQUE)
        kind = self._kind if priority is None else job_kind(priority, self._background)
        return EncodedJob(index, kind, function, key, self._serialize(job.get_workload()))

    def pending(self, jobs: Iterable[JobInterface]) -> Iterator[PendingJob]:
        """Yields a PendingJob for each job. One that cannot be sent has its error."""
        for index, (job, encoded) in enumerate(self.encode_all(jobs)):
            if isinstance(encoded, GearmanError):
                yield PendingJob(job, EncodedJob(index, self._kind, b"", b"", b""), encoded)
            else:
                yield PendingJob(job, encoded)


def _invalid(index: int, item: object, reason: str) -> InvalidJob:
    return InvalidJob(f"jobs[{index}]: {reason}: {short_repr(item)}", index=index, item=item)
