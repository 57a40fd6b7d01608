"""Who takes part in events, as types: nothing here is needed when a program runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from gearman_cffi.events.event import Event

Listener: TypeAlias = Callable[[Any], object]
# A method's name, the name with a priority, or several of these.
Subscription: TypeAlias = "str | tuple[str, int] | Sequence[str | tuple[str, int]]"


class Dispatcher(Protocol):
    """What a Worker needs of a dispatcher; any other with these two methods can stand in for EventDispatcher."""

    def has_listeners(self, event_name: str) -> bool:
        """Whether anyone listens. Where nobody does, the event is not made."""
        ...

    def dispatch(self, event_name: str, event: Event) -> object:
        """Calls the listeners. What one raises comes out of it."""
        ...


class EventSubscriber(Protocol):
    """An object that says itself what it listens to."""

    def get_subscribed_events(self) -> Mapping[str, Subscription]:
        """For each event's name a method's name, (name, priority), or a list of either."""
        ...
