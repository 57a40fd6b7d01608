"""The events around the registration of the job handlers."""

from __future__ import annotations

from gearman_cffi.events.event import Event
from gearman_cffi.handlers import JobCollection


class RegisterFunctionEvent(Event):
    """The handlers are about to be registered (even if there is none), or have been registered.

    Attributes:
        jobs: The worker's JobCollection.

    Example:
            def on_register(event: RegisterFunctionEvent):
                logger.info("functions: %s", ", ".join(event.jobs.get_jobs()))

            dispatcher.add_listener(EventName.AFTER_REGISTER_FUNCTIONS, on_register)
    """

    __slots__ = ("jobs",)

    def __init__(self, name: str, jobs: JobCollection) -> None:
        super().__init__(name)
        self.jobs = jobs
