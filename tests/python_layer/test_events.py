"""EventDispatcher: listeners and subscribers."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from gearman_cffi.events import Event, EventDispatcher, EventName
from tests.support import shown


class TestListeners:
    def test_higher_priorities_first_then_in_order(self) -> None:
        seen: list[str] = []
        dispatcher = EventDispatcher()

        def listener(name: str) -> Callable[[Event], None]:
            return lambda event: seen.append(name)

        for name, priority in (("a", 0), ("b", 10), ("c", -5), ("d", 10), ("e", 0)):
            dispatcher.add_listener("x", listener(name), priority)
        event = Event("x")
        assert dispatcher.dispatch("x", event) is event
        assert seen == ["b", "d", "a", "e", "c"]

    def test_propagation_is_stopped(self) -> None:
        seen: list[str] = []
        dispatcher = EventDispatcher()
        dispatcher.add_listener("x", lambda event: seen.append("first"))
        dispatcher.add_listener("x", lambda event: event.stop_propagation())
        dispatcher.add_listener("x", lambda event: seen.append("never"))
        assert dispatcher.dispatch("x").is_propagation_stopped()
        assert seen == ["first"]

    def test_names_are_strings_or_members(self) -> None:
        seen: list[Event] = []
        dispatcher = EventDispatcher()
        dispatcher.add_listener("worker.after_run", seen.append)
        assert dispatcher.has_listeners(EventName.AFTER_RUN)
        dispatcher.dispatch(EventName.AFTER_RUN)
        assert seen[0].name == "worker.after_run"

    def test_removing(self) -> None:
        seen: list[Event] = []
        dispatcher = EventDispatcher()
        dispatcher.add_listener("x", seen.append)
        assert dispatcher.get_listeners("x") == [seen.append]
        dispatcher.remove_listener("x", seen.append)
        dispatcher.remove_listener("y", seen.append)
        assert not dispatcher.has_listeners("x")
        dispatcher.dispatch("x")
        assert seen == []

    def test_changes_during_an_event_count_from_the_next_event_on(self) -> None:
        seen: list[str] = []
        dispatcher = EventDispatcher()

        def first(event: Event) -> None:
            seen.append("first")
            dispatcher.remove_listener("x", first)
            dispatcher.add_listener("x", lambda event: seen.append("added"), 5)

        dispatcher.add_listener("x", first)
        dispatcher.add_listener("x", lambda event: seen.append("second"))
        dispatcher.dispatch("x")
        assert seen == ["first", "second"]
        dispatcher.dispatch("x")
        assert seen == ["first", "second", "added", "second"]

    def test_exceptions_of_listeners_are_raised(self) -> None:
        dispatcher = EventDispatcher()
        dispatcher.add_listener("x", lambda event: event.nothing)
        with pytest.raises(AttributeError):
            dispatcher.dispatch("x")

    def test_a_listener_that_is_not_callable(self) -> None:
        with pytest.raises(TypeError, match="callable, not str"):
            EventDispatcher().add_listener("x", "name")  # type: ignore[arg-type]


class TestSubscribers:
    @pytest.mark.parametrize(
        ("given", "calls"),
        [
            ("on_x", ["on_x"]),
            (("on_x", 5), ["on_x"]),
            (["on_x", 5], ["on_x"]),
            ([("on_x", 1), ("on_y", 2)], ["on_y", "on_x"]),
            ([["on_x"], ["on_y", 2]], ["on_y", "on_x"]),
            (["on_y", "on_x"], ["on_y", "on_x"]),
        ],
        ids=shown,
    )
    def test_forms(self, given: Any, calls: list[str]) -> None:
        seen: list[str] = []

        class Subscriber:
            def get_subscribed_events(self) -> Mapping[str, Any]:
                return {"x": given}

            def on_x(self, event: Event) -> None:
                seen.append("on_x")

            def on_y(self, event: Event) -> None:
                seen.append("on_y")

        dispatcher, subscriber = EventDispatcher(), Subscriber()
        dispatcher.add_subscriber(subscriber)
        dispatcher.dispatch("x")
        assert seen == calls
        dispatcher.remove_subscriber(subscriber)
        assert not dispatcher.has_listeners("x")

    def test_an_object_that_is_not_a_subscriber(self) -> None:
        with pytest.raises(TypeError, match="get_subscribed_events"):
            EventDispatcher().add_subscriber(object())  # type: ignore[arg-type]


def test_events_are_plain_objects() -> None:
    event = Event("x")
    assert repr(event) == "<Event x>"
    assert copy.copy(event).name == "x"
