"""What to raise where the C side refuses a call (csrc/boundary/guard.c) or a callback of it has raised.

libgearman's objects are not thread-safe, and a forked child that closes an inherited connection shuts it down for the
parent. Every C call checks that, so that a mistake is an exception and not a crash.
"""

from __future__ import annotations

from gearman_cffi._libgearman.kept import take_kept
from gearman_cffi._libgearman.native import lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

RAISED, _CLOSED, _INHERITED = lib.GCFFI_RAISED, lib.GCFFI_CLOSED, lib.GCFFI_INHERITED
_CALLING, _ELSEWHERE = lib.GCFFI_CALLING, lib.GCFFI_ELSEWHERE
# Below this a number that C returns is no return code, and neither is one that a callback returns.
LEAST_CODE: int = lib.GCFFI_LEAST_CODE


class ConcurrentUseError(RuntimeError):
    """An object was used while a call of it was still running, in another thread or from its own callback."""


class ForkedUseError(RuntimeError):
    """An object was used in a child process that inherited it."""


def fail(what: str, code: int) -> None:
    """Raises what a callback raised during a call, or what the code says that C gave in a return code's place."""
    if code == RAISED:
        raise take_kept()
    if code < LEAST_CODE:
        refuse(what, code)


def refuse(what: str, code: int) -> NoReturn:
    """Raises the exception of a refusal. what: "client" or "worker"."""
    if code == _CALLING:
        raise ConcurrentUseError(
            f"this {what} is in the middle of a call, and this is one of its callbacks or a signal "
            f"handler; use another {what} here"
        )
    if code == _ELSEWHERE:
        raise ConcurrentUseError(f"this {what} is in use by another thread; give each thread its own {what}")
    if code == _INHERITED:
        raise ForkedUseError(f"this {what} belongs to the process that created it; create a new {what} in the child")
    raise RuntimeError(f"this {what} has been garbage-collected, with what refers to it")
