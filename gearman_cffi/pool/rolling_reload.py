"""The change to another generation of code: one process at a time, none before its replacement serves."""

from __future__ import annotations

from collections import deque
from enum import Enum

from gearman_cffi.pool.child_process import ProcessState
from gearman_cffi.pool.generation import Generation
from gearman_cffi.pool.processes import Processes
from gearman_cffi.pool.slots import Slot


class Change(Enum):
    """What a change is for."""

    RELOAD = "reload"
    ROLLBACK = "rollback"  # processes with the new code cannot start


class RollingReload:
    """Replaces the processes in the slots."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        self._change: Change | None = None
        self._remaining: deque[Slot] = deque()

    def begin(self, change: Change) -> None:
        """Starts to change all processes to the current generation. Replaces an unfinished change."""
        self._change = change
        self._remaining = deque(slot for slot in self._processes.slots if slot.process is not None)

    def step(self, current: Generation | None) -> Change | None:
        """Continues as far as possible. Returns the change that this has finished, if any."""
        while self._remaining and self._replace(self._remaining[0], current):
            self._remaining.popleft()
        if self._remaining:
            return None
        finished, self._change = self._change, None
        return finished

    def _replace(self, slot: Slot, current: Generation | None) -> bool:
        """Whether the slot has a process of the current generation."""
        old, new = slot.process, slot.replacement
        if new is not None and new.generation is not current:
            new.stop()
            slot.replacement = new = None
        if old is None or old.generation is current:  # the old process has ended by itself
            return True
        if new is None:
            slot.replacement = self._processes.start(slot, current)
        elif new.state is ProcessState.SERVING:
            slot.process, slot.replacement = new, None
            old.stop()
            return True
        return False
