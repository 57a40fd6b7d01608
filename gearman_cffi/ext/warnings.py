"""Warnings where PHP warns, shown at the line of the program that made the call."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from gearman_cffi.ext.exception import GearmanWarning

_OURS = __name__.partition(".")[0] + "."
# The procedural function that is calling a method: PHP's warnings begin with its name.
_function: ContextVar[str | None] = ContextVar("gearman function", default=None)


@contextmanager
def called_as(function: str, obj: object, kind: type) -> Iterator[None]:
    """While the block runs, warnings begin with the name of a procedural function.

    obj: the function's first argument. Raises TypeError if it is not an object of the class kind.
    """
    if not isinstance(obj, kind):
        raise TypeError(f"{function}(): obj must be a {kind.__name__}, not {type(obj).__name__}")
    token = _function.set(function)
    try:
        yield
    finally:
        _function.reset(token)


def warn_deprecated(old: str, new: str) -> None:
    """Warns that a method or function is called by a name that PHP's extension has dropped."""
    warnings.warn(f"{old} is deprecated, use {new}", DeprecationWarning, stacklevel=3)


def warn(call: str, text: str) -> None:
    """Warns with ``call: text``, as PHP writes it. call: such as ``GearmanClient::doNormal()``."""
    level = 1
    frame = sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(_OURS):
        frame = frame.f_back
        level += 1
    function = _function.get()
    warnings.warn(GearmanWarning(f"{function}(): {text}" if function else f"{call}: {text}"), stacklevel=level)
