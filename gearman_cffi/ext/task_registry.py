"""A client's tasks and callbacks, on the side that C calls."""

from __future__ import annotations

import itertools

from gearman_cffi._libgearman import LEAST_CODE
from gearman_cffi.ext.arguments import return_code
from gearman_cffi.ext.constants import GEARMAN_IO_WAIT, GEARMAN_SUCCESS
from gearman_cffi.ext.task import GearmanTask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final, TypeAlias

# Called with the task, and with its context if it was added with one. May return a return code.
TaskCallback: TypeAlias = "Callable[..., Any]"


class _NoContext:
    """Stands for a context that was not given: PHP's callbacks then get one argument, not two."""

    def __repr__(self) -> str:
        return "None"


NO_CONTEXT: Final = _NoContext()


class TaskRegistry:
    """A client's callbacks and tasks; takes the packets from C. Does not know the client, to make no cycle."""

    def __init__(self) -> None:
        # Each with the number of arguments that it takes.
        self.callbacks: dict[int, tuple[TaskCallback, int]] = {}
        # 1 << event for each of them. As libgearman binds them when a task is added, so does the mirror.
        self.callback_mask = 0
        self.numbers = itertools.count(1)
        # By number, with the context if it has one: what its callbacks are given.
        self._tasks: dict[int, tuple[Any, ...]] = {}

    def set_callback(self, event: int, callback: TaskCallback, takes: int) -> None:
        """Sets the callback of an event, and how many arguments it takes."""
        self.callbacks[event] = callback, takes
        self.callback_mask |= 1 << event

    def clear(self) -> None:
        """Removes all callbacks."""
        self.callbacks.clear()
        self.callback_mask = 0

    def remember(self, number: int, task: GearmanTask, context: Any) -> None:
        """Keeps a task until libgearman frees it."""
        self._tasks[number] = (task,) if context is NO_CONTEXT else (task, context)

    def forget(self, task: int) -> None:
        """libgearman has freed a task."""
        given = self._tasks.pop(task, None)
        if given is not None:
            given[0]._forget()

    def deliver(self, task: int, event: int) -> int:
        """Calls back for a packet. A callback that was cleared since is not missed."""
        found = self.callbacks.get(event)
        given = self._tasks.get(task)
        if found is None or given is None:  # a signal handler raised before addTask() returned
            return 0
        callback, takes = found
        result = callback(*given) if takes == 2 else callback(*given[:takes])
        if result is None:
            return GEARMAN_SUCCESS
        code = return_code(result)
        return GEARMAN_SUCCESS if code == GEARMAN_IO_WAIT else max(code, LEAST_CODE)
