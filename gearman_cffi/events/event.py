"""The base class of the events."""

from __future__ import annotations


class Event:
    """The base class of the events.

    Attributes:
        name: The name that it was dispatched with.
    """

    __slots__ = ("_stopped", "name")

    def __init__(self, name: str = "") -> None:
        self.name = name
        self._stopped = False

    def stop_propagation(self) -> None:
        """The remaining listeners are not called."""
        self._stopped = True

    def is_propagation_stopped(self) -> bool:
        """Returns whether a listener has called stop_propagation().

        Returns:
            True or False.
        """
        return self._stopped

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"
