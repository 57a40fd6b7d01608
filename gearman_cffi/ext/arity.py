"""How many arguments a callback takes: PHP's functions ignore arguments that they do not name, Python's refuse them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

_ANY_NUMBER = inspect.Parameter.VAR_POSITIONAL
_BY_POSITION = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def positional(function: Callable[..., Any], most: int) -> int:
    """Returns the number of positional arguments that a function takes, at most ``most``.

    For the wrapper of a decorator that takes any number, that of the function that it wraps. ``most`` if there is no
    signature, as for some builtins.
    """
    kinds = _parameter_kinds(function, follow_wrapped=False)
    if kinds is None or _ANY_NUMBER in kinds:
        kinds = _parameter_kinds(function, follow_wrapped=True)
    if kinds is None or _ANY_NUMBER in kinds:
        return most
    return min(most, sum(kind in _BY_POSITION for kind in kinds))


def _parameter_kinds(function: Callable[..., Any], *, follow_wrapped: bool) -> list[Any] | None:
    try:
        signature = inspect.signature(function, follow_wrapped=follow_wrapped)
    except (TypeError, ValueError):
        return None
    return [parameter.kind for parameter in signature.parameters.values()]
