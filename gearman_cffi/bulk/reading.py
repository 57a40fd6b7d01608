"""What is sent for a job."""

from __future__ import annotations

from typing import TypeAlias

from gearman_cffi.ext import JobKind
from gearman_cffi.jobs import JobInterface
from gearman_cffi.names import LONGEST_FUNCTION, LONGEST_UNIQUE, check_name
from gearman_cffi.priorities import Priority, job_kind
from gearman_cffi.serializers import Serializer

# Kind, function, unique key and workload.
Parts: TypeAlias = tuple[JobKind, str, str | None, bytes]


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
        function, unique = job.get_job_name(), getattr(job, "unique", None)
        own = getattr(job, "priority", None)
        kind = self.kind if own is None else job_kind(own, self._background)
        if function != self._checked:
            check_name(function, "a function name", LONGEST_FUNCTION)
            self._checked = function
        if unique is not None:
            check_name(unique, "a unique key", LONGEST_UNIQUE)
        return kind, function, unique, self._serialize(job.get_workload())
