"""JobUpdate: what a client that watches a job gets while the job runs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class UpdateKind(str, Enum):
    """The kinds of updates.

    Example:
            for update in client.watch_job("resize", name):
                if update.kind is UpdateKind.WARNING:
                    print("warning:", update.data.decode())
    """

    CREATED = "created"
    STATUS = "status"
    DATA = "data"
    WARNING = "warning"


@dataclass(frozen=True)
class JobUpdate:
    """An update of a job: it was accepted, or the worker sent a status, a part of the result or a warning.

    Args:
        kind: What has happened.
        handle: The handle of the job.
        numerator: That of the last status, 0 before the first.
        denominator: That of the last status, 0 before the first.
        data: The part of the result or the warning, as the worker has sent it.

    Example:
            for update in client.watch_job("resize", name):
                if update.kind is UpdateKind.STATUS:
                    print(update.numerator, update.denominator)
    """

    kind: UpdateKind
    handle: str
    numerator: int = 0
    denominator: int = 0
    data: bytes = b""

    @property
    def fraction(self) -> float | None:
        """numerator / denominator; None if the worker has not sent a denominator."""
        return self.numerator / self.denominator if self.denominator else None
