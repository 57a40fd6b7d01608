"""The handles and errors of background jobs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from gearman_cffi.exceptions import GearmanError
from gearman_cffi.job_encoder import BulkEncoder, EncodedJob
from gearman_cffi.jobs import JobInterface


class Results:
    """What became of the jobs of one call, by their indexes."""

    def __init__(self) -> None:
        self.handles: list[str] = []  # one for each job that was taken from the caller; "" until it is known
        self.errors: dict[int, GearmanError] = {}

    def encoded(self, jobs: Iterable[JobInterface], encoder: BulkEncoder) -> Iterator[EncodedJob]:
        """Yields the jobs that can be sent. The others get their errors."""
        for index, (_, encoded) in enumerate(encoder.encode_all(jobs)):
            self.handles.append("")
            if isinstance(encoded, GearmanError):
                self.errors[index] = encoded
            else:
                yield encoded

    def set_handles(self, jobs: Sequence[EncodedJob], handles: Sequence[str]) -> None:
        """Sets the handles of some jobs."""
        for job, handle in zip(jobs, handles, strict=True):
            self.handles[job.position] = handle

    def raise_first(self) -> None:
        """Raises the error of the first job that has one."""
        if self.errors:
            raise self.errors[min(self.errors)]

    def all(self) -> list[str | GearmanError]:
        """Returns the handle of each job, or its error, in the order of the jobs."""
        results: list[str | GearmanError] = [*self.handles]
        for index, error in self.errors.items():
            results[index] = error
        return results
