"""The mark of a job that may be tried again: a suffix of its unique key, which says which attempt it is, of how many.

A worker learns nothing else about a job that the client has chosen, and the server stores the key. `order-7~try2/6` is
the second of six attempts of the job with the key `order-7`. An `f` at the end marks a job in the foreground.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import NamedTuple

from gearman_cffi.checks import MAX_UNIQUE, check_name
from gearman_cffi.exceptions import InvalidArgument
from gearman_cffi.messages import short_repr

MAX_RETRIES = 98
_MARK = re.compile(r"(.+)~try([1-9][0-9]?)/([1-9][0-9]?)(f?)", re.DOTALL)
_BEGIN = "~try"
_WORKLOAD_IS_KEY = "-"  # for gearmand


class Attempt(NamedTuple):
    """An attempt of a job: its number, from 1, and how many there are at most. key: the unique key without the mark."""

    key: str
    number: int
    most: int
    is_foreground: bool

    @classmethod
    def first(cls, unique: str | None, workload: bytes, retries: int, is_foreground: bool) -> Attempt:
        """Returns the first attempt of a job with this key; None for a generated one.

        Raises InvalidArgument for a key that leaves no room for the mark, and for a number of retries that is not from
        0 to MAX_RETRIES, TypeError for other types.
        """
        if isinstance(retries, bool) or not isinstance(retries, int):
            raise TypeError(f"retries must be an int, not {type(retries).__name__}")
        if not 0 <= retries <= MAX_RETRIES:
            raise InvalidArgument(f"retries must be from 0 to {MAX_RETRIES}, not {short_repr(retries)}")
        if unique is not None:
            check_unmarked(unique)
        attempt = cls(_key_of(unique, workload), 1, retries + 1, is_foreground)
        longest = MAX_UNIQUE - len(attempt._last.unique) + len(attempt.key)
        check_name(attempt.key, "the unique key of a job with retries", longest)
        return attempt

    @classmethod
    def of_worker(cls, unique: str, workload: bytes, retries: int) -> Attempt:
        """Returns the first attempt of a job that no client has marked, but whose handler may try it again.

        Its client may wait for it, and gets the failure of this attempt.
        """
        return cls(_key_of(unique or None, workload), 1, retries + 1, is_foreground=False)

    @classmethod
    def read(cls, unique: str) -> Attempt | None:
        """Returns the attempt that a key is marked with, None if it is not."""
        found = _MARK.fullmatch(unique) if _BEGIN in unique else None
        if found is None:
            return None
        key, number, most, foreground = found.groups()
        return cls(key, int(number), int(most), bool(foreground)) if int(number) <= int(most) else None

    @property
    def unique(self) -> str:
        """The unique key with the mark."""
        return f"{self.key}~try{self.number}/{self.most}{'f' if self.is_foreground else ''}"

    @property
    def _last(self) -> Attempt:
        return self._replace(number=self.most)

    def next(self) -> Attempt | None:
        """Returns the attempt after this one, None if it is the last.

        A key that another library's client has chosen may leave no room for the mark, or not be text. The next attempt
        has a digest in its place: libgearman would cut the mark off.
        """
        if self.number >= self.most:
            return None
        following = self._replace(number=self.number + 1)
        try:
            check_name(self._last.unique, "a unique key", MAX_UNIQUE)
        except InvalidArgument:
            return following._replace(key=_digest(self.key.encode("utf-8", "surrogateescape")))
        return following


def keys_of_attempts(unique: str, retries: int) -> Iterator[str]:
    """Returns the keys of the attempts of a background job, in order. Raises what Attempt.first() raises."""
    first = Attempt.first(unique, b"", retries, is_foreground=False)
    return (first._replace(number=number).unique for number in range(1, first.most + 1))


def check_unmarked(unique: str) -> None:
    """Raises InvalidArgument for a key that ends as a mark does."""
    if Attempt.read(unique) is not None:
        raise InvalidArgument(
            f"a unique key must not end as {short_repr(unique)} does: '~try1/6' marks an attempt of a job with retries"
        )


def _key_of(unique: str | None, workload: bytes) -> str:
    """The key of a job's attempts. unique: the key that its client has chosen; None for a generated one."""
    if unique is None:
        return os.urandom(16).hex()
    return _digest(workload) if unique == _WORKLOAD_IS_KEY else unique


def _digest(data: bytes) -> str:
    from hashlib import sha256  # which loads OpenSSL: that takes longer than the rest of this package

    return sha256(data).hexdigest()[:40]
