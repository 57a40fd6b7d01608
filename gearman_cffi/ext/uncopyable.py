"""Objects that represent an object of libgearman cannot be copied or pickled."""

from __future__ import annotations

from typing import NoReturn


class Uncopyable:
    """Refuses copy and pickle with a TypeError. PHP's clone of such an object reads freed memory."""

    __slots__ = ()

    def __copy__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} cannot be copied: it represents an object of libgearman")

    def __deepcopy__(self, memo: object) -> NoReturn:
        self.__copy__()

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} cannot be pickled: it represents an object of libgearman")
