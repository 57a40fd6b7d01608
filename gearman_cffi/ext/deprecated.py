"""What PHP's manual documents and the extension has dropped, as aliases that warn with DeprecationWarning."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any


def warn_deprecated(old: str, new: str) -> None:
    """Warns at the place in the user's program that called the alias."""
    warnings.warn(f"{old} is deprecated, use {new}", DeprecationWarning, stacklevel=3)


def _alias(php_class: str, old: str, new: str) -> Callable[..., Any]:
    """A method that warns and calls another of the same object."""

    def method(self: object, *arguments: Any, **named: Any) -> Any:
        warn_deprecated(f"{php_class}.{old}()", f"{php_class}.{new}()")
        return getattr(self, new)(*arguments, **named)

    method.__name__ = old
    method.__qualname__ = f"{php_class}.{old}"
    method.__doc__ = f"Deprecated: {new}() under its old name."
    return method


def _clone(self: Any) -> Any:
    """Deprecated: a new object with the same servers, options, timeout and functions, and no tasks."""
    kind = type(self).__name__
    warn_deprecated(f"{kind}.clone()", f"a new {kind}")
    return self._clone()


class DeprecatedClient:
    """GearmanClient's dropped names."""

    clone = _clone

    do = _alias("GearmanClient", "do", "doNormal")
    echo = _alias("GearmanClient", "echo", "ping")
    data = _alias("GearmanClient", "data", "context")
    setData = _alias("GearmanClient", "setData", "setContext")
    setClientCallback = _alias("GearmanClient", "setClientCallback", "setDataCallback")


class DeprecatedWorker:
    """GearmanWorker's dropped names."""

    clone = _clone

    echo = _alias("GearmanWorker", "echo", "ping")


class DeprecatedJob:
    """GearmanJob's dropped names."""

    __slots__ = ()

    complete = _alias("GearmanJob", "complete", "sendComplete")
    data = _alias("GearmanJob", "data", "sendData")
    exception = _alias("GearmanJob", "exception", "sendException")
    fail = _alias("GearmanJob", "fail", "sendFail")
    status = _alias("GearmanJob", "status", "sendStatus")
    warning = _alias("GearmanJob", "warning", "sendWarning")


class DeprecatedTask:
    """GearmanTask's dropped names."""

    __slots__ = ()

    @classmethod
    def create(cls) -> Any:
        """Deprecated: an empty GearmanTask."""
        warn_deprecated("GearmanTask.create()", "GearmanTask()")
        return cls()

    function = _alias("GearmanTask", "function", "functionName")
    uuid = _alias("GearmanTask", "uuid", "unique")
    sendData = _alias("GearmanTask", "sendData", "sendWorkload")
