"""The events of a worker process: first for the pool, then for the user's program."""

from __future__ import annotations

from gearman_cffi.events import Dispatcher, EventDispatcher
from gearman_cffi.events.event import Event


class PoolDispatcher(EventDispatcher):
    """An EventDispatcher of the pool, and the dispatcher of the program, which keeps its own order and rules."""

    def __init__(self, program: Dispatcher) -> None:
        super().__init__()
        self._program = program

    def has_listeners(self, event_name: str) -> bool:
        """Returns whether either has a listener."""
        return super().has_listeners(event_name) or self._program.has_listeners(event_name)

    def dispatch(self, event_name: str, event: Event | None = None) -> Event:
        """Dispatches the event to both."""
        event = super().dispatch(event_name, event)
        if self._program.has_listeners(event_name):
            self._program.dispatch(event_name, event)
        return event
