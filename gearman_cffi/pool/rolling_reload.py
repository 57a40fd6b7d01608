"""The change to a new generation of code: one process at a time, none before its replacement serves."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from gearman_cffi.pool.generation import Generation
from gearman_cffi.pool.slots import ChildProcess, Slot


class RollingReload:
    """Replaces the processes of slots.

    start: starts a process of the current generation for a slot, or returns None if that must wait.
    stop: asks a process to exit after its job.
    """

    def __init__(self, start: Callable[[Slot], ChildProcess | None], stop: Callable[[ChildProcess], None]) -> None:
        self._start = start
        self._stop = stop
        self._remaining: deque[Slot] = deque()
        self._is_active = False

    def begin(self, slots: Iterable[Slot]) -> None:
        """Starts to change these slots to the current generation. Replaces an unfinished change."""
        self._remaining = deque(slots)
        self._is_active = True

    def step(self, current: Generation | None) -> bool:
        """Continues as far as possible. Returns whether the last process has just been replaced."""
        while self._remaining and self._replace(self._remaining[0], current):
            self._remaining.popleft()
        finished = self._is_active and not self._remaining
        self._is_active = bool(self._remaining)
        return finished

    def _replace(self, slot: Slot, current: Generation | None) -> bool:
        """Whether the slot has a process of the current generation."""
        old, new = slot.process, slot.replacement
        if new is not None and new.generation is not current:
            self._stop(new)
            slot.replacement = new = None
        if old is None or old.generation is current:  # the old process has ended by itself
            return True
        if new is None:
            slot.replacement = self._start(slot)
        elif new.is_ready:
            slot.process, slot.replacement = new, None
            self._stop(old)
            return True
        return False
