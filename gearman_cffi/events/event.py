"""What all events have: a name, and a way to keep it from the listeners that would come next."""

from __future__ import annotations


class Event:
    """Base of the events. name is what it was dispatched as, for a listener that listens to several."""

    __slots__ = ("_stopped", "name")

    def __init__(self, name: str = "") -> None:
        self.name = name
        self._stopped = False

    def stop_propagation(self) -> None:
        """Keeps the event from the listeners that were not called yet."""
        self._stopped = True

    def is_propagation_stopped(self) -> bool:
        """Whether a listener has stopped it."""
        return self._stopped

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"
