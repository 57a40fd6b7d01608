"""The Python functions that C calls, in the thread that made the blocking call.

If one of them raises, cffi calls ``onerror``, which stores the exception (errors.py) and returns the value for C.
Arguments that C passes:

signals  nothing; Python runs pending signal handlers on the way in, in the main thread
task     a cffi handle of the client's TaskOwner, the number that the task was added with, the TaskEvent, and the
         packet's data with its size
job      a cffi handle of the JobFunction, and the C job
"""

from __future__ import annotations

import signal
from types import TracebackType
from typing import Any

from gearman_cffi._libgearman.buffers import NULL
from gearman_cffi._libgearman.errors import EXCEPTION_PENDING, store_pending
from gearman_cffi._libgearman.job import PROCESS_EXITS, JobEnd
from gearman_cffi._libgearman.native import ffi

# Bytes. A larger result is sent from Python, so that its memory is freed at once.
_MAX_RESULT_SENT_BY_C = 65536
# Bytes. A workload up to this size is copied before the function runs, so that any thread can read it.
_MAX_WORKLOAD_COPIED = 65536


def _store(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    store_pending(error.with_traceback(traceback))  # CPython before 3.12 has not set it yet


def _store_of_job(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> int:
    store_pending(error.with_traceback(traceback))
    return JobEnd.INTERRUPTED if isinstance(error, PROCESS_EXITS) else JobEnd.RAISED


@ffi.def_extern(error=1, onerror=_store)
def gcffi_on_signals() -> int:
    """Runs pending signal handlers while a wait is interrupted.

    Entering Python would be enough, but CPython 3.13.0 does not notice them so in a child that a thread has forked.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, ())
    return 0


@ffi.def_extern(error=EXCEPTION_PENDING, onerror=_store)
def gcffi_on_task(owner: Any, number: int, event: int, data: Any, size: int) -> int:
    """A packet for one of the user's tasks arrived. Returns a return code."""
    # A copy of the data: any thread can read it.
    return ffi.from_handle(owner).deliver(number, event, ffi.unpack(data, size) if size else b"")  # type: ignore[no-any-return]


@ffi.def_extern(error=JobEnd.INTERRUPTED, onerror=_store_of_job)
def gcffi_on_job(context: Any, c_job: Any) -> int:
    """A job arrived for one of a worker's functions. Returns a JobEnd; its result or return code is in the C job."""
    function = ffi.from_handle(context)
    callbacks = function.callbacks  # the job may replace the function
    job = callbacks.job_class()
    job._attach(c_job, function)
    size = c_job.size
    if size <= _MAX_WORKLOAD_COPIED:
        job._workload = ffi.unpack(c_job.workload, size) if size else b""
    try:
        try:
            result = callbacks.call(job)
            if isinstance(result, str):
                result = result.encode("utf-8", "surrogateescape")
        except BaseException as error:
            callbacks.failed(job, error)
            raise
        if isinstance(result, bytes) and not job._rc and len(result) <= _MAX_RESULT_SENT_BY_C:
            function.result = result  # as long as C needs its memory
            c_job.result, c_job.result_size = ffi.from_buffer(result), len(result)
            return JobEnd.RESULT
        end, c_job.rc = callbacks.ended(job, result)
        return end  # type: ignore[no-any-return]
    finally:
        job._job = NULL  # without a call, in which a signal handler could raise
        job._workload = None
