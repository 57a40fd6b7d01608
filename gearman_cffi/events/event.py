"""The base class of the events."""

from __future__ import annotations


class Event:
    """The base class of the events.

    Attributes:
        name: The name that it was dispatched with.

    Example:
            class CacheCleared(Event):
                def __init__(self, name, keys):
                    super().__init__(name)
                    self.keys = keys

            dispatcher.dispatch("cache.cleared", CacheCleared("cache.cleared", ["user-1"]))
    """

    __slots__ = ("_stopped", "name")

    def __init__(self, name: str = "") -> None:
        self.name = name
        self._stopped = False

    def stop_propagation(self) -> None:
        """Keeps the remaining listeners from being called.

        Example:
                def skip_log(event):
                    if event.job.get_job_name() == "ping":
                        event.stop_propagation()

                dispatcher.add_listener(EventName.FUNCTION_AFTER_EXECUTE, skip_log, priority=20)
        """
        self._stopped = True

    def is_propagation_stopped(self) -> bool:
        """Returns whether a listener has called stop_propagation().

        Returns:
            True or False.

        Example:
                event = dispatcher.dispatch("cache.cleared")
                if event.is_propagation_stopped():
                    print("a listener has stopped it")
        """
        return self._stopped

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"
