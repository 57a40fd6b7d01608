"""The C boundary: the one room that knows ``ffi`` and ``lib``.

native.py        the compiled module, or a clear error where it or libgearman cannot be loaded
csrc/            our C: submitting and waiting in one call, waits that let signal handlers run; its README.md is a map
capabilities.py  which optional parts the libgearman that was loaded has
return_codes.py  gearman_return_t
ownership.py     what is raised where C refuses a call: one thread at a time, never a forked child
callbacks.py     the way from C into Python
kept.py          exceptions on their way through C
handle.py client.py loads.py tasks.py worker.py jobs.py     the C objects, each with its owner
protocols.py     types of what the rooms above pass in; imported by type checkers alone

What is handed to the rooms above: bytes for data, str for names, ints for return codes.

Neither here nor in ext is anything imported at first that costs as much as both together: typing, dataclasses, inspect,
re, enum, functools, threading.
Type checkers take a TYPE_CHECKING of our own for true as they do that of typing.
"""

from __future__ import annotations

from gearman_cffi._libgearman import callbacks as callbacks  # C calls it
from gearman_cffi._libgearman.capabilities import Capabilities, MissingCapabilityError, capabilities
from gearman_cffi._libgearman.errors import LEAST_CODE, ConcurrentUseError, ForkedUseError
from gearman_cffi._libgearman.job import PROCESS_EXITS, JobEnd, JobPacket, NativeJob
from gearman_cffi.lazy import importer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gearman_cffi._libgearman.client import (
        INVALID_ARGUMENT,
        JOB_STATUS,
        JobKind,
        NativeClient,
        Reply,
        StatusReply,
        TaskEvent,
    )
    from gearman_cffi._libgearman.loads import NativeBatchClient, wait_for_any
    from gearman_cffi._libgearman.protocols import JobCallbacks as JobCallbacks
    from gearman_cffi._libgearman.return_codes import ReturnCode
    from gearman_cffi._libgearman.task import NativeTask
    from gearman_cffi._libgearman.util import bug_report_address, return_code_name, verbosity_name
    from gearman_cffi._libgearman.worker import NativeWorker

__all__ = [
    "INVALID_ARGUMENT",
    "JOB_STATUS",
    "LEAST_CODE",
    "PROCESS_EXITS",
    "Capabilities",
    "ConcurrentUseError",
    "ForkedUseError",
    "JobEnd",
    "JobKind",
    "JobPacket",
    "MissingCapabilityError",
    "NativeBatchClient",
    "NativeClient",
    "NativeJob",
    "NativeTask",
    "NativeWorker",
    "Reply",
    "ReturnCode",
    "StatusReply",
    "TaskEvent",
    "bug_report_address",
    "capabilities",
    "return_code_name",
    "verbosity_name",
    "wait_for_any",
]

if not TYPE_CHECKING:  # they would take every name for one of the package
    __getattr__, __dir__ = importer(
        __name__,
        {
            "client": (
                "INVALID_ARGUMENT",
                "JOB_STATUS",
                "NativeClient",
                "JobKind",
                "Reply",
                "StatusReply",
                "TaskEvent",
            ),
            "loads": ("NativeBatchClient", "wait_for_any"),
            "return_codes": ("ReturnCode",),
            "tasks": ("NativeTask",),
            "util": ("bug_report_address", "return_code_name", "verbosity_name"),
            "worker": ("NativeWorker",),
        },
    )
