"""Warnings where PHP warns, shown at the line of the program that made the call."""

from __future__ import annotations

import sys
import warnings
from contextvars import ContextVar, Token

from gearman_cffi.ext.exception import GearmanWarning

_OURS = __name__.partition(".")[0] + "."
# The procedural function through which a method is being called: PHP's warnings begin with its name.
_function: ContextVar[str | None] = ContextVar("gearman function", default=None)


class called_as:
    """A context in which the warnings of a method begin with the name of a procedural function.

    Raises TypeError for an object of another class.
    """

    __slots__ = ("_name", "_token")
    _token: Token[str | None]

    def __init__(self, function: str, obj: object, kind: type) -> None:
        if not isinstance(obj, kind):
            raise TypeError(f"{function}(): obj must be a {kind.__name__}, not {type(obj).__name__}")
        self._name = function

    def __enter__(self) -> None:
        self._token = _function.set(self._name)

    def __exit__(self, *error: object) -> None:
        _function.reset(self._token)


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
