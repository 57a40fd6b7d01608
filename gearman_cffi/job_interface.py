"""What the calls that take many jobs need of one: nothing here is needed when a program runs."""

from __future__ import annotations

from typing import Any, Protocol


class JobInterface(Protocol):
    """What execute_jobs() needs of a job; dmank's JobInterface."""

    def get_job_name(self) -> str:
        """The function's name."""
        ...

    def get_workload(self) -> Any:
        """The workload, a value."""
        ...
