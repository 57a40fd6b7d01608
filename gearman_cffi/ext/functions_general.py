"""The extension's functions that need no object, and the names that were dropped."""

from __future__ import annotations

from gearman_cffi._libgearman import bug_report_address, capabilities, verbosity_name
from gearman_cffi.ext import functions_client as client
from gearman_cffi.ext import functions_client_tasks as tasks
from gearman_cffi.ext.arguments import integer
from gearman_cffi.ext.client import GearmanClient
from gearman_cffi.ext.deprecated import deprecated_function, warn_deprecated
from gearman_cffi.ext.functions_worker import gearman_worker_ping
from gearman_cffi.ext.warn import warn
from gearman_cffi.ext.worker import GearmanWorker


def gearman_version() -> str:
    """The version of libgearman, such as "1.1.20+ds" (gearman_version())."""
    return capabilities.version


def gearman_bugreport() -> str:
    """Where libgearman's bugs are reported (gearman_bugreport())."""
    return bug_report_address()


def gearman_verbose_name(verbose: int) -> str | None:
    """The name of a verbosity level; None with a warning for a negative one (gearman_verbose_name())."""
    if integer(verbose, "verbose") < 0:
        warn("gearman_verbose_name()", "Input must be an integer greater than 0.")
        return None
    return verbosity_name(verbose)


def gearman_client_clone(obj: GearmanClient) -> GearmanClient:
    """Deprecated: a new client with the same servers, options and timeout, and no tasks."""
    warn_deprecated("gearman_client_clone()", "gearman_client_create()")
    return obj._clone()


def gearman_worker_clone(obj: GearmanWorker) -> GearmanWorker:
    """Deprecated: a new worker with the same servers, options, timeout and functions."""
    warn_deprecated("gearman_worker_clone()", "gearman_worker_create()")
    return obj._clone()


gearman_client_do = deprecated_function("gearman_client_do", client.gearman_client_do_normal)
gearman_client_echo = deprecated_function("gearman_client_echo", client.gearman_client_ping)
gearman_client_errno = deprecated_function("gearman_client_errno", client.gearman_client_get_errno)
gearman_client_clear_fn = deprecated_function("gearman_client_clear_fn", tasks.gearman_client_clear_callbacks)
gearman_client_set_complete_fn = deprecated_function(
    "gearman_client_set_complete_fn", tasks.gearman_client_set_complete_callback
)
gearman_client_set_created_fn = deprecated_function(
    "gearman_client_set_created_fn", tasks.gearman_client_set_created_callback
)
gearman_client_set_data_fn = deprecated_function("gearman_client_set_data_fn", tasks.gearman_client_set_data_callback)
gearman_client_set_exception_fn = deprecated_function(
    "gearman_client_set_exception_fn", tasks.gearman_client_set_exception_callback
)
gearman_client_set_fail_fn = deprecated_function("gearman_client_set_fail_fn", tasks.gearman_client_set_fail_callback)
gearman_client_set_status_fn = deprecated_function(
    "gearman_client_set_status_fn", tasks.gearman_client_set_status_callback
)
gearman_client_set_warning_fn = deprecated_function(
    "gearman_client_set_warning_fn", tasks.gearman_client_set_warning_callback
)
gearman_client_set_workload_fn = deprecated_function(
    "gearman_client_set_workload_fn", tasks.gearman_client_set_workload_callback
)
gearman_worker_echo = deprecated_function("gearman_worker_echo", gearman_worker_ping)

__all__ = [
    "gearman_bugreport",
    "gearman_client_clear_fn",
    "gearman_client_clone",
    "gearman_client_do",
    "gearman_client_echo",
    "gearman_client_errno",
    "gearman_client_set_complete_fn",
    "gearman_client_set_created_fn",
    "gearman_client_set_data_fn",
    "gearman_client_set_exception_fn",
    "gearman_client_set_fail_fn",
    "gearman_client_set_status_fn",
    "gearman_client_set_warning_fn",
    "gearman_client_set_workload_fn",
    "gearman_verbose_name",
    "gearman_version",
    "gearman_worker_clone",
    "gearman_worker_echo",
]
