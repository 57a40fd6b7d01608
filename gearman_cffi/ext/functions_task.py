"""The procedural twins of GearmanTask's methods, with the object as the first argument."""

from __future__ import annotations

from gearman_cffi.ext.arguments import Data
from gearman_cffi.ext.task import GearmanTask
from gearman_cffi.ext.warn import called_as

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal


def gearman_task_return_code(obj: GearmanTask) -> int:
    """GearmanTask.returnCode()."""
    with called_as("gearman_task_return_code", obj, GearmanTask):
        return obj.returnCode()


def gearman_task_function_name(obj: GearmanTask) -> str | Literal[False]:
    """GearmanTask.functionName()."""
    with called_as("gearman_task_function_name", obj, GearmanTask):
        return obj.functionName()


def gearman_task_unique(obj: GearmanTask) -> str | Literal[False]:
    """GearmanTask.unique()."""
    with called_as("gearman_task_unique", obj, GearmanTask):
        return obj.unique()


def gearman_task_job_handle(obj: GearmanTask) -> str | Literal[False]:
    """GearmanTask.jobHandle()."""
    with called_as("gearman_task_job_handle", obj, GearmanTask):
        return obj.jobHandle()


def gearman_task_is_known(obj: GearmanTask) -> bool:
    """GearmanTask.isKnown()."""
    with called_as("gearman_task_is_known", obj, GearmanTask):
        return obj.isKnown()


def gearman_task_is_running(obj: GearmanTask) -> bool:
    """GearmanTask.isRunning()."""
    with called_as("gearman_task_is_running", obj, GearmanTask):
        return obj.isRunning()


def gearman_task_numerator(obj: GearmanTask) -> int | Literal[False]:
    """GearmanTask.taskNumerator()."""
    with called_as("gearman_task_numerator", obj, GearmanTask):
        return obj.taskNumerator()


def gearman_task_denominator(obj: GearmanTask) -> int | Literal[False]:
    """GearmanTask.taskDenominator()."""
    with called_as("gearman_task_denominator", obj, GearmanTask):
        return obj.taskDenominator()


def gearman_task_data(obj: GearmanTask) -> bytes | Literal[False]:
    """GearmanTask.data()."""
    with called_as("gearman_task_data", obj, GearmanTask):
        return obj.data()


def gearman_task_data_size(obj: GearmanTask) -> int | Literal[False]:
    """GearmanTask.dataSize()."""
    with called_as("gearman_task_data_size", obj, GearmanTask):
        return obj.dataSize()


def gearman_task_send_workload(obj: GearmanTask, data: Data) -> int | Literal[False]:
    """GearmanTask.sendWorkload()."""
    with called_as("gearman_task_send_workload", obj, GearmanTask):
        return obj.sendWorkload(data)


def gearman_task_recv_data(obj: GearmanTask, data_len: int) -> list[int | bytes] | Literal[False]:
    """GearmanTask.recvData()."""
    with called_as("gearman_task_recv_data", obj, GearmanTask):
        return obj.recvData(data_len)


__all__ = [
    "gearman_task_data",
    "gearman_task_data_size",
    "gearman_task_denominator",
    "gearman_task_function_name",
    "gearman_task_is_known",
    "gearman_task_is_running",
    "gearman_task_job_handle",
    "gearman_task_numerator",
    "gearman_task_recv_data",
    "gearman_task_return_code",
    "gearman_task_send_workload",
    "gearman_task_unique",
]
