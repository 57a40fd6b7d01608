"""The part of GearmanClient that sets what is called for the packets of its tasks."""

from __future__ import annotations

from gearman_cffi._libgearman import TaskEvent
from gearman_cffi.ext.arity import positional
from gearman_cffi.ext.base import Connected
from gearman_cffi.ext.task_registry import TaskCallback, TaskRegistry
from gearman_cffi.ext.warnings import warn


class CallsBack(Connected):
    """The base of GearmanClient that knows callbacks."""

    _tasks: TaskRegistry

    def setWorkloadCallback(self, function: TaskCallback) -> bool:
        """Sets what is called for a workload that was not given. Never called: addTask() takes it whole.

        Returns True; False with a warning for what cannot be called. Stands for gearman_client_set_workload_fn().
        """
        return self._check_callback("setWorkloadCallback", function)

    def setCreatedCallback(self, function: TaskCallback) -> bool:
        """Sets what is called when the server has taken a job. For all of these:

        function: called with the GearmanTask, and its context if it has one, for tasks that are added afterwards.
        What it returns is a return code: None goes on, GEARMAN_PAUSE and other codes stop runTasks().
        Returns True; False with a warning for what cannot be called. Stands for gearman_client_set_created_fn().
        """
        return self._set_callback("setCreatedCallback", TaskEvent.CREATED, function)

    def setDataCallback(self, function: TaskCallback) -> bool:
        """Sets what is called for a part of a result. Stands for gearman_client_set_data_fn()."""
        return self._set_callback("setDataCallback", TaskEvent.DATA, function)

    def setWarningCallback(self, function: TaskCallback) -> bool:
        """Sets what is called for a job's warning. Stands for gearman_client_set_warning_fn()."""
        return self._set_callback("setWarningCallback", TaskEvent.WARNING, function)

    def setStatusCallback(self, function: TaskCallback) -> bool:
        """Sets what is called for a job's status. Stands for gearman_client_set_status_fn()."""
        return self._set_callback("setStatusCallback", TaskEvent.STATUS, function)

    def setCompleteCallback(self, function: TaskCallback) -> bool:
        """Sets what is called when a job is complete. Stands for gearman_client_set_complete_fn()."""
        return self._set_callback("setCompleteCallback", TaskEvent.COMPLETE, function)

    def setExceptionCallback(self, function: TaskCallback) -> bool:
        """Sets what is called for a worker's exception; asks every server for them first.

        Raises GearmanException as enableExceptionHandler() does. Stands for gearman_client_set_exception_fn().
        """
        self.enableExceptionHandler()
        return self._set_callback("setExceptionCallback", TaskEvent.EXCEPTION, function)

    def setFailCallback(self, function: TaskCallback) -> bool:
        """Sets what is called when a job has failed. Stands for gearman_client_set_fail_fn()."""
        return self._set_callback("setFailCallback", TaskEvent.FAIL, function)

    def clearCallbacks(self) -> bool:
        """Removes all callbacks. Always True. Stands for gearman_client_clear_fn()."""
        self._tasks.clear()
        return True

    def _set_callback(self, call: str, event: int, function: TaskCallback) -> bool:
        if not self._check_callback(call, function):
            return False
        self._tasks.set_callback(event, function, positional(function, 2))
        return True

    def _check_callback(self, call: str, function: object) -> bool:
        if not callable(function):
            warn(f"{self._php_class}::{call}()", f"function {'' if function is None else function} is not callable")
            return False
        return True
