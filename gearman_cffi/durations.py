"""The one place where the Python layer's seconds become the milliseconds of libgearman and gearmand."""

from __future__ import annotations

import math

from gearman_cffi.messages import short_repr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import timedelta

MOST_MILLISECONDS = 2**31 - 1  # a C int; about 24 days
LEAST_TIME_LIMIT = 1000  # gearmand takes anything below for this

_UNITS = {"second": 1, "sec": 1, "minute": 60, "min": 60, "hour": 3600, "day": 86400, "week": 604800}


def to_milliseconds(duration: float | timedelta | None, name: str = "timeout") -> int | None:
    """Seconds (int, float) or a timedelta as milliseconds, rounded up; None, for no limit, stays None.

    Raises TypeError for anything else, and ValueError for what is not above zero or above 2**31 - 1 ms.
    """
    if duration is None:
        return None
    seconds = _seconds(duration)
    if seconds is None:
        raise TypeError(f"{name} must be seconds, a timedelta or None, not {type(duration).__name__}")
    if not seconds > 0:  # also nan
        raise ValueError(f"{name} must be above 0 seconds, not {short_repr(duration)}; None waits without a limit")
    if seconds * 1000 > MOST_MILLISECONDS:
        raise ValueError(f"{name} must be at most {MOST_MILLISECONDS // 1000} seconds, not {short_repr(duration)}")
    return math.ceil(seconds * 1000)


def to_time_limit(duration: float | timedelta | None) -> int:
    """A handler's time limit as a worker announces it; 0 for none.

    gearmand 1.1.20 takes milliseconds where its documents say seconds, and 1000 for anything less. Raises what
    to_milliseconds() raises, and ValueError below one second.
    """
    milliseconds = to_milliseconds(duration, "time_limit")
    if milliseconds is None:
        return 0
    if milliseconds < LEAST_TIME_LIMIT:
        raise ValueError(
            f"time_limit must be at least 1 second, not {short_repr(duration)}: gearmand knows no shorter one"
        )
    return milliseconds


def to_span(duration: str | float | timedelta) -> timedelta:
    """A span of time given as timedelta, as seconds, or in words: '+2 hours', '1 day 30 minutes', '-1 second'.

    The words are those of PHP's DateTime::modify() whose length does not depend on the calendar. Raises
    ValueError for other words, nan and inf, TypeError for other types.
    """
    from datetime import timedelta

    if isinstance(duration, timedelta):
        return duration
    seconds = _in_words(duration) if isinstance(duration, str) else _seconds(duration)
    if seconds is None:
        raise TypeError(f"expected a timedelta, seconds or words such as '+2 hours', not {type(duration).__name__}")
    if not math.isfinite(seconds):
        raise ValueError(f"{short_repr(duration)} is no number of seconds")
    return timedelta(seconds=seconds)


def _seconds(duration: object) -> float | None:
    """Of a number or a timedelta; None for anything else."""
    if isinstance(duration, (int, float)):
        return None if isinstance(duration, bool) else duration
    from datetime import timedelta  # heavy; who gives one has it already

    return duration.total_seconds() if isinstance(duration, timedelta) else None


def _in_words(words: str) -> int:
    import re  # few durations are words

    a_part = re.compile(r"\s*([+-]?)\s*(\d+)\s*([a-z]+)\s*", re.IGNORECASE)
    seconds, at = 0, 0
    while at < len(words) or not at:
        part = a_part.match(words, at)
        length = _UNITS.get(part[3].lower()) or _UNITS.get(part[3].lower().removesuffix("s")) if part else None
        if part is None or length is None:
            raise ValueError(
                f"{short_repr(words)} is no span of time: write it as '+2 hours', '90 minutes' or '1 day 12 hours'"
            )
        seconds += int(part[1] + part[2]) * length
        at = part.end()
    return seconds
