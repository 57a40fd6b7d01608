"""A client's tasks and callbacks, on the side that C calls."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from gearman_cffi._libgearman import ReturnCode, TaskEvent
from gearman_cffi.ext.task import GearmanTask

# Called with the task, and with its context if it was added with one. May return a return code.
TaskCallback: TypeAlias = Callable[..., Any]


class _NoContext:
    """Stands for a context that was not given: PHP's callbacks then get one argument, not two."""

    def __repr__(self) -> str:
        return "None"


NO_CONTEXT: Final = _NoContext()


class Tasks:
    """A client's callbacks and tasks; takes the packets from C. Does not know the client, to make no cycle."""

    def __init__(self) -> None:
        # Each with the number of arguments that it takes.
        self.callbacks: dict[TaskEvent, tuple[TaskCallback, int]] = {}
        self.numbers = itertools.count(1)
        self._tasks: dict[int, tuple[GearmanTask, tuple[Any, ...]]] = {}

    def wanted(self) -> int:
        """The events that have a callback, as libgearman binds them: when a task is added."""
        return sum(1 << event for event in self.callbacks)

    def remember(self, number: int, task: GearmanTask, context: Any) -> None:
        """Keeps a task until libgearman frees it."""
        self._tasks[number] = task, (task,) if context is NO_CONTEXT else (task, context)

    def forget(self, task: int) -> None:
        """libgearman has freed a task."""
        self._tasks.pop(task, None)

    def deliver(self, task: int, event: int) -> int:
        """Calls back for a packet. A callback that was cleared since is not missed."""
        found = self.callbacks.get(event)  # type: ignore[call-overload]  # an IntEnum's number finds it
        added = self._tasks.get(task)
        if found is None or added is None:  # a signal handler raised before addTask() returned
            return ReturnCode.SUCCESS
        callback, takes = found
        handle = added[0]._task
        assert handle is not None
        handle.delivering = True
        rc: int = ReturnCode.SUCCESS
        try:
            rc = _return_code(callback(*added[1][:takes]))
        finally:
            # With any other code the same packet is delivered again, and its data stays readable until then.
            handle.delivering = rc != ReturnCode.SUCCESS
        return rc


def _return_code(value: Any) -> int:
    """What a callback returned, as PHP turns it into a return code. True does not count as GEARMAN_IO_WAIT."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return ReturnCode.SUCCESS
    try:
        code = int(float(value))
    except (ValueError, OverflowError):
        return ReturnCode.SUCCESS
    return ReturnCode.SUCCESS if code == ReturnCode.IO_WAIT else max(code, -0x7FFFFFFF)
