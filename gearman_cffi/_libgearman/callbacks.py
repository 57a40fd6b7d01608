"""The way from C into Python.

C calls the three functions below in the thread that made the blocking call. cffi hands what they raise to
``onerror``, which keeps it (kept.py), and the value returned to C makes the call end or go on. What C hands over:

signals  nothing; Python runs its signal handlers on the way in, in the main thread
task     a handle of the client's TaskOwner, the number that the task was added with, and the TaskEvent
job      the gcffi_job, the context of the function (a handle of the JobFunction), and the workload
"""

from __future__ import annotations

from signal import SIG_BLOCK, pthread_sigmask
from types import TracebackType

from gearman_cffi._libgearman.jobs import OVER, JobHandle
from gearman_cffi._libgearman.kept import keep
from gearman_cffi._libgearman.native import ffi, lib
from gearman_cffi._libgearman.return_codes import ReturnCode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SUCCESS, _WORK_ERROR = int(ReturnCode.SUCCESS), int(ReturnCode.WORK_ERROR)
# A workload of at most as many bytes is read before it is asked for: that is cheaper than to ask who may read it.
_READ_AT_ONCE = 65536
_from_handle, _unpack = ffi.from_handle, ffi.unpack
_new = JobHandle.__new__


def _keep(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    keep(error)


def _keep_of_job(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> int:
    keep(error)
    # The function has answered the job, unless it was ended from outside (KeyboardInterrupt, SystemExit). Then
    # libgearman drops the connections, and the server gives the job to another worker.
    return _SUCCESS if isinstance(error, Exception) else _WORK_ERROR


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


@ffi.def_extern(error=_SUCCESS, onerror=_keep_of_job)
def gcffi_on_job(job: Any, context: Any, workload: Any, size: int) -> int:
    """A job arrived for one of a worker's functions."""
    function = _from_handle(context)
    runner = function.runner
    handle = _new(runner.job_class)  # a call of the class costs as much as the rest of this
    handle._job = job
    handle._keeps = function
    handle._workload = _unpack(workload, size) if 0 < size <= _READ_AT_ONCE else None
    try:
        return _SUCCESS if runner.run(handle) else _WORK_ERROR
    finally:
        handle._job = OVER
        handle._workload = None
