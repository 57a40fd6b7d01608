"""Who may use a C object: one thread at a time, and only the process that made it.

libgearman's objects are not thread-safe, and a forked child that closes an inherited connection shuts it
down for the parent. The C side frees nothing in a child (``pid`` in glue/client.c and glue/worker.c); here every use is
checked, so that a mistake is an exception and not a crash.
"""

from __future__ import annotations

import os
import threading

from gearman_cffi._libgearman.callbacks import drop_left_behind, kept
from gearman_cffi._libgearman.native import ffi

_generation = 0


def _forked() -> None:
    global _generation
    _generation += 1


os.register_at_fork(after_in_child=_forked)


class ConcurrentUseError(RuntimeError):
    """An object was used while a call of it was still running, in another thread or from its own callback."""


class ForkedUseError(RuntimeError):
    """An object was used in a child process that inherited it."""


class Guard:
    """Stands before a C object. Each call that may wait is made like this:

        thread = guard.entering()
        with guard.lock:
            guard.thread = thread
            ...

    A signal handler that raises may do so after every call, so one that took the lock could raise before its caller has
    reached a ``try``, and the object would stay in use for ever; between ``with`` and its block none can.
    """

    __slots__ = ("_generation", "_what", "closed", "lock", "thread")

    def __init__(self, what: str) -> None:
        self._what = what
        # C sets it. The collector frees the C objects of all that it found before it ends Python's, whose __del__ may
        # still come here.
        self.closed = ffi.new("bool *")
        self._generation = _generation
        self.lock = threading.Lock()
        self.thread = 0  # who has the lock, or had it last

    def entering(self) -> int:
        """Allows a call that nothing else may run beside. Raises ConcurrentUseError or ForkedUseError.

        Returns the calling thread, for ``thread``.
        """
        if self._generation != _generation or self.closed[0]:
            raise self._gone()
        if self.lock.locked():
            raise self._concurrent_use()
        if kept:
            drop_left_behind()
        return threading.get_ident()

    def check(self) -> None:
        """Allows a short call that waits for nothing: always, but in a child or beside another thread's call."""
        if self._generation != _generation or self.closed[0]:
            raise self._gone()
        if self.thread != threading.get_ident() and self.lock.locked():
            raise self._concurrent_use()

    def check_alive(self) -> None:
        """Allows what other threads may do beside a call, and a child process may not."""
        if self._generation != _generation or self.closed[0]:
            raise self._gone()

    def is_inherited(self) -> bool:
        """Whether this process is a child of the one that made the object."""
        return self._generation != _generation

    def is_elsewhere(self) -> bool:
        """Whether another thread is in a call."""
        return self.thread != threading.get_ident() and self.lock.locked()

    def _concurrent_use(self) -> ConcurrentUseError:
        if self.thread == threading.get_ident():
            return ConcurrentUseError(
                f"this {self._what} is in the middle of a call, and this is one of its callbacks or a signal "
                f"handler; use another {self._what} here"
            )
        return ConcurrentUseError(
            f"this {self._what} is in use by another thread; give each thread its own {self._what}"
        )

    def _gone(self) -> RuntimeError:
        if not self.is_inherited():
            return RuntimeError(f"this {self._what} has been garbage-collected, with what refers to it")
        return ForkedUseError(
            f"this {self._what} belongs to the process that created it; create a new {self._what} in the child"
        )
