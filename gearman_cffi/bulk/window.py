"""Jobs that wait for a connection, and the windows in which background jobs are submitted."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from gearman_cffi.job_encoder import EncodedJob

# The limits of a window: jobs, and bytes of their workloads. A single job may be larger.
WINDOW_JOBS = 500
WINDOW_BYTES = 1 << 22


class QueuedJob(Protocol):
    """What a queue needs of a job: both EncodedJob and PendingJob have it."""

    @property
    def position(self) -> int:
        """Its number among the jobs of the call."""

    @property
    def key(self) -> bytes:
        """The unique key; empty for none."""

    @property
    def workload(self) -> bytes:
        """The serialized workload."""


J = TypeVar("J", bound=QueuedJob)


class WindowQueue(Generic[J]):
    """Jobs in the order in which they are submitted. size is the total size of their workloads in bytes."""

    def __init__(self) -> None:
        self._jobs: list[J] = []
        self.size = 0

    def __len__(self) -> int:
        return len(self._jobs)

    def extend(self, jobs: Sequence[J]) -> None:
        """Adds jobs at the end."""
        self._jobs.extend(jobs)
        self.size += _size_of(jobs)

    def take(self, count: int) -> list[J]:
        """Removes and returns the first jobs: count of them, or fewer if their workloads are large."""
        taken = self._jobs[:count]
        size = _size_of(taken)
        while size > WINDOW_BYTES and len(taken) > 1:
            size -= len(taken.pop().workload)
        del self._jobs[: len(taken)]
        self.size -= size
        return taken


def columns(jobs: Sequence[EncodedJob]) -> tuple[bytes, bytes, bytes, bytes, bytes, bytes]:
    """Returns the arguments of BatchSubmitter.load() for a window."""
    _, kinds, functions, keys, workloads, epochs = zip(*jobs, strict=True)
    sizes = array("Q", map(len, workloads)).tobytes()
    return bytes(kinds), _with_nul(functions), _with_nul(keys), b"".join(workloads), sizes, array("q", epochs).tobytes()


def _size_of(jobs: Sequence[QueuedJob]) -> int:
    return sum([len(job.workload) for job in jobs])


def _with_nul(texts: tuple[bytes, ...]) -> bytes:
    return b"\0".join((*texts, b""))
