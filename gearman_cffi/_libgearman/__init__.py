"""The C boundary: the only package that uses ``ffi`` and ``lib``.

native.py        the compiled module, or a clear error if it or libgearman cannot be loaded
distribution.py  gearman-cffi or gearman-cffi-binary, and the file of the loaded libgearman
csrc/            our C: submitting and waiting in one call, waits that let signal handlers run
capabilities.py  which optional parts the loaded libgearman has
return_codes.py  gearman_return_t
base.py client.py worker.py task.py job.py     libgearman's objects
loop_client.py   a client whose waits are those of an event loop
callbacks.py     the Python functions that C calls
errors.py        exceptions for calls that C refuses, and how exceptions of callbacks get past C
buffers.py       converts data and names for C and from C
protocols.py     the interfaces that the packages above implement

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
from gearman_cffi._libgearman.loop_client import EndedJob, NativeLoopClient
from gearman_cffi._libgearman.protocols import JobCallbacks
from gearman_cffi._libgearman.return_codes import ReturnCode
from gearman_cffi._libgearman.task import NativeTask
from gearman_cffi._libgearman.worker import NativeWorker, wait_for_workers

__all__ = [
    "INVALID_ARGUMENT",
    "PROCESS_EXITS",
    "RETURN_CODE_MIN",
    "Capabilities",
    "ConcurrentUseError",
    "EndedJob",
    "ForkedUseError",
    "JobCallbacks",
    "JobEnd",
    "JobKind",
    "JobPacket",
    "MissingCapabilityError",
    "NativeBatchClient",
    "NativeClient",
    "NativeJob",
    "NativeLoopClient",
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
    "wait_for_workers",
]
