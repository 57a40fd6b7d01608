"""The types of what takes part in events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from gearman_cffi.events.event import Event

Listener: TypeAlias = Callable[[Any], object]
# The name of a method, the name with a priority, or several of these.
Subscription: TypeAlias = "str | tuple[str, int] | Sequence[str | tuple[str, int]]"


class Dispatcher(Protocol):
    """What a Worker needs of a dispatcher: EventDispatcher, or any other object with these two methods.

    Example:
            class PrintingDispatcher:
                def has_listeners(self, event_name):
                    return event_name == EventName.FUNCTION_FAILURE

                def dispatch(self, event_name, event):
                    print(event_name, event.exception)

            worker = Worker("127.0.0.1:4730", jobs, PrintingDispatcher())
    """

    def has_listeners(self, event_name: str) -> bool:
        """Returns whether there is a listener. Without one the event is not created.

        Args:
            event_name: The name, a str or an EventName.

        Returns:
            True or False.

        Example:
                def has_listeners(self, event_name):
                    return event_name in self.listeners
        """
        ...

    def dispatch(self, event_name: str, event: Event) -> object:
        """Calls the listeners.

        Args:
            event_name: The name, a str or an EventName.
            event: The event.

        Returns:
            Anything.

        Raises:
            Exception: What a listener raises.

        Example:
                def dispatch(self, event_name, event):
                    for listener in self.listeners[event_name]:
                        listener(event)
        """
        ...


class EventSubscriber(Protocol):
    """An object that names its own listeners.

    Example:
            class CountJobs:
                def __init__(self):
                    self.count = 0

                def get_subscribed_events(self):
                    return {EventName.AFTER_RUN: "on_after_run"}

                def on_after_run(self, event):
                    self.count += 1

            dispatcher.add_subscriber(CountJobs())
    """

    def get_subscribed_events(self) -> Mapping[str, Subscription]:
        """Names the listeners.

        Returns:
            By event name the name of a method, (name, priority), or a list of either.

        Example:
                def get_subscribed_events(self):
                    return {
                        EventName.BEFORE_RUN: "on_before_run",
                        EventName.AFTER_RUN: ("on_after_run", 10),  # with a priority
                    }
        """
        ...
