"""The C boundary: the only package that uses ``ffi`` and ``lib``.

native.py        the compiled module, or a clear error if it or libgearman cannot be loaded
csrc/            our C: submitting and waiting in one call, waits that let signal handlers run
capabilities.py  which optional parts the loaded libgearman has
return_codes.py  gearman_return_t
base.py client.py worker.py task.py job.py     libgearman's objects
callbacks.py     the functions that C calls
errors.py        what is raised when C refuses a call, and exceptions of callbacks on their way through C
buffers.py       data and names on their way into C and out of it
protocols.py     types of what the packages above pass in

The packages above get bytes for data, str for names, and int for return codes.
"""

from __future__ import annotations

from gearman_cffi._libgearman import callbacks as callbacks  # C calls it
from gearman_cffi._libgearman.buffers import bug_report_address, return_code_name, verbosity_name
from gearman_cffi._libgearman.capabilities import Capabilities, MissingCapabilityError, capabilities
from gearman_cffi._libgearman.client import (
    INVALID_ARGUMENT,
    JobKind,
    NativeBatchClient,
    NativeClient,
    Reply,
    StatusReply,
    TaskEvent,
    wait_for_any,
)
from gearman_cffi._libgearman.errors import RETURN_CODE_MIN, ConcurrentUseError, ForkedUseError
from gearman_cffi._libgearman.job import PROCESS_EXITS, JobEnd, JobPacket, NativeJob
from gearman_cffi._libgearman.protocols import JobCallbacks
from gearman_cffi._libgearman.return_codes import ReturnCode
from gearman_cffi._libgearman.task import NativeTask
from gearman_cffi._libgearman.worker import NativeWorker

__all__ = [
    "INVALID_ARGUMENT",
    "PROCESS_EXITS",
    "RETURN_CODE_MIN",
    "Capabilities",
    "ConcurrentUseError",
    "ForkedUseError",
    "JobCallbacks",
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
