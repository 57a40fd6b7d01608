"""How many arguments a callback takes: PHP's functions ignore arguments that they do not name, Python's refuse them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any


def positional(function: Callable[..., Any], most: int) -> int:
    """The number of positional arguments that a function takes, at most ``most``; ``most`` if it has no signature."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # builtins
        return most
    kinds = [parameter.kind for parameter in parameters]
    if inspect.Parameter.VAR_POSITIONAL in kinds:
        return most
    by_position = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return min(most, sum(kind in by_position for kind in kinds))
