"""Runs the steps of php_oracle.php with the mirror, and sees what it sees: values, warnings, callbacks, states."""

from __future__ import annotations

import functools
import types
import warnings
from collections.abc import Callable
from typing import Any

from gearman_cffi import ext
from gearman_cffi.ext import GearmanClient, GearmanJob, GearmanTask, GearmanWorker

Step = dict[str, Any]
Answer = dict[str, Any]


class Text:
    """An object with a text, which is accepted in place of a string."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text


class RuntimeException(Exception):  # noqa: N818 # PHP's name
    """What a callback or a function raises in a program, as in PHP."""


class Mirror:
    """The objects of one program."""

    def __init__(self) -> None:
        self.objects: dict[str, Any] = {}
        self._events: list[Any] = []

    def run(self, step: Step) -> Answer:
        """Makes an object, calls a method, or reads a task. Returns what php_oracle.php answers."""
        self._events = []
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            value = observed(lambda: self._value(step))
        subject = self.objects.get(step.get("on") or step.get("as") or "")
        state = []
        if isinstance(subject, (GearmanClient, GearmanWorker)):
            state = [subject.returnCode(), encoded(subject.error()), subject.getErrno()]
        kinds = {"DeprecationWarning": "Deprecated"}
        shown = [[kinds.get(one.category.__name__, "Warning"), encoded(str(one.message))["s"]] for one in caught]
        return {"value": value, "warnings": shown, "events": self._events, "state": state}

    def _value(self, step: Step) -> Any:
        if "state of" in step:
            return task_state(self.objects[step["state of"]])
        if "new" in step:
            value = getattr(ext, step["new"])()
        else:
            method = getattr(self.objects[step["on"]], step["call"])
            value = method(*map(self._decoded, step["with"]))
        if "as" in step and isinstance(value, (GearmanClient, GearmanWorker, GearmanTask, GearmanJob)):
            self.objects[step["as"]] = value
        return value

    def _decoded(self, given: Any) -> Any:
        if isinstance(given, list):
            return [self._decoded(one) for one in given]
        if not isinstance(given, dict):
            return given
        ((kind, value),) = given.items()
        decode: dict[str, Callable[[], Any]] = {
            "s": lambda: as_argument(value),
            "f": lambda: float(value),
            "ref": lambda: self.objects[value],
            "text": lambda: Text(value),
            "object": types.SimpleNamespace,
            "callback": lambda: self._callback(value),
            "function": lambda: self._function(value),
        }
        return decode[kind]()

    def _callback(self, spec: Step) -> Callable[..., Any]:
        then = list(spec["then"])

        def callback(task: GearmanTask, *context: Any) -> Any:
            self._events.append([encoded(list(context)), spec["name"], encoded(task_state(task))])
            return self._outcome(then.pop(0) if then else None)

        return callback

    def _function(self, spec: Step) -> Callable[..., Any]:
        def function(job: GearmanJob, context: Any) -> Any:
            seen = [job.functionName(), job.workload(), job.workloadSize(), job.unique(), job.handle()]
            self._events.append([encoded(context), "job", encoded([*seen, job.returnCode()])])
            for name, what in spec["calls"]:
                value = observed(functools.partial(getattr(job, name), *map(self._decoded, what)))
                self._events.append([None, name, value, job.returnCode()])
            return self._outcome(spec["then"])

        return function

    def _outcome(self, then: Any) -> Any:
        if isinstance(then, dict) and "raise" in then:
            raise RuntimeException(then["raise"])
        return self._decoded(then)


def as_argument(text: str) -> str | bytes:
    """The bytes of a string of PHP: a str where they are UTF-8, so that both types are tried."""
    data = text.encode("latin-1")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def encoded(value: Any) -> Any:
    """A value as php_oracle.php writes it."""
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogateescape")
    if isinstance(value, bytes):
        return {"s": value.decode("latin-1")}
    if isinstance(value, float):
        return {"f": repr(value)}
    if isinstance(value, (list, tuple)):
        return [encoded(one) for one in value]
    if value is None or isinstance(value, (bool, int)):
        return int(value) if isinstance(value, ext.ReturnCode) else value
    return {"object": type(value).__name__}


def observed(call: Callable[[], Any]) -> Any:
    """What a call returns or raises, encoded."""
    try:
        return encoded(call())
    except Exception as error:
        text = error.getMessage() if isinstance(error, ext.GearmanException) else str(error)
        return {"raised": type(error).__name__, "message": encoded(text)}


def task_state(task: GearmanTask) -> list[Any]:
    """What the accessors of a task return."""
    methods = (
        task.returnCode,
        task.functionName,
        task.unique,
        task.jobHandle,
        task.isKnown,
        task.isRunning,
        task.taskNumerator,
        task.taskDenominator,
        task.data,
        task.dataSize,
    )
    return [method() for method in methods]
