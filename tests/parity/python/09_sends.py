"""The send*() methods in a worker's function."""
# ruff: noqa: F403, F405

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from gearman_cffi.ext import *
from tests.parity.python.lib import head, out, rc_name, v
from tests.parity.python.one_job import scenario

Steps: TypeAlias = list[tuple[Any, ...]]


def sends(*calls: tuple[Any, ...]) -> Callable[[GearmanJob, Any], str]:
    def function(job: GearmanJob, context: Any) -> str:
        for method, *arguments in calls:
            out(f"{method} {v(getattr(job, method)(*arguments))} rc {rc_name(job.returnCode())}")
        return "R"

    return function


head("before the function returns")
steps: dict[str, Steps] = {
    "sendComplete": [("sendComplete", "C")],
    "sendComplete twice": [("sendComplete", "C1"), ("sendComplete", "C2")],
    "sendComplete, empty": [("sendComplete", "")],
    "sendFail": [("sendFail",)],
    "sendFail twice": [("sendFail",), ("sendFail",)],
    "sendFail, sendComplete": [("sendFail",), ("sendComplete", "C")],
    "sendComplete, sendFail": [("sendComplete", "C"), ("sendFail",)],
    "sendException": [("sendException", "E")],
    "sendException, sendComplete": [("sendException", "E"), ("sendComplete", "C")],
    "sendException, sendFail": [("sendException", "E"), ("sendFail",)],
    "the rest after sendComplete": [
        ("sendComplete", "C"),
        ("sendData", "late"),
        ("sendStatus", 1, 2),
        ("sendWarning", "w"),
        ("sendException", "E"),
    ],
    "empty data and warning": [("sendData", ""), ("sendWarning", "")],
    "odd statuses": [
        ("sendStatus", 0, 0),
        ("sendStatus", 5, 2),
        ("sendStatus", -1, 10),
        ("sendStatus", 4294967295, 1),
    ],
    "binary data": [("sendData", b"a\0b\xff"), ("sendWarning", "\0"), ("sendException", b"\0e\0")],
}
for label, calls in steps.items():
    scenario(label, sends(*calls))
scenario("sendException, empty", sends(("sendException", "")), 2)
