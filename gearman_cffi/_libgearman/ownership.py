"""Who may use a C object: one thread at a time, and only the process that made it.

libgearman's objects are not thread-safe, and a forked child that closes an inherited connection shuts it
down for the parent. The C side frees nothing in a child (``pid`` in glue/client.c and glue/worker.c); here every use is
checked, so that a mistake is an exception and not a crash.
"""

from __future__ import annotations

import os
import threading

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
    """Stands before a C object. Each call that may wait is made between enter() and leave()."""

    __slots__ = ("_entered", "_generation", "_thread", "_what")

    def __init__(self, what: str) -> None:
        self._what = what
        self._generation = _generation
        self._entered = threading.Lock()
        self._thread = 0

    def enter(self) -> None:
        """Begins a call that nothing else may run beside. Raises ConcurrentUseError or ForkedUseError."""
        if self._generation != _generation:
            raise self._forked_use()
        if not self._entered.acquire(False):
            raise self._concurrent_use()
        self._thread = threading.get_ident()

    def leave(self) -> None:
        """Ends what enter() began."""
        self._thread = 0
        self._entered.release()

    def check(self) -> None:
        """Allows a short call that waits for nothing: always, but in a child or beside another thread's call."""
        if self._generation != _generation:
            raise self._forked_use()
        if self._thread not in (0, threading.get_ident()):
            raise self._concurrent_use()

    def _concurrent_use(self) -> ConcurrentUseError:
        if self._thread == threading.get_ident():
            return ConcurrentUseError(
                f"this {self._what} is in the middle of a call, and this is one of its callbacks or a signal "
                f"handler; use another {self._what} here"
            )
        return ConcurrentUseError(
            f"this {self._what} is in use by another thread; give each thread its own {self._what}"
        )

    def _forked_use(self) -> ForkedUseError:
        return ForkedUseError(
            f"this {self._what} belongs to the process that created it; create a new {self._what} in the child"
        )
