"""The part of GearmanClient that adds tasks and runs them."""

from __future__ import annotations

from types import FunctionType

from gearman_cffi._libgearman import INVALID_ARGUMENT, JOB_STATUS, JobKind, NativeClient, return_code_name
from gearman_cffi.ext import arguments
from gearman_cffi.ext.arguments import ANY_DATA, Data, Name, known_name
from gearman_cffi.ext.base import TOLERATED
from gearman_cffi.ext.client_callbacks import CallsBack
from gearman_cffi.ext.task import GearmanTask
from gearman_cffi.ext.task_registry import NO_CONTEXT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final, Literal, TypeVar

    _Method = TypeVar("_Method", bound=Callable[..., Any])

_HANDLE_MAX: Final = 63  # GEARMAN_JOB_HANDLE_SIZE without its NUL


def shows_no_context_as_none(method: _Method) -> _Method:
    """Makes inspect show what PHP's reflection does: a context that is null by default."""
    # inspect looks at what a function wraps. A __signature__ made here would import inspect into every program.
    defaults = tuple(None if default is NO_CONTEXT else default for default in method.__defaults__ or ())
    shown = FunctionType(method.__code__, method.__globals__, method.__name__, defaults)
    shown.__annotations__ = method.__annotations__
    method.__wrapped__ = shown  # type: ignore[attr-defined]
    return method


class RunsTasks(CallsBack):
    """The base of GearmanClient that knows tasks."""

    _handle: NativeClient

    @shows_no_context_as_none
    def addTask(
        self, function_name: Name, workload: Data, context: Any = NO_CONTEXT, unique_key: Name | None = None
    ) -> GearmanTask | Literal[False]:
        """Adds a job to those that runTasks() submits and waits for. Nothing is sent yet.

        context: given to the callbacks behind the task. unique_key: as in doNormal(). Returns the task; False with
        a warning for an argument that is refused. May be called in a callback; the same runTasks() then runs the task.
        Stands for gearman_client_add_task().
        """
        return self._add_job("addTask", JobKind.NORMAL, function_name, workload, context, unique_key)

    @shows_no_context_as_none
    def addTaskHigh(
        self, function_name: Name, workload: Data, context: Any = NO_CONTEXT, unique_key: Name | None = None
    ) -> GearmanTask | Literal[False]:
        """Adds a job of high priority, otherwise as addTask(). Stands for gearman_client_add_task_high()."""
        return self._add_job("addTaskHigh", JobKind.HIGH, function_name, workload, context, unique_key)

    @shows_no_context_as_none
    def addTaskLow(
        self, function_name: Name, workload: Data, context: Any = NO_CONTEXT, unique_key: Name | None = None
    ) -> GearmanTask | Literal[False]:
        """Adds a job of low priority, otherwise as addTask(). Stands for gearman_client_add_task_low()."""
        return self._add_job("addTaskLow", JobKind.LOW, function_name, workload, context, unique_key)

    @shows_no_context_as_none
    def addTaskBackground(
        self, function_name: Name, workload: Data, context: Any = NO_CONTEXT, unique_key: Name | None = None
    ) -> GearmanTask | Literal[False]:
        """Adds a job whose task ends when the server has taken it, otherwise as addTask().

        Stands for gearman_client_add_task_background().
        """
        return self._add_job("addTaskBackground", JobKind.BACKGROUND, function_name, workload, context, unique_key)

    @shows_no_context_as_none
    def addTaskHighBackground(
        self, function_name: Name, workload: Data, context: Any = NO_CONTEXT, unique_key: Name | None = None
    ) -> GearmanTask | Literal[False]:
        """Adds a background job of high priority, otherwise as addTaskBackground().

        Stands for gearman_client_add_task_high_background().
        """
        kind = JobKind.HIGH_BACKGROUND
        return self._add_job("addTaskHighBackground", kind, function_name, workload, context, unique_key)

    @shows_no_context_as_none
    def addTaskLowBackground(
        self, function_name: Name, workload: Data, context: Any = NO_CONTEXT, unique_key: Name | None = None
    ) -> GearmanTask | Literal[False]:
        """Adds a background job of low priority, otherwise as addTaskBackground().

        Stands for gearman_client_add_task_low_background().
        """
        kind = JobKind.LOW_BACKGROUND
        return self._add_job("addTaskLowBackground", kind, function_name, workload, context, unique_key)

    @shows_no_context_as_none
    def addTaskStatus(self, job_handle: Name, context: Any = NO_CONTEXT) -> GearmanTask | Literal[False]:
        """Adds a question for a job's status; the status callback gets the answer. Otherwise as addTask().

        Stands for gearman_client_add_task_status().
        """
        handle = arguments.name(job_handle, "job_handle")
        if not self._is_handle("addTaskStatus", handle):
            return False
        return self._add("addTaskStatus", JOB_STATUS, handle, b"", b"", context)

    def runTasks(self) -> bool:
        """Submits the tasks that were added and waits until all have ended. Tasks are submitted newest first.

        Returns True, also where jobs failed: the callbacks tell, and where a callback stopped it:
        returnCode() is then what the callback returned, and the next runTasks() goes on. False with a warning where a
        server failed or the timeout was over; it may be called again. In non-blocking mode True with GEARMAN_IO_WAIT.
        Raises what a callback raised; the packets that came after are delivered by the next runTasks().
        Stands for gearman_client_run_tasks().
        """
        return self._run_tasks(-1)

    # ---------------------------------------------------------------------------- private

    def _run_tasks(self, timeout_ms: int) -> bool:
        """The Python layer bounds it: also a step that waits for nothing else waits for a connection to be opened."""
        self._text = None
        rc = self._rc = self._handle.run_tasks(timeout_ms)
        if rc in TOLERATED:
            return True
        self._warn("runTasks")
        return False

    def _add_job(
        self, call: str, kind: int, function: Name, workload: Data, context: Any, unique: Name | None
    ) -> GearmanTask | Literal[False]:
        if type(function) is not str or (name := known_name(function)) is None:
            name = arguments.function_name(function, "function_name")
        if unique is None:
            key = b""
        else:
            key = arguments.name(unique, "unique_key")
            if context is NO_CONTEXT:
                context = None  # skipped with a named argument, it counts as null
        if type(workload) is not bytes or len(workload) > ANY_DATA:
            workload = arguments.data(workload, "workload")
        return self._add(call, kind, name, key, workload, context)

    def _add(
        self,
        call: str,
        kind: int,
        name: bytes,
        unique: bytes,
        workload: bytes | bytearray | memoryview | None,
        context: Any,
    ) -> GearmanTask | Literal[False]:
        tasks = self._tasks
        number = next(tasks.numbers)
        self._text = None
        task = GearmanTask()
        tasks.remember(number, task, context)  # before C has it: a signal handler may run it, to its end
        try:
            rc = self._rc = self._handle.add_task(task, kind, number, tasks.callback_mask, name, unique, workload)
        except BaseException:
            tasks.forget(number)
            raise
        if rc:
            tasks.forget(number)
            self._warn(call)
            return False
        return task

    def _is_handle(self, call: str, handle: bytes) -> bool:
        # libgearman matches no answer to a handle that is longer: the call would wait for ever.
        if len(handle) <= _HANDLE_MAX:
            return True
        self._rc = INVALID_ARGUMENT
        self._text = f"{return_code_name(self._rc)}: a job handle has at most {_HANDLE_MAX} bytes"
        self._warn(call)
        return False
