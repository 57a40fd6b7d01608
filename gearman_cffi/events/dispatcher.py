"""EventDispatcher: listeners with priorities, and subscribers, as in Symfony, which dmank uses."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

from gearman_cffi.events.event import Event
from gearman_cffi.events.protocols import EventSubscriber, Listener


class EventDispatcher:
    """Calls the listeners of an event: higher priorities first, in the order they were added within one.

    A listener is called with the event. If listeners are added or removed while an event is dispatched, that counts
    from the next event on.

    Example:
            dispatcher = EventDispatcher()
            dispatcher.add_listener(EventName.AFTER_RUN, lambda event: print("done"))
            Worker("127.0.0.1:4730", jobs, dispatcher).run()
    """

    def __init__(self) -> None:
        self._listeners: dict[str, list[tuple[int, int, Listener]]] = {}
        self._numbers = count()

    def add_listener(self, event_name: str, listener: Listener, priority: int = 0) -> None:
        """Adds a listener for events of this name.

        Args:
            event_name: The name, a str or an EventName.
            listener: Called with the event.
            priority: Higher ones are called first.

        Raises:
            TypeError: The listener is not callable.

        Example:
                def log_result(event):
                    logger.info("%s returned %r", event.job.get_job_name(), event.result)

                dispatcher.add_listener(EventName.FUNCTION_AFTER_EXECUTE, log_result, priority=10)
        """
        if not callable(listener):
            raise TypeError(f"a listener must be callable, not {type(listener).__name__}")
        # The number keeps the order within a priority, so that listeners are never compared.
        entry = (-priority, next(self._numbers), listener)
        self._listeners[event_name] = self._listeners.get(event_name, []).copy()
        insort(self._listeners[event_name], entry)

    def remove_listener(self, event_name: str, listener: Listener) -> None:
        """Removes the listener for events of this name, if it is there.

        Args:
            event_name: The name, a str or an EventName.
            listener: The listener.

        Example:
                dispatcher.add_listener(EventName.AFTER_RUN, count_job)
                dispatcher.remove_listener(EventName.AFTER_RUN, count_job)
        """
        left = [entry for entry in self._listeners.get(event_name, []) if entry[2] != listener]
        if left:
            self._listeners[event_name] = left
        else:
            self._listeners.pop(event_name, None)

    def add_subscriber(self, subscriber: EventSubscriber) -> None:
        """Adds all listeners that the subscriber names.

        Args:
            subscriber: An object with get_subscribed_events().

        Raises:
            TypeError: It has no get_subscribed_events().

        Example:
                dispatcher = EventDispatcher()
                dispatcher.add_subscriber(LoggingSubscriber())
                worker = Worker("127.0.0.1:4730", jobs, dispatcher)
        """
        for event_name, method, priority in _subscriptions(self._subscribed_events(subscriber)):
            self.add_listener(event_name, getattr(subscriber, method), priority)

    def remove_subscriber(self, subscriber: EventSubscriber) -> None:
        """Removes all listeners that the subscriber names.

        Args:
            subscriber: The subscriber.

        Example:
                log = LoggingSubscriber()
                dispatcher.add_subscriber(log)
                dispatcher.remove_subscriber(log)
        """
        for event_name, method, _ in _subscriptions(self._subscribed_events(subscriber)):
            self.remove_listener(event_name, getattr(subscriber, method))

    def get_listeners(self, event_name: str) -> list[Listener]:
        """Returns the listeners for this name.

        Args:
            event_name: The name, a str or an EventName.

        Returns:
            The listeners, in the order in which they are called.

        Example:
                for listener in dispatcher.get_listeners(EventName.AFTER_RUN):
                    print(listener)
        """
        return [listener for _, _, listener in self._listeners.get(event_name, [])]

    def has_listeners(self, event_name: str) -> bool:
        """Returns whether there is a listener for events of this name.

        Args:
            event_name: The name, a str or an EventName.

        Returns:
            True or False.

        Example:
                if not dispatcher.has_listeners(EventName.FUNCTION_FAILURE):
                    dispatcher.add_subscriber(LoggingSubscriber())
        """
        return event_name in self._listeners

    def dispatch(self, event_name: str, event: Event | None = None) -> Event:
        """Calls the listeners with the event.

        Args:
            event_name: The name, a str or an EventName.
            event: The event.

        Returns:
            The event.

        Raises:
            Exception: What a listener raises; the others are not called then.

        Example:
                dispatcher.add_listener("cache.cleared", lambda event: print(event.name))
                dispatcher.dispatch("cache.cleared")  # an event of your own; those of a worker are dispatched by it
        """
        if event is None:
            event = Event(event_name)
        for _, _, listener in self._listeners.get(event_name, ()):
            if event.is_propagation_stopped():
                break
            listener(event)
        return event

    def _subscribed_events(self, subscriber: EventSubscriber) -> Mapping[str, Any]:
        if not hasattr(subscriber, "get_subscribed_events"):
            raise TypeError(f"{type(subscriber).__name__} is not a subscriber: it has no get_subscribed_events()")
        return subscriber.get_subscribed_events()


def _subscriptions(subscribed_events: Mapping[str, Any]) -> Iterator[tuple[str, str, int]]:
    """Event name, method name and priority, for each of a subscriber's listeners."""
    for event_name, given in subscribed_events.items():
        if isinstance(given, str):
            yield event_name, given, 0
        elif len(given) == 2 and isinstance(given[0], str) and isinstance(given[1], int):
            yield event_name, given[0], given[1]
        else:
            for one in given:
                method, priority = (one, 0) if isinstance(one, str) else (one[0], one[1] if len(one) > 1 else 0)
                yield event_name, method, priority
