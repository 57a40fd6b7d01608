"""Exceptions on their way through C: kept while C returns, then raised again.

No exception may cross C. A callback that raises (callbacks.py) keeps its exception here; the C call that it was made in
returns GCFFI_RAISED, and the method that made that call raises it again, with its traceback:

    rc = lib.gcffi_...(...)
    if rc < 0:
        fail(...)
"""

from __future__ import annotations

from _thread import get_ident

# By thread: several may be inside C at once, each with an exception of its own.
_kept: dict[int, BaseException] = {}


def keep(error: BaseException) -> None:
    """Keeps what a callback of this thread has raised; of several the last, with the one before as its context.

    So is one of an earlier call, which a signal handler kept from being raised by coming first.
    """
    thread = get_ident()
    earlier = _kept.get(thread)
    if earlier is not None and earlier is not error and error.__context__ is None:
        error.__context__ = earlier
    _kept[thread] = error


def take_kept() -> BaseException:
    """What a callback of this thread raised during the C call that has just returned; the caller raises it."""
    error = _kept.pop(get_ident(), None)
    if error is None:
        return RuntimeError("a callback raised, and a signal handler while that was being kept: see standard error")
    return error
