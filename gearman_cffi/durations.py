"""The one place where the Python layer's seconds become the milliseconds of libgearman and gearmand."""

from __future__ import annotations

import math
from datetime import timedelta

MOST_MILLISECONDS = 2**31 - 1  # a C int; about 24 days


def to_milliseconds(duration: float | timedelta | None, name: str = "timeout") -> int | None:
    """Seconds (int, float) or a timedelta as milliseconds, rounded up; None, for no limit, stays None.

    Raises TypeError for anything else, and ValueError for what is not above zero or above 2**31 - 1 ms.
    """
    if duration is None:
        return None
    if isinstance(duration, bool) or not isinstance(duration, (int, float, timedelta)):
        raise TypeError(f"{name} must be seconds, a timedelta or None, not {type(duration).__name__}")
    seconds = duration.total_seconds() if isinstance(duration, timedelta) else duration
    if not seconds > 0:  # also nan
        raise ValueError(f"{name} must be above 0 seconds, not {duration!r}; None waits without a limit")
    if seconds * 1000 > MOST_MILLISECONDS:
        raise ValueError(f"{name} must be at most {MOST_MILLISECONDS // 1000} seconds, not {duration!r}")
    return math.ceil(seconds * 1000)
