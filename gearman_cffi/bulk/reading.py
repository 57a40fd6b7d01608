"""What is sent for a job."""

from __future__ import annotations

from gearman_cffi.ext import JobKind
from gearman_cffi.jobs import Job
from gearman_cffi.names import LONGEST_FUNCTION, LONGEST_UNIQUE, check_name
from gearman_cffi.priorities import Priority, job_kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    from gearman_cffi.job_interface import JobInterface
    from gearman_cffi.serializers import Serializer

# Kind, function, unique key (b"" for none) and workload.
Parts: TypeAlias = tuple[JobKind, str, bytes, bytes]


class JobReader:
    """Reads the jobs of one call. priority, and so kind, is for those that have none of their own."""

    def __init__(self, serializer: Serializer, priority: Priority | int, background: bool) -> None:
        """Raises InvalidArgument for what is no priority."""
        self.kind = job_kind(priority, background)
        self._background = background
        self._serialize = serializer.serialize
        self._checked: str | None = None  # most jobs of a call are for one function

    def read(self, job: JobInterface) -> Parts:
        """Raises InvalidArgument for names and priorities that cannot be sent, SerializerError for such a workload."""
        function = job.get_job_name()
        if type(job) is Job:
            unique, own = job.unique, job.priority
        else:
            unique, own = getattr(job, "unique", None), getattr(job, "priority", None)
        kind = self.kind if own is None else job_kind(own, self._background)
        if function != self._checked:
            check_name(function, "a function name", LONGEST_FUNCTION)
            self._checked = function
        key = b"" if unique is None else check_name(unique, "a unique key", LONGEST_UNIQUE)
        return kind, function, key, self._serialize(job.get_workload())
