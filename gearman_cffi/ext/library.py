"""The functions of PHP's extension that take no object: version, bug reports, verbosity."""

from __future__ import annotations

from gearman_cffi._libgearman import bug_report_address, capabilities, verbosity_name
from gearman_cffi.ext.arguments import integer
from gearman_cffi.ext.warnings import warn


def gearman_version() -> str:
    """The version of libgearman.

    Returns:
        The text, such as "1.1.20+ds".

    Example:
            version = gearman_version()  # such as "1.1.20+ds"

    Equivalent to gearman_version().
    """
    return capabilities.version


def gearman_bugreport() -> str:
    """The address for reports of bugs in libgearman.

    Returns:
        The address.

    Example:
            print("please report bugs of libgearman at", gearman_bugreport())

    Equivalent to gearman_bugreport().
    """
    return bug_report_address()


def gearman_verbose_name(verbose: int) -> str | None:
    """The name of a verbosity level.

    Args:
        verbose: The level.

    Returns:
        The name; None with a warning if it is negative.

    Example:
            gearman_verbose_name(GEARMAN_VERBOSE_ERROR)  # "ERROR"

    Equivalent to gearman_verbose_name().
    """
    level = integer(verbose, "verbose")
    if level < 0:
        warn("gearman_verbose_name()", "Input must be an integer greater than 0.")
        return None
    return verbosity_name(level)
