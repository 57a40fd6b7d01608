"""Converts data and names for C and from C; libgearman's own texts."""

from __future__ import annotations

from typing import Any, TypeAlias

from gearman_cffi._libgearman.native import ffi, lib

Data: TypeAlias = bytes | bytearray | memoryview

NULL = ffi.NULL


def decode(text: Any) -> str | None:
    """Decodes a C string for messages; None for NULL. Bytes that are not UTF-8 become backslash escapes."""
    return ffi.string(text).decode("utf-8", "backslashreplace") if text else None


def decode_name(name: Any) -> str | None:
    """Decodes a C string that is a name; None for NULL. Bytes that are not UTF-8 become surrogate escapes."""
    return ffi.string(name).decode("utf-8", "surrogateescape") if name else None


def bug_report_address() -> str:
    """The address for bug reports of libgearman (gearman_bugreport)."""
    return decode(lib.gearman_bugreport()) or ""


def return_code_name(rc: int) -> str:
    """The C name of a return code, such as GEARMAN_TIMEOUT (gearman_strerror); unknown ones by their number."""
    known = 0 <= rc <= lib.GEARMAN_MAX_RETURN
    return decode(lib.gearman_strerror(rc)) or "" if known else f"return code {rc}"


def verbosity_name(level: int) -> str:
    """The name of a verbosity level (gearman_verbose_name)."""
    return decode(lib.gearman_verbose_name(min(level, lib.GEARMAN_VERBOSE_MAX))) or ""
