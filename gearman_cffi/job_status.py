"""What a server knows of a job."""

from __future__ import annotations

import typing  # noqa: F401 (dataclasses looks into sys.modules for it, and fails while another thread imports it)
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class JobStatus:
    """What a server answered about a job handle.

    A finished job, a failed one and one the server never had look alike: not known. is_completed therefore
    means "the server asked has nothing more of it". numerator and denominator are what the worker last sent
    with send_status; both are 0 before it sent any.
    """

    is_known: bool = False
    is_running: bool = False
    numerator: int = 0
    denominator: int = 0

    @classmethod
    def from_answer(cls, answer: Sequence[bool | int]) -> JobStatus:
        """From what GearmanClient.jobStatus() gives: known, running, numerator, denominator."""
        known, running, numerator, denominator = answer
        return cls(bool(known), bool(running), int(numerator), int(denominator))

    @property
    def is_completed(self) -> bool:
        """Neither known nor running."""
        return not self.is_known and not self.is_running

    @property
    def fraction(self) -> float | None:
        """numerator / denominator, or None while the worker has sent no denominator."""
        return self.numerator / self.denominator if self.denominator else None
