"""The rolling change to a new generation: one child after the other, none before its successor serves."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from gearman_cffi.pool.generation import Generation
from gearman_cffi.pool.slots import Child, Place


class Renewal:
    """start makes a child of the current generation for a place, or None while that must wait; retire ends one."""

    def __init__(self, start: Callable[[Place], Child | None], retire: Callable[[Child], None]) -> None:
        self._start = start
        self._retire = retire
        self._left: deque[Place] = deque()
        self._is_going_on = False

    def begin(self, places: Iterable[Place]) -> None:
        """There is a new generation; a change to an earlier one that is going on is given up."""
        self._left = deque(places)
        self._is_going_on = True

    def step(self, current: Generation | None) -> bool:
        """Goes as far as it can; whether the last child has just been replaced."""
        while self._left and self._change(self._left[0], current):
            self._left.popleft()
        finished = self._is_going_on and not self._left
        self._is_going_on = bool(self._left)
        return finished

    def _change(self, place: Place, current: Generation | None) -> bool:
        """Whether the place has its new child."""
        old, new = place.child, place.replacement
        if new is not None and new.generation is not current:
            self._retire(new)
            place.replacement = new = None
        if old is None or old.generation is current:
            return True  # the old one has ended by itself meanwhile
        if new is None:
            place.replacement = self._start(place)
        elif new.is_ready:
            place.child, place.replacement = new, None
            self._retire(old)
            return True
        return False
