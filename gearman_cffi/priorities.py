"""Priorities, and the kinds of submission that they stand for."""

from __future__ import annotations

from enum import IntEnum

from gearman_cffi.exceptions import InvalidArgument
from gearman_cffi.ext import JobKind
from gearman_cffi.messages import short_repr


class Priority(IntEnum):
    """How soon a server hands a job out; the values are dmank's (libgearman's own run the other way)."""

    LOW = 0
    NORMAL = 1
    HIGH = 2


# A number of the same value is found too; a look into a dict costs a tenth of asking the enum.
_FOREGROUND = {Priority.LOW: JobKind.LOW, Priority.NORMAL: JobKind.NORMAL, Priority.HIGH: JobKind.HIGH}
_BACKGROUND = {
    Priority.LOW: JobKind.LOW_BACKGROUND,
    Priority.NORMAL: JobKind.BACKGROUND,
    Priority.HIGH: JobKind.HIGH_BACKGROUND,
}


def job_kind(priority: Priority | int, background: bool) -> int:
    """The kind of submission for a priority. Raises InvalidArgument for what is none."""
    try:
        return (_BACKGROUND if background else _FOREGROUND)[priority]  # type: ignore[index]
    except (KeyError, TypeError):
        raise InvalidArgument(
            f"priority must be Priority.LOW (0), Priority.NORMAL (1) or Priority.HIGH (2), not {short_repr(priority)}"
        ) from None
