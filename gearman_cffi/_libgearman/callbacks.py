"""The way from C into Python.

C calls the three functions below in the thread that made the blocking call. cffi hands what they raise to
``onerror``, which keeps it (kept.py), and the value returned to C makes the call end or go on. What C hands over:

signals  nothing; Python runs its signal handlers on the way in, in the main thread
task     a handle of the client's TaskOwner, the number that the task was added with, and the TaskEvent
job      the context of the function (a handle of the JobFunction), and the job
"""

from __future__ import annotations

from _signal import SIG_BLOCK, pthread_sigmask  # type: ignore[import-not-found]  # signal without its enums

from gearman_cffi._libgearman.job import OVER, PROCESS_EXITS, JobEnd
from gearman_cffi._libgearman.kept import keep
from gearman_cffi._libgearman.native import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

# C sends a result of at most as many bytes. A larger one is sent from Python, so that its memory is freed at once.
_MOST_LEFT_TO_C = 65536
# A workload of at most as many bytes is read before it is asked for: that is cheaper than to ask who may read it.
_READ_AT_ONCE = 65536
_from_handle, _unpack, _from_buffer = ffi.from_handle, ffi.unpack, ffi.from_buffer
_RESULT, _RAISED, _INTERRUPTED = JobEnd.RESULT, JobEnd.RAISED, JobEnd.INTERRUPTED


def _keep(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    keep(error.with_traceback(traceback))  # which CPython before 3.12 has not set yet


def _keep_of_job(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> int:
    keep(error.with_traceback(traceback))
    return _INTERRUPTED if isinstance(error, PROCESS_EXITS) else _RAISED


@ffi.def_extern(error=1, onerror=_keep)
def gcffi_on_signals() -> int:
    """Runs while a wait was interrupted: pending signal handlers run here.

    Entering Python would be enough, but CPython 3.13.0 does not notice them so in a child that a thread has forked.
    """
    pthread_sigmask(SIG_BLOCK, ())
    return 0


@ffi.def_extern(error=lib.GCFFI_RAISED, onerror=_keep)
def gcffi_on_task(owner: Any, task: int, event: int) -> int:
    """A packet for one of the user's tasks arrived."""
    return _from_handle(owner).deliver(task, event)  # type: ignore[no-any-return]


@ffi.def_extern(error=_INTERRUPTED, onerror=_keep_of_job)
def gcffi_on_job(context: Any, job: Any) -> int:
    """A job arrived for one of a worker's functions. Returns a JobEnd, with what belongs to it in the C job."""
    function = _from_handle(context)
    runner = function.runner  # the job's function may register another one in its place
    handle = runner.job_class()
    handle._job = job
    handle._keeps = function
    size = job.size
    if size <= _READ_AT_ONCE:
        handle._workload = _unpack(job.workload, size) if size else b""
    try:
        try:
            result = runner.call(handle)
            if type(result) is str:
                result = result.encode("utf-8", "surrogateescape")
        except BaseException as error:
            runner.failed(handle, error)
            raise
        if type(result) is not bytes or handle._rc or len(result) > _MOST_LEFT_TO_C:
            end, job.rc = runner.ended(handle, result)
            return end  # type: ignore[no-any-return]
        function.result = result  # as long as C needs its memory
        job.result, job.result_size = _from_buffer(result), len(result)
        return _RESULT
    finally:
        handle._job = OVER
        handle._workload = None
