"""Runs one job and shows what the worker and a client with all callbacks see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gearman_cffi.ext import GearmanClient, GearmanTask, GearmanWorker
from tests.parity.python.lib import join_kid, out, port, spawn, start_gearmand, until_ready, v, value, work

P = port("P")
start_gearmand(P)
_names: list[str] = []


class OopsError(Exception):
    def __init__(self, text: str = "", code: int = 0) -> None:
        super().__init__(text)
        self.code = code


def cl(exceptions: bool = True) -> GearmanClient:
    c = GearmanClient()
    c.addServer("127.0.0.1", P, exceptions)
    c.setTimeout(5000)
    return c


def _serve(name: str, function: Callable[..., Any], works: int, context: list[Any]) -> None:
    w = GearmanWorker()
    w.addServer("127.0.0.1", P)
    w.addFunction(name, function, *context)
    w.setTimeout(5000)
    work(w)
    w.setTimeout(150)
    for _ in range(1, works):
        work(w)


def _shows(name: str) -> Callable[..., None]:
    def called(task: GearmanTask, context: object) -> None:
        status = f" {task.taskNumerator()}/{task.taskDenominator()}" if name == "Status" else ""
        out(f"{name} {v(task.data())}{status}")

    return called


def _submit(name: str, exceptions: bool) -> None:
    c = cl(exceptions)
    for callback in ("Data", "Warning", "Status", "Complete", "Exception", "Fail"):
        if callback != "Exception" or exceptions:
            getattr(c, f"set{callback}Callback")(_shows(callback))
    c.addTask(name, "W", None, "uq")
    value("runTasks", c.runTasks)


def scenario(
    label: str, function: Callable[..., Any], works: int = 1, context: list[Any] | None = None, exceptions: bool = True
) -> None:
    name = f"fn{len(_names) + 1}"
    _names.append(name)
    out(f"-- {label}")
    k = spawn(_serve, name, function, works, context or [], name="w")
    until_ready(P, name)
    c = spawn(_submit, name, exceptions, name="c")
    join_kid(c)
    join_kid(k)
