"""The way from C into Python.

C calls the three functions below in the thread that made the blocking call. cffi hands what they raise to
``onerror``, which keeps it (kept.py), and the value returned to C makes the call end or go on. What C hands over:

signals  nothing; Python runs its signal handlers on the way in, in the main thread
task     a handle of the client's TaskOwner, the number that the task was added with, and the TaskEvent
job      the context of the function (a handle of the JobFunction), and the size of the job's workload
"""

from __future__ import annotations

from _signal import SIG_BLOCK, pthread_sigmask  # type: ignore[import-not-found]  # signal without its enums

from gearman_cffi._libgearman.jobs import OVER, PROCESS_EXITS, THREW, UNANSWERED, JobPacket
from gearman_cffi._libgearman.kept import keep
from gearman_cffi._libgearman.native import ffi, lib
from gearman_cffi._libgearman.ownership import fail

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

# How a job ends whose function has raised: the runner has answered it, or, for PROCESS_EXITS, libgearman closes the
# connections, and the job goes back to the server.
_FAILED = ~(lib.GEARMAN_WORK_EXCEPTION | THREW)
_ENDED = ~(lib.GEARMAN_WORK_ERROR | THREW | UNANSWERED)
# What goes out as it is; anything else is the runner's matter.
_MOST_SENT_AT_ONCE = 0x3FFFFFFF
_COMPLETE = JobPacket.COMPLETE
# A workload of at most as many bytes is read before it is asked for: that is cheaper than to ask who may read it.
_READ_AT_ONCE = 65536
# What is at most as long changes hands in memory that C and Python know, and C sends it.
_SHORT = int(lib.GCFFI_SHORT)
_from_handle, _unpack, _send = ffi.from_handle, ffi.unpack, lib.gcffi_job_send


def _keep(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    keep(error.with_traceback(traceback))  # which CPython before 3.12 has not set yet


def _keep_of_job(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> int:
    keep(error.with_traceback(traceback))
    return _ENDED if isinstance(error, PROCESS_EXITS) else _FAILED


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


@ffi.def_extern(error=_ENDED, onerror=_keep_of_job)
def gcffi_on_job(context: Any, size: int) -> int:
    """A job arrived for one of a worker's functions. Returns the size of its result, or the complement of how it ended.

    The usual way is all in here, and the rest in the JobRunner: each call more is paid for by every job.
    """
    function = _from_handle(context)
    new = function.new_job
    handle = new()
    handle._job = function.job
    handle._keeps = function
    handle._rc = 0
    if size <= _SHORT:
        handle._workload = function.workload[:size]
    else:
        handle._workload = _unpack(function.job.workload, size) if size <= _READ_AT_ONCE else None
    try:
        try:
            call = function.call
            result = call(handle)
            kind = type(result)
            if kind is str:
                result, kind = result.encode("utf-8", "surrogateescape"), bytes
        except BaseException as error:
            function.runner.failed(handle, error)
            raise
        if kind is not bytes or handle._rc:
            return ~function.runner.ended(handle, result)  # type: ignore[no-any-return]
        size = len(result)
        if size <= _SHORT:
            function.result[:size] = result
            return size
        if size > _MOST_SENT_AT_ONCE:
            return ~function.runner.ended(handle, result)  # type: ignore[no-any-return]
        rc: int = _send(function.job, _COMPLETE, result, size)
        if rc < 0:
            fail("worker", rc)
        return ~(rc and rc | UNANSWERED)
    finally:
        handle._job = OVER
        handle._workload = None
