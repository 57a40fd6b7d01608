"""Priorities, and the kinds of submission that they stand for."""

from __future__ import annotations

from enum import IntEnum

from gearman_cffi.exceptions import InvalidArgument
from gearman_cffi.ext import JobKind
from gearman_cffi.messages import short_repr


class Priority(IntEnum):
    """The order in which a server gives out jobs of a function. The values are dmank's; libgearman's are reversed.

    Example:
            client.execute_in_background("mail", "anna@example.org", priority=Priority.HIGH)
    """

    LOW = 0
    NORMAL = 1
    HIGH = 2


_FOREGROUND = {Priority.LOW: JobKind.LOW, Priority.NORMAL: JobKind.NORMAL, Priority.HIGH: JobKind.HIGH}
_BACKGROUND = {
    Priority.LOW: JobKind.LOW_BACKGROUND,
    Priority.NORMAL: JobKind.BACKGROUND,
    Priority.HIGH: JobKind.HIGH_BACKGROUND,
}


def job_kind(priority: Priority | int | None, background: bool) -> int:
    """Returns the JobKind for a priority, which may be its number. Raises InvalidArgument for anything else."""
    try:
        return (_BACKGROUND if background else _FOREGROUND)[priority]  # type: ignore[index]
    except (KeyError, TypeError):
        raise InvalidArgument(
            f"priority must be Priority.LOW (0), Priority.NORMAL (1) or Priority.HIGH (2), not {short_repr(priority)}"
        ) from None
