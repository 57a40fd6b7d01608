"""Converts seconds and timedelta to the milliseconds of libgearman and gearmand."""

from __future__ import annotations

import math
import re
import time
from datetime import datetime, timedelta

from gearman_cffi.exceptions import InvalidArgument
from gearman_cffi.messages import short_repr

MAX_MILLISECONDS = 2**31 - 1  # a C int; about 24 days
MIN_TIME_LIMIT = 1000  # milliseconds; gearmand uses this for anything less
MAX_EPOCH = 2**31 - 1  # the persistent queues of gearmand in PostgreSQL and MySQL store 32 bits
_LAST = "January 2038"

_PART = re.compile(r"([+-]?)\s*(\d+)\s*([a-z]+)\s*", re.IGNORECASE)
_UNITS = {"second": 1, "sec": 1, "minute": 60, "min": 60, "hour": 3600, "day": 86400, "week": 604800}


def to_milliseconds(duration: float | timedelta | None, name: str = "timeout") -> int | None:
    """Converts seconds (int, float) or a timedelta to milliseconds, rounded up; None, for no limit, stays None.

    Raises TypeError for other types, and ValueError if the duration is not above 0 or above 2**31 - 1 milliseconds.
    name is that of the argument, for the message.
    """
    if duration is None:
        return None
    if _seconds(duration) is None:
        raise TypeError(f"{name} must be seconds, a timedelta or None, not {type(duration).__name__}")
    return _checked_milliseconds(duration, name, "; None waits without a limit")


def to_required_milliseconds(duration: float | timedelta, name: str = "timeout") -> int:
    """to_milliseconds() for an argument that must have a limit. Raises TypeError for None too."""
    if _seconds(duration) is None:
        raise TypeError(f"{name} must be seconds or a timedelta, not {type(duration).__name__}")
    return _checked_milliseconds(duration, name, "")


def _checked_milliseconds(duration: float | timedelta, name: str, hint: str) -> int:
    seconds = duration.total_seconds() if isinstance(duration, timedelta) else duration
    if not seconds > 0:  # also nan
        raise ValueError(f"{name} must be above 0 seconds, not {short_repr(duration)}{hint}")
    if seconds * 1000 > MAX_MILLISECONDS:
        raise ValueError(f"{name} must be at most {MAX_MILLISECONDS // 1000} seconds, not {short_repr(duration)}")
    return math.ceil(seconds * 1000)


def to_time_limit(duration: float | timedelta | None) -> int:
    """Converts a handler's time limit to what a worker announces: milliseconds, 0 for no limit.

    gearmand 1.1.20 reads the number as milliseconds, where its documentation says seconds, and uses 1000 for anything
    less. Raises what to_milliseconds() raises, and ValueError below one second.
    """
    milliseconds = to_milliseconds(duration, "time_limit")
    if milliseconds is None:
        return 0
    if milliseconds < MIN_TIME_LIMIT:
        raise ValueError(
            f"time_limit must be at least 1 second, the shortest that gearmand supports, not {short_repr(duration)}"
        )
    return milliseconds


def to_epoch(delay: float | timedelta | None, at: datetime | None) -> int:
    """Converts a delay in seconds (0 or more) or as a timedelta, or a time, to a Unix time, rounded up.

    Returns 0 for no delay, and for a time that is past. Raises TypeError for other types, InvalidArgument for both or
    none of the two, a delay that is negative or not finite, a time without a time zone, and times that gearmand cannot
    store.
    """
    if (delay is None) == (at is None):
        raise InvalidArgument("give either delay or at, not both")
    if at is None:
        seconds = _seconds(delay)
        if seconds is None:
            raise TypeError(f"delay must be seconds or a timedelta, not {type(delay).__name__}")
        if not seconds >= 0:  # also nan
            raise InvalidArgument(f"delay must be at least 0 seconds, not {short_repr(delay)}")
        epoch = time.time() + seconds
    elif not isinstance(at, datetime):
        raise TypeError(f"at must be a datetime, not {type(at).__name__}; for seconds from now use delay")
    elif at.utcoffset() is None:
        raise InvalidArgument(f"at must have a time zone, which {at} has not: use at.astimezone() for local time")
    else:
        epoch = at.timestamp()
    if not delay and epoch <= time.time():
        return 0
    if epoch > MAX_EPOCH:
        raise InvalidArgument(f"a job can be delayed until {_LAST} at most, not by {short_repr(delay or at)}")
    return math.ceil(epoch)


def to_span(duration: str | float | timedelta) -> timedelta:
    """Converts seconds, or words such as '+2 hours', '1 day 30 minutes' and '-1 second', to a timedelta.

    The words are those of PHP's DateTime::modify() whose length does not depend on the calendar. Raises ValueError for
    other words, nan and inf, TypeError for other types.
    """
    if isinstance(duration, timedelta):
        return duration
    seconds = _in_words(duration) if isinstance(duration, str) else _seconds(duration)
    if seconds is None:
        raise TypeError(f"expected a timedelta, seconds or words such as '+2 hours', not {type(duration).__name__}")
    try:
        return timedelta(seconds=seconds)
    except (OverflowError, ValueError):  # inf, nan, and numbers beyond timedelta.max
        raise ValueError(f"invalid duration {short_repr(duration)}: it must be below a million days") from None


def _seconds(duration: object) -> float | None:
    """Returns the seconds of a number or a timedelta; None for other types."""
    if isinstance(duration, (int, float)):
        return None if isinstance(duration, bool) else duration
    return duration.total_seconds() if isinstance(duration, timedelta) else None


def _in_words(words: str) -> int:
    rest, seconds = words.strip(), 0
    if not rest:
        raise _invalid_words(words)
    while rest:
        part = _PART.match(rest)
        if part is None:
            raise _invalid_words(words)
        sign, number, unit = part.groups()
        length = _UNITS.get(unit.lower()) or _UNITS.get(unit.lower().removesuffix("s"))
        if length is None:
            raise _invalid_words(words)
        seconds += int(sign + number) * length
        rest = rest[part.end() :]
    return seconds


def _invalid_words(words: str) -> ValueError:
    return ValueError(f"invalid duration {short_repr(words)}: write it as '+2 hours', '90 minutes' or '1 day 12 hours'")
