"""The way from C into Python, and of an exception back out.

C calls the three functions below in the thread that made the blocking call. No exception may cross C: cffi
hands it to ``onerror``, which keeps it, and the value returned to C makes the call end or go on. When the C
call has returned, the method that made it calls raise_kept(). What C hands over:

signals  nothing; Python runs its signal handlers on the way in, in the main thread
task     the gcffi_task, whose client has the ClientHandle as its owner while tasks are run
job      libgearman's job, and the context of the function: a handle of the JobFunction
"""

from __future__ import annotations

from signal import SIG_BLOCK, pthread_sigmask
from threading import get_ident
from types import TracebackType

from gearman_cffi._libgearman.native import ffi, lib
from gearman_cffi._libgearman.return_codes import ReturnCode

# By thread: several may be inside C at once, each with an exception of its own.
kept: dict[int, BaseException] = {}


def _keep(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    thread = get_ident()
    earlier = kept.get(thread)
    if earlier is not None and earlier is not error and error.__context__ is None:
        error.__context__ = earlier
    kept[thread] = error


def _keep_of_job(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> int:
    _keep(kind, error, traceback)
    # The function has answered the job, unless it was ended from outside (KeyboardInterrupt, SystemExit). Then
    # libgearman drops the connections, and the server gives the job to another worker.
    return int(ReturnCode.SUCCESS if isinstance(error, Exception) else ReturnCode.WORK_ERROR)


def raise_kept() -> None:
    """Raises what a callback of this thread raised during the C call that has just returned, if anything."""
    error = kept.pop(get_ident(), None)
    if error is not None:
        raise error


def drop_left_behind() -> None:
    """Forgets what an earlier call of this thread kept and a signal handler kept it from raising."""
    if not lib.gcffi_is_calling():
        kept.pop(get_ident(), None)


@ffi.def_extern(error=1, onerror=_keep)  # type: ignore[untyped-decorator]
def gcffi_on_signals() -> int:
    """Runs while a wait was interrupted: pending signal handlers run here.

    Entering Python would be enough, but CPython 3.13.0 does not notice them so in a child that a thread has forked.
    """
    pthread_sigmask(SIG_BLOCK, ())
    return 0


@ffi.def_extern(error=lib.GCFFI_RAISED, onerror=_keep)  # type: ignore[untyped-decorator]
def gcffi_on_task(task: object, event: int) -> int:
    """A packet for one of the user's tasks arrived."""
    return int(ffi.from_handle(task.client.owner).deliver(task.id, event))  # type: ignore[attr-defined]


@ffi.def_extern(error=int(ReturnCode.SUCCESS), onerror=_keep_of_job)  # type: ignore[untyped-decorator]
def gcffi_on_job(job: object, context: object) -> int:
    """A job arrived for one of a worker's functions."""
    return int(ffi.from_handle(context).run(job))


__all__ = ["drop_left_behind", "kept", "lib", "raise_kept"]
