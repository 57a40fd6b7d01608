"""The tasks and callbacks of a client. Implements TaskOwner for the C boundary."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from gearman_cffi._libgearman import RETURN_CODE_MIN
from gearman_cffi.ext.arguments import return_code
from gearman_cffi.ext.arity import positional
from gearman_cffi.ext.constants import GEARMAN_IO_WAIT, GEARMAN_SUCCESS

if TYPE_CHECKING:
    from gearman_cffi._libgearman import TaskEvent
    from gearman_cffi.ext.task import GearmanTask

# Called with the task, and with its context if it was added with one. May return a return code.
TaskCallback: TypeAlias = Callable[..., Any]


class _NoContext:
    """The context of a task that was added without one: its callbacks get one argument, not two."""

    def __repr__(self) -> str:
        return "None"  # as PHP's reflection shows the parameter


NO_CONTEXT: Final = _NoContext()


class TaskRegistry:
    """The callbacks and tasks of a client. Does not refer to the client, so that there is no reference cycle."""

    def __init__(self) -> None:
        # By TaskEvent: the callback, and the number of arguments that it takes.
        self.callbacks: dict[int, tuple[TaskCallback, int]] = {}
        # 1 << event for each callback. libgearman binds callbacks to a task when the task is added.
        self.callback_mask = 0
        self.numbers = itertools.count(1)
        # By number: the arguments of the task's callbacks, that is the task, and its context if it has one.
        self._tasks: dict[int, tuple[Any, ...]] = {}

    def set_callback(self, event: TaskEvent, callback: TaskCallback) -> None:
        """Sets the callback of an event."""
        self.callbacks[event] = callback, positional(callback, 2)
        self.callback_mask |= 1 << event

    def clear(self) -> None:
        """Removes all callbacks."""
        self.callbacks.clear()
        self.callback_mask = 0

    def remember(self, number: int, task: GearmanTask, context: Any) -> None:
        """Stores a task until libgearman frees it. context: NO_CONTEXT for none."""
        self._tasks[number] = (task,) if context is NO_CONTEXT else (task, context)

    def forget(self, numbers: Sequence[int]) -> None:
        """Drops tasks that libgearman has freed."""
        for number in numbers:
            given = self._tasks.pop(number, None)
            if given is not None:
                given[0]._forget()

    def deliver(self, number: int, event: int, data: bytes) -> int:
        """Calls the callback of a TaskEvent for the task with this number. Returns a return code.

        Does nothing if the callback was cleared, or if a signal handler raised before addTask() returned.
        """
        found = self.callbacks.get(event)
        given = self._tasks.get(number)
        if found is None or given is None:
            return GEARMAN_SUCCESS
        callback, argument_count = found
        task: GearmanTask = given[0]
        code = GEARMAN_SUCCESS
        try:
            task._packet = data
            del data  # a traceback would keep it alive
            result = callback(*given[:argument_count])
            if result is not None:
                code = _code_for_c(result)
            return code
        finally:
            if code == GEARMAN_SUCCESS:  # with any other code the packet is delivered again
                task._end_packet()


def _code_for_c(result: object) -> int:
    """The return code for what a callback returned. A client with GEARMAN_IO_WAIT hangs."""
    code = return_code(result)
    return GEARMAN_SUCCESS if code == GEARMAN_IO_WAIT else max(code, RETURN_CODE_MIN)
