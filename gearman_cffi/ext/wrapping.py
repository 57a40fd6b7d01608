"""A function in the place of another one.

functools, which has that too, costs as much to import as all of the mirror.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    _Function = TypeVar("_Function", bound=Callable[..., Any])


def wrap(original: _Function, function: Callable[..., Any]) -> _Function:
    """Gives a function the name, the docstring and, for inspect, the signature of another one."""
    for name in ("__module__", "__name__", "__qualname__", "__doc__"):
        setattr(function, name, getattr(original, name))
    function.__wrapped__ = original  # type: ignore[attr-defined]
    return function  # type: ignore[return-value]
