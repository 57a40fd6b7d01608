"""Checks of the names that are sent: functions, unique keys and job handles."""

from __future__ import annotations

from gearman_cffi.exceptions import InvalidArgument
from gearman_cffi.ext import GEARMAN_JOB_HANDLE_SIZE, GEARMAN_UNIQUE_SIZE
from gearman_cffi.messages import short_repr

MAX_FUNCTION_NAME = 512
MAX_NAMESPACE = 128  # libgearman copies namespace and function to 1024 bytes without a check
MAX_UNIQUE = GEARMAN_UNIQUE_SIZE - 1  # Q25: libgearman cuts 64 bytes to 63, so that two keys could become one
MAX_HANDLE = GEARMAN_JOB_HANDLE_SIZE - 1  # Q24: libgearman never matches the answer to a longer one


def check_namespace(namespace: str | None) -> str:
    """Returns the namespace, "" for none. Raises what check_name() raises."""
    if namespace is None:
        return ""
    check_name(namespace, "a namespace", MAX_NAMESPACE)
    return namespace


def check_name(name: str, what: str, longest: int) -> bytes:
    """Returns the name in UTF-8, as it is sent.

    Raises TypeError if it is not a str, InvalidArgument if it is empty, contains NUL or has more than longest bytes:
    libgearman would refuse it, cut it, or wait for ever. what names it in the message, such as "a job handle".
    """
    if not isinstance(name, str):
        raise TypeError(f"{what} must be a str, not {type(name).__name__}")
    try:
        encoded = name.encode()
    except UnicodeEncodeError as error:
        raise InvalidArgument(f"{what} must be text that UTF-8 can encode: {error}") from None
    if not encoded:
        raise InvalidArgument(f"{what} must not be empty")
    if "\0" in name:
        raise InvalidArgument(f"{what} must not contain NUL: {short_repr(name)}")
    if len(encoded) > longest:
        raise InvalidArgument(f"{what} must have at most {longest} bytes in UTF-8, not {len(encoded)}")
    return encoded
