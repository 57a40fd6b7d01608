"""The procedural twins of GearmanJob's methods, with the object as the first argument."""

from __future__ import annotations

from gearman_cffi.ext.arguments import Data
from gearman_cffi.ext.job import GearmanJob
from gearman_cffi.ext.warn import called_as

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal


def gearman_job_return_code(obj: GearmanJob) -> int:
    """GearmanJob.returnCode()."""
    with called_as("gearman_job_return_code", obj, GearmanJob):
        return obj.returnCode()


def gearman_job_set_return(obj: GearmanJob, gearman_return_t: int) -> bool:
    """GearmanJob.setReturn()."""
    with called_as("gearman_job_set_return", obj, GearmanJob):
        return obj.setReturn(gearman_return_t)


def gearman_job_send_data(obj: GearmanJob, data: Data) -> bool:
    """GearmanJob.sendData()."""
    with called_as("gearman_job_send_data", obj, GearmanJob):
        return obj.sendData(data)


def gearman_job_send_warning(obj: GearmanJob, warning: Data) -> bool:
    """GearmanJob.sendWarning()."""
    with called_as("gearman_job_send_warning", obj, GearmanJob):
        return obj.sendWarning(warning)


def gearman_job_send_status(obj: GearmanJob, numerator: int, denominator: int) -> bool:
    """GearmanJob.sendStatus()."""
    with called_as("gearman_job_send_status", obj, GearmanJob):
        return obj.sendStatus(numerator, denominator)


def gearman_job_send_complete(obj: GearmanJob, result: Data) -> bool:
    """GearmanJob.sendComplete()."""
    with called_as("gearman_job_send_complete", obj, GearmanJob):
        return obj.sendComplete(result)


def gearman_job_send_exception(obj: GearmanJob, exception: Data) -> bool:
    """GearmanJob.sendException()."""
    with called_as("gearman_job_send_exception", obj, GearmanJob):
        return obj.sendException(exception)


def gearman_job_send_fail(obj: GearmanJob) -> bool:
    """GearmanJob.sendFail()."""
    with called_as("gearman_job_send_fail", obj, GearmanJob):
        return obj.sendFail()


def gearman_job_handle(obj: GearmanJob) -> str | Literal[False]:
    """GearmanJob.handle()."""
    with called_as("gearman_job_handle", obj, GearmanJob):
        return obj.handle()


def gearman_job_function_name(obj: GearmanJob) -> str | Literal[False]:
    """GearmanJob.functionName()."""
    with called_as("gearman_job_function_name", obj, GearmanJob):
        return obj.functionName()


def gearman_job_unique(obj: GearmanJob) -> str | Literal[False]:
    """GearmanJob.unique()."""
    with called_as("gearman_job_unique", obj, GearmanJob):
        return obj.unique()


def gearman_job_workload(obj: GearmanJob) -> bytes:
    """GearmanJob.workload()."""
    with called_as("gearman_job_workload", obj, GearmanJob):
        return obj.workload()


def gearman_job_workload_size(obj: GearmanJob) -> int:
    """GearmanJob.workloadSize()."""
    with called_as("gearman_job_workload_size", obj, GearmanJob):
        return obj.workloadSize()


__all__ = [
    "gearman_job_function_name",
    "gearman_job_handle",
    "gearman_job_return_code",
    "gearman_job_send_complete",
    "gearman_job_send_data",
    "gearman_job_send_exception",
    "gearman_job_send_fail",
    "gearman_job_send_status",
    "gearman_job_send_warning",
    "gearman_job_set_return",
    "gearman_job_unique",
    "gearman_job_workload",
    "gearman_job_workload_size",
]
