"""libgearman's functions that need no object."""

from __future__ import annotations

from gearman_cffi._libgearman.buffers import decode
from gearman_cffi._libgearman.native import lib


def bug_report_address() -> str:
    """Where libgearman's bugs are reported (gearman_bugreport)."""
    return decode(lib.gearman_bugreport()) or ""


def return_code_name(rc: int) -> str:
    """The C name of a return code, such as GEARMAN_TIMEOUT (gearman_strerror); unknown ones by their number."""
    known = 0 <= rc <= lib.GEARMAN_MAX_RETURN
    return decode(lib.gearman_strerror(rc)) or "" if known else f"return code {rc}"


def verbosity_name(level: int) -> str:
    """The name of a verbosity level (gearman_verbose_name)."""
    return decode(lib.gearman_verbose_name(min(level, lib.GEARMAN_VERBOSE_MAX))) or ""
