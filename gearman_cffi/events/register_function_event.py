"""The events around the registration of the job handlers."""

from __future__ import annotations

from gearman_cffi.events.event import Event
from gearman_cffi.events.names import EventName
from gearman_cffi.handlers import JobCollection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final


class RegisterFunctionEvent(Event):
    """The handlers are about to be registered (also when there is none), or have been."""

    __slots__ = ("jobs",)

    EVENT_ON_BEFORE_REGISTER_FUNCTIONS: Final = EventName.BEFORE_REGISTER_FUNCTIONS
    EVENT_ON_AFTER_REGISTER_FUNCTIONS: Final = EventName.AFTER_REGISTER_FUNCTIONS

    def __init__(self, name: str, jobs: JobCollection) -> None:
        super().__init__(name)
        self.jobs = jobs

    def get_jobs(self) -> JobCollection:
        """The worker's handlers."""
        return self.jobs

    getJobs = get_jobs  # noqa: N815
