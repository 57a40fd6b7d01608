"""A foreground job of a bulk call, while its answer is awaited."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from gearman_cffi.error_mapping import failure
from gearman_cffi.exceptions import GearmanError
from gearman_cffi.job_encoder import BulkEncoder, EncodedJob
from gearman_cffi.job_update import JobUpdate
from gearman_cffi.jobs import JobInterface


class PendingJob:
    """A foreground job whose answer is awaited. error is set if it failed."""

    def __init__(self, job: JobInterface, encoded: EncodedJob, error: GearmanError | None = None) -> None:
        self.job = job
        self.position, self.kind, self.function, self.key, self.workload, _ = encoded
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


def pending_jobs(encoder: BulkEncoder, jobs: Iterable[JobInterface]) -> Iterator[PendingJob]:
    """Yields a PendingJob for each job. One that cannot be sent has its error."""
    for index, (job, encoded) in enumerate(encoder.encode_all(jobs)):
        if isinstance(encoded, GearmanError):
            yield PendingJob(job, EncodedJob(index, 0, b"", b"", b""), encoded)
        else:
            yield PendingJob(job, encoded)
