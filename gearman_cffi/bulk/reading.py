"""What is sent for a job."""

from __future__ import annotations

import reprlib

from gearman_cffi.checks import LONGEST_FUNCTION, LONGEST_UNIQUE, check_name
from gearman_cffi.exceptions import GearmanError, InvalidJob
from gearman_cffi.jobs import Job
from gearman_cffi.priorities import Priority, job_kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TypeAlias

    from gearman_cffi.job_interface import JobInterface
    from gearman_cffi.serializers import Serializer

# The place of a job in its call, and what is sent for it: kind, function's name, unique key (b"" for none), workload.
Entry: TypeAlias = tuple[int, int, bytes, bytes, bytes]


def is_job(item: object) -> bool:
    """Whether a bulk call takes this item: a Job, or an object with the methods of JobInterface."""
    return hasattr(item, "get_job_name") and hasattr(item, "get_workload") and not isinstance(item, type)


class JobReader:
    """Reads the jobs of one call. priority, and so kind, is for those that have none of their own."""

    def __init__(self, serializer: Serializer, priority: Priority | int, background: bool) -> None:
        """Raises InvalidArgument for what is no priority."""
        self.kind = job_kind(priority, background)
        # Why read_all() ended before the caller's iterable did. The caller raises it when the jobs before it are done.
        self.error: Exception | None = None
        self._background = background
        self._serialize = serializer.serialize
        # Most jobs of a call are for one function. None is no name.
        self._function: object = self
        self._name = b""

    def read_all(self, jobs: Iterable[JobInterface]) -> Iterator[tuple[JobInterface, Entry | GearmanError]]:
        """Yields each job with what is sent for it, or with the error because of which it cannot be sent.

        Ends at the first item that is not a job, and where the iterable raises; error then says why.
        """
        read = self.read
        try:
            for index, job in enumerate(jobs):
                if type(job) is not Job and not is_job(job):
                    raise _invalid(index, job, f"expected a Job, not {type(job).__name__}")
                entry: Entry | GearmanError
                try:
                    entry = read(job, index)
                except GearmanError as error:
                    entry = error
                except TypeError as error:
                    raise _invalid(index, job, str(error)) from error
                yield job, entry
        except Exception as error:
            self.error = error

    def read(self, job: JobInterface, place: int = 0) -> Entry:
        """Raises InvalidArgument for names and priorities that cannot be sent, SerializerError for such a workload."""
        if type(job) is Job:  # its methods would return no more than that
            function, workload, unique, own = job._job_name, job._workload, job.unique, job.priority
        else:
            function, workload = job.get_job_name(), job.get_workload()
            unique, own = getattr(job, "unique", None), getattr(job, "priority", None)
        kind = self.kind if own is None else job_kind(own, self._background)
        if function != self._function:
            self._name = check_name(function, "a function name", LONGEST_FUNCTION)
            self._function = function
        key = b"" if unique is None else check_name(unique, "a unique key", LONGEST_UNIQUE)
        return place, kind, self._name, key, self._serialize(workload)


def _invalid(index: int, item: object, reason: str) -> InvalidJob:
    return InvalidJob(f"jobs[{index}]: {reason}: {reprlib.repr(item)}", index=index, item=item)
