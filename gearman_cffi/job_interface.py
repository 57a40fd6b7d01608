"""The type of what the calls that take many jobs accept."""

from __future__ import annotations

from typing import Any, Protocol


class JobInterface(Protocol):
    """What execute_jobs() and the other bulk calls need of a job. Job has it.

    An object may also have the attributes unique and priority, as Job does.
    """

    def get_job_name(self) -> str:
        """Returns the name of the function."""
        ...

    def get_workload(self) -> Any:
        """Returns the workload, a value."""
        ...
