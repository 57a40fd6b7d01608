"""Checks of the names that are sent: functions, unique keys, job handles."""

from __future__ import annotations

from gearman_cffi.exceptions import InvalidArgument
from gearman_cffi.ext import GEARMAN_JOB_HANDLE_SIZE, GEARMAN_UNIQUE_SIZE
from gearman_cffi.messages import short_repr

LONGEST_FUNCTION = 512
LONGEST_UNIQUE = GEARMAN_UNIQUE_SIZE - 1  # libgearman takes 64 and keeps 63: two keys would become one
LONGEST_HANDLE = GEARMAN_JOB_HANDLE_SIZE - 1  # the answer to a longer one is never matched


def check_name(name: str, what: str, longest: int) -> bytes:
    """The name as it is sent. Raises for what libgearman would refuse, cut short, or wait for without end.

    TypeError for what is no str, InvalidArgument for an empty name, one with NUL, one with too many bytes.
    """
    if not isinstance(name, str):
        raise TypeError(f"{what} must be a str, not {type(name).__name__}")
    try:
        sent = name.encode()
    except UnicodeEncodeError as error:
        raise InvalidArgument(f"{what} must be text that UTF-8 can write: {error}") from None
    if not sent:
        raise InvalidArgument(f"{what} must not be empty")
    if "\0" in name:
        raise InvalidArgument(f"{what} must not contain NUL: {short_repr(name)}")
    if len(sent) > longest:
        raise InvalidArgument(f"{what} must have at most {longest} bytes in UTF-8, not {len(sent)}")
    return sent
