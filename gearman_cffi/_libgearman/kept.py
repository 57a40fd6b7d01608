"""Exceptions on their way through C: kept while C returns, then raised again.

No exception may cross C. A callback that raises (callbacks.py) keeps its exception here; when the C call has returned,
the method that made it raises it again, with its traceback:

    if kept:
        drop_left_behind()
    rc = lib.gcffi_...(...)
    if kept or rc < 0:
        fail(...)
"""

from __future__ import annotations

from threading import get_ident

from gearman_cffi._libgearman.native import lib

# By thread: several may be inside C at once, each with an exception of its own.
kept: dict[int, BaseException] = {}


def keep(error: BaseException) -> None:
    """Keeps what a callback of this thread has raised; of several the last, with the one before as its context."""
    thread = get_ident()
    earlier = kept.get(thread)
    if earlier is not None and earlier is not error and error.__context__ is None:
        error.__context__ = earlier
    kept[thread] = error


def raise_kept() -> None:
    """Raises what a callback of this thread raised during the C call that has just returned, if anything."""
    error = kept.pop(get_ident(), None)
    if error is not None:
        raise error


def drop_left_behind() -> None:
    """Forgets what an earlier call of this thread kept and a signal handler kept it from raising."""
    if not lib.gcffi_is_calling():
        kept.pop(get_ident(), None)
