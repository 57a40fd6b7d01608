"""Exceptions for calls that C refuses, and how exceptions of callbacks get past C.

libgearman's objects are not thread-safe, and a forked child that closes an inherited connection shuts it down for the
parent. Every C call checks for both, so that such a mistake raises an exception instead of crashing.

No exception may cross C. The exception of a callback (callbacks.py) is stored here. The C call that ran the callback
then returns GCFFI_E_EXCEPTION, and the method that made the C call raises the exception with its traceback:

    rc = lib.gcffi_...(...)
    if rc < 0:
        check("client", rc)
"""

from __future__ import annotations

import threading
from typing import NoReturn

from gearman_cffi._libgearman.native import lib

EXCEPTION_PENDING = int(lib.GCFFI_E_EXCEPTION)
# Numbers from C below this are not return codes, neither of libgearman nor of a callback.
RETURN_CODE_MIN = int(lib.GCFFI_E_LIMIT)
REENTRANT = int(lib.GCFFI_E_REENTRANT)  # refused: the same thread is in the middle of a call of the object
_OTHER_THREAD, _FORKED = int(lib.GCFFI_E_OTHER_THREAD), int(lib.GCFFI_E_FORKED)

# By thread: several threads may be inside C at once.
_pending: dict[int, BaseException] = {}


class ConcurrentUseError(RuntimeError):
    """An object was used while a call of it was still running, in another thread or from its own callback.

    Example:
            from gearman_cffi.ext import GearmanClient

            def on_complete(task):
                try:
                    gearman_client.doBackground("mail", "anna@example.org")
                except ConcurrentUseError:  # gearman_client is busy: it runs this callback
                    client.execute_in_background("mail", "anna@example.org")

            gearman_client = GearmanClient()
            gearman_client.addServer("127.0.0.1", 4730)
            gearman_client.setCompleteCallback(on_complete)
            gearman_client.addTask("reverse", "hello")
            gearman_client.runTasks()
    """


class ForkedUseError(RuntimeError):
    """An object was used in a child process that inherited it.

    Example:
            import os
            from gearman_cffi.ext import ForkedUseError

            if os.fork() == 0:
                try:
                    client.doBackground("mail", "anna@example.org")
                except ForkedUseError:
                    client = GearmanClient()  # the child needs a client of its own
                    client.addServer("127.0.0.1", 4730)
    """


def check(what: str, code: int) -> None:
    """Raises the exception of a callback, or the one for a call that C refused. Does nothing for a return code.

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
    """Stores the exception of a callback of this thread. If there are several, the last one is raised.

    An earlier one that was never raised, because a signal handler raised first, becomes its context.
    """
    thread = threading.get_ident()
    earlier = _pending.get(thread)
    if earlier is not None and earlier is not error and error.__context__ is None:
        error.__context__ = earlier
    _pending[thread] = error


def take_pending() -> BaseException:
    """Returns the exception of a callback of this thread during the last C call. The caller raises it."""
    error = _pending.pop(threading.get_ident(), None)
    if error is None:
        return RuntimeError("a callback raised, and a signal handler while that was being stored: see standard error")
    return error
