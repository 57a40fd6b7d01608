"""JobStatus: what a server knows about a job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class JobStatus:
    """A server's answer about a job handle or a unique key.

    A job that is done, one that failed and one that the server never had look the same: they are not known.

    Args:
        is_known: The job is queued or running.
        is_running: A worker executes it.
        numerator: The last value that the worker sent with send_status(), 0 before that.
        denominator: The last value that the worker sent with send_status(), 0 before that.

    Example:
            status = client.get_job_status(handle)
            if status.is_running and status.fraction is not None:
                print(f"{status.fraction:.0%}")
    """

    is_known: bool = False
    is_running: bool = False
    numerator: int = 0
    denominator: int = 0

    @classmethod
    def from_answer(cls, answer: Sequence[bool | int]) -> JobStatus:
        """Makes a JobStatus of what GearmanClient.jobStatus() returns.

        Args:
            answer: known, running, numerator, denominator.

        Returns:
            The JobStatus.

        Example:
                from gearman_cffi.ext import GearmanClient

                gearman_client = GearmanClient()
                gearman_client.addServer("127.0.0.1", 4730)
                status = JobStatus.from_answer(gearman_client.jobStatus(handle))
                print(status.is_running, status.fraction)
        """
        known, running, numerator, denominator = answer
        return cls(bool(known), bool(running), int(numerator), int(denominator))

    @property
    def is_completed(self) -> bool:
        """Neither known nor running: this server has no such job, or no longer."""
        return not self.is_known and not self.is_running

    @property
    def fraction(self) -> float | None:
        """numerator / denominator, or None before the worker has sent a denominator."""
        return self.numerator / self.denominator if self.denominator else None
