"""The procedural twins of GearmanClient's methods for tasks and callbacks, with the object as the first argument."""

from __future__ import annotations

from gearman_cffi.ext.arguments import Data, Name
from gearman_cffi.ext.client import GearmanClient
from gearman_cffi.ext.client_tasks import shows_no_context_as_none
from gearman_cffi.ext.task import GearmanTask
from gearman_cffi.ext.tasks import NO_CONTEXT, TaskCallback
from gearman_cffi.ext.warn import called_as

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal


@shows_no_context_as_none
def gearman_client_add_task(
    obj: GearmanClient, function_name: Name, workload: Data, context: Any = NO_CONTEXT, unique_key: Name | None = None
) -> GearmanTask | Literal[False]:
    """GearmanClient.addTask()."""
    with called_as("gearman_client_add_task", obj, GearmanClient):
        return obj.addTask(function_name, workload, context, unique_key)


@shows_no_context_as_none
def gearman_client_add_task_high(
    obj: GearmanClient, function_name: Name, workload: Data, context: Any = NO_CONTEXT, unique_key: Name | None = None
) -> GearmanTask | Literal[False]:
    """GearmanClient.addTaskHigh()."""
    with called_as("gearman_client_add_task_high", obj, GearmanClient):
        return obj.addTaskHigh(function_name, workload, context, unique_key)


@shows_no_context_as_none
def gearman_client_add_task_low(
    obj: GearmanClient, function_name: Name, workload: Data, context: Any = NO_CONTEXT, unique_key: Name | None = None
) -> GearmanTask | Literal[False]:
    """GearmanClient.addTaskLow()."""
    with called_as("gearman_client_add_task_low", obj, GearmanClient):
        return obj.addTaskLow(function_name, workload, context, unique_key)


@shows_no_context_as_none
def gearman_client_add_task_background(
    obj: GearmanClient, function_name: Name, workload: Data, context: Any = NO_CONTEXT, unique_key: Name | None = None
) -> GearmanTask | Literal[False]:
    """GearmanClient.addTaskBackground()."""
    with called_as("gearman_client_add_task_background", obj, GearmanClient):
        return obj.addTaskBackground(function_name, workload, context, unique_key)


@shows_no_context_as_none
def gearman_client_add_task_high_background(
    obj: GearmanClient, function_name: Name, workload: Data, context: Any = NO_CONTEXT, unique_key: Name | None = None
) -> GearmanTask | Literal[False]:
    """GearmanClient.addTaskHighBackground()."""
    with called_as("gearman_client_add_task_high_background", obj, GearmanClient):
        return obj.addTaskHighBackground(function_name, workload, context, unique_key)


@shows_no_context_as_none
def gearman_client_add_task_low_background(
    obj: GearmanClient, function_name: Name, workload: Data, context: Any = NO_CONTEXT, unique_key: Name | None = None
) -> GearmanTask | Literal[False]:
    """GearmanClient.addTaskLowBackground()."""
    with called_as("gearman_client_add_task_low_background", obj, GearmanClient):
        return obj.addTaskLowBackground(function_name, workload, context, unique_key)


def gearman_client_run_tasks(obj: GearmanClient) -> bool:
    """GearmanClient.runTasks()."""
    with called_as("gearman_client_run_tasks", obj, GearmanClient):
        return obj.runTasks()


@shows_no_context_as_none
def gearman_client_add_task_status(
    obj: GearmanClient, job_handle: Name, context: Any = NO_CONTEXT
) -> GearmanTask | Literal[False]:
    """GearmanClient.addTaskStatus()."""
    with called_as("gearman_client_add_task_status", obj, GearmanClient):
        return obj.addTaskStatus(job_handle, context)


def gearman_client_set_workload_callback(obj: GearmanClient, function: TaskCallback) -> bool:
    """GearmanClient.setWorkloadCallback()."""
    with called_as("gearman_client_set_workload_callback", obj, GearmanClient):
        return obj.setWorkloadCallback(function)


def gearman_client_set_created_callback(obj: GearmanClient, function: TaskCallback) -> bool:
    """GearmanClient.setCreatedCallback()."""
    with called_as("gearman_client_set_created_callback", obj, GearmanClient):
        return obj.setCreatedCallback(function)


def gearman_client_set_data_callback(obj: GearmanClient, function: TaskCallback) -> bool:
    """GearmanClient.setDataCallback()."""
    with called_as("gearman_client_set_data_callback", obj, GearmanClient):
        return obj.setDataCallback(function)


def gearman_client_set_warning_callback(obj: GearmanClient, function: TaskCallback) -> bool:
    """GearmanClient.setWarningCallback()."""
    with called_as("gearman_client_set_warning_callback", obj, GearmanClient):
        return obj.setWarningCallback(function)


def gearman_client_set_status_callback(obj: GearmanClient, function: TaskCallback) -> bool:
    """GearmanClient.setStatusCallback()."""
    with called_as("gearman_client_set_status_callback", obj, GearmanClient):
        return obj.setStatusCallback(function)


def gearman_client_set_complete_callback(obj: GearmanClient, function: TaskCallback) -> bool:
    """GearmanClient.setCompleteCallback()."""
    with called_as("gearman_client_set_complete_callback", obj, GearmanClient):
        return obj.setCompleteCallback(function)


def gearman_client_set_exception_callback(obj: GearmanClient, function: TaskCallback) -> bool:
    """GearmanClient.setExceptionCallback()."""
    with called_as("gearman_client_set_exception_callback", obj, GearmanClient):
        return obj.setExceptionCallback(function)


def gearman_client_set_fail_callback(obj: GearmanClient, function: TaskCallback) -> bool:
    """GearmanClient.setFailCallback()."""
    with called_as("gearman_client_set_fail_callback", obj, GearmanClient):
        return obj.setFailCallback(function)


def gearman_client_clear_callbacks(obj: GearmanClient) -> bool:
    """GearmanClient.clearCallbacks()."""
    with called_as("gearman_client_clear_callbacks", obj, GearmanClient):
        return obj.clearCallbacks()


__all__ = [
    "gearman_client_add_task",
    "gearman_client_add_task_background",
    "gearman_client_add_task_high",
    "gearman_client_add_task_high_background",
    "gearman_client_add_task_low",
    "gearman_client_add_task_low_background",
    "gearman_client_add_task_status",
    "gearman_client_clear_callbacks",
    "gearman_client_run_tasks",
    "gearman_client_set_complete_callback",
    "gearman_client_set_created_callback",
    "gearman_client_set_data_callback",
    "gearman_client_set_exception_callback",
    "gearman_client_set_fail_callback",
    "gearman_client_set_status_callback",
    "gearman_client_set_warning_callback",
    "gearman_client_set_workload_callback",
]
