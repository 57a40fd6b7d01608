"""What is raised when C refuses a call, and exceptions of callbacks on their way through C.

libgearman's objects are not thread-safe, and a forked child that closes an inherited connection shuts it down for the
parent. Every C call checks that, so that a mistake is an exception and not a crash.

No exception may cross C. What a callback raises (callbacks.py) is stored here. The C call that called back then returns
GCFFI_E_EXCEPTION, and the method that made this C call raises the exception, with its traceback:

    rc = lib.gcffi_...(...)
    if rc < 0:
        check("client", rc)
"""

from __future__ import annotations

import threading
from typing import NoReturn

from gearman_cffi._libgearman.native import lib

EXCEPTION_PENDING = int(lib.GCFFI_E_EXCEPTION)
# A number from C below this is not a return code, neither libgearman's nor one that a callback returned.
RETURN_CODE_MIN = int(lib.GCFFI_E_LIMIT)
REENTRANT = int(lib.GCFFI_E_REENTRANT)  # refused: the same thread is in the middle of a call of the object
_OTHER_THREAD, _FORKED = int(lib.GCFFI_E_OTHER_THREAD), int(lib.GCFFI_E_FORKED)

# By thread: several may be inside C at once, each with an exception of its own.
_pending: dict[int, BaseException] = {}


class ConcurrentUseError(RuntimeError):
    """An object was used while a call of it was still running, in another thread or from its own callback."""


class ForkedUseError(RuntimeError):
    """An object was used in a child process that inherited it."""


def check(what: str, code: int) -> None:
    """Raises what a callback raised during a call, or why C refused the call. Does nothing for a return code.

    what: "client" or "worker".
    """
    if code == EXCEPTION_PENDING:
        raise take_pending()
    if code < RETURN_CODE_MIN:
        raise_refusal(what, code)


def raise_refusal(what: str, code: int) -> NoReturn:
    """Raises the exception for a call that C refused. what: "client" or "worker"."""
    if code == REENTRANT:
        raise ConcurrentUseError(
            f"this {what} is in the middle of a call, and this is one of its callbacks or a signal "
            f"handler; use another {what} here"
        )
    if code == _OTHER_THREAD:
        raise ConcurrentUseError(f"this {what} is in use by another thread; give each thread its own {what}")
    if code == _FORKED:
        raise ForkedUseError(f"this {what} belongs to the process that created it; create a new {what} in the child")
    raise RuntimeError(f"this {what} has been garbage-collected, with what refers to it")


def store_pending(error: BaseException) -> None:
    """Stores what a callback of this thread raised. Of several exceptions the last one is raised.

    An exception that was stored before and never raised, because a signal handler raised first, becomes its context.
    """
    thread = threading.get_ident()
    earlier = _pending.get(thread)
    if earlier is not None and earlier is not error and error.__context__ is None:
        error.__context__ = earlier
    _pending[thread] = error


def take_pending() -> BaseException:
    """Returns what a callback of this thread raised during the last C call, for the caller to raise."""
    error = _pending.pop(threading.get_ident(), None)
    if error is None:
        return RuntimeError("a callback raised, and a signal handler while that was being stored: see standard error")
    return error
