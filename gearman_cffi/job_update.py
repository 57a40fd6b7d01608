"""JobUpdate: what a client that watches a job gets while the job runs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class UpdateKind(str, Enum):
    """The kinds of updates."""

    CREATED = "created"
    STATUS = "status"
    DATA = "data"
    WARNING = "warning"


@dataclass(frozen=True)
class JobUpdate:
    """An update of a job: the server has accepted it, or the worker sent a status, a part of the result or a warning.

    numerator and denominator are those of the last status, 0 before the first. data is the part or the warning, as the
    worker sent it.
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
