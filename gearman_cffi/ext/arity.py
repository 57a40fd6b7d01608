"""How many arguments a callback is given: PHP's functions leave out what they do not name, Python's refuse it."""

from __future__ import annotations

from types import FunctionType, MethodType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_VARARGS = 4  # inspect.CO_VARARGS


def positional(function: Callable[..., Any], most: int) -> int:
    """The number of positional arguments that a function takes, at most ``most``; that where it does not tell."""
    plain = function.__func__ if isinstance(function, MethodType) else function
    if not isinstance(plain, FunctionType) or plain.__dict__:  # no function, or one that stands for another
        return _inspected(function, most)
    code = plain.__code__
    if code.co_flags & _VARARGS:
        return most
    return min(most, code.co_argcount - (plain is not function))


def _inspected(function: Callable[..., Any], most: int) -> int:
    import inspect  # which costs more than all of the mirror, and few callbacks need it

    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # builtins without a signature
        return most
    kinds = [parameter.kind for parameter in parameters]
    if inspect.Parameter.VAR_POSITIONAL in kinds:
        return most
    by_place = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return min(most, sum(kind in by_place for kind in kinds))
