"""do*() with jobs that send data, statuses and warnings, that fail or that raise."""
# ruff: noqa: F403, F405

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gearman_cffi.ext import *
from tests.parity.python.lib import call, head, isolated, kill_kid, out, port, rc_name, show, start_gearmand, v, worker

P = port("P")
start_gearmand(P)


def cl(exceptions: bool = True) -> GearmanClient:
    c = GearmanClient()
    c.addServer("127.0.0.1", P, exceptions)
    return c


def sends(*steps: tuple[Any, ...], result: str | None = None) -> Callable[[GearmanJob, Any], str | None]:
    """Returns a function for a worker that calls methods of its job, and returns a value."""

    def function(job: GearmanJob, context: Any) -> str | None:
        for method, *arguments in steps:
            getattr(job, method)(*arguments)
        return result

    return function


functions = {
    "data": sends(("sendData", "d1"), ("sendData", "d2"), result="R"),
    "status": sends(("sendStatus", 1, 4), ("sendStatus", 3, 4), result="R"),
    "warn": sends(("sendWarning", "w1"), result="R"),
    "mix": sends(("sendStatus", 1, 2), ("sendData", "d1"), ("sendWarning", "w1"), result="R"),
    "complete": sends(("sendComplete", "C"), result="R"),
    "fail": sends(("sendFail",), result="R"),
    "exc": sends(("sendException", "boom"), result="R"),
    "excfail": sends(("sendException", "boom"), ("sendFail",), result="R"),
    "datafail": sends(("sendData", "d1"), ("sendFail",)),
    "dataexc": sends(("sendData", "d1"), ("sendException", "boom")),
    "dataonly": sends(("sendData", "d1"), ("sendData", b"d\0 2")),
    "nothing": sends(),
    "empty": sends(result=""),
}
kid = worker(P, functions, 400)
for exceptions in (True, False):
    head(f"doNormal, setupExceptionHandler {v(exceptions)}")
    for name in functions:

        @isolated(name, name, exceptions)
        def _(f: str, exceptions: bool) -> None:
            c = cl(exceptions)
            call(f"doNormal({f})", c.doNormal, f, "x")
            out(f"    doStatus {v(c.doStatus())} doJobHandle {v(c.doJobHandle())}")


head("the loop of the manual")
for name in ("data", "status", "warn", "mix", "fail"):

    @isolated(name, name)
    def _(f: str) -> None:
        c = cl()
        for n in range(1, 7):
            r = c.doNormal(f, "x")
            rc = rc_name(c.returnCode())
            out(f"round {n}: {v(r)} rc {rc} status {v(c.doStatus())} handle {v(c.doJobHandle())}")
            if c.returnCode() in (GEARMAN_WORK_FAIL, GEARMAN_SUCCESS):
                break


head("one client after the other outcome")


@isolated("in a row")
def _() -> None:
    c = cl()
    for f in ("fail", "data", "exc", "warn", "fail", "status"):
        call(f"doNormal({f})", c.doNormal, f, "x")
    for m in ("doHigh", "doLow"):
        for f in ("exc", "mix"):
            call(f"{m}({f})", getattr(c, m), f, "x")


head("callbacks are not for do*")


def says(text: str) -> Callable[..., None]:
    return lambda *_: out(text)


@isolated("all set")
def _() -> None:
    c = cl()
    for n in ("Created", "Data", "Warning", "Status", "Complete", "Exception", "Fail"):
        getattr(c, f"set{n}Callback")(says(f"CALLBACK {n}"))
    for f in ("mix", "fail", "exc"):
        call(f"doNormal({f})", c.doNormal, f, "x")
    show("doBackground", c.doBackground("bg", "x") != "")


head("the exceptions option, later")


@isolated("enableExceptionHandler")
def _() -> None:
    c = cl(False)
    call("enableExceptionHandler", c.enableExceptionHandler)
    call("doNormal(exc)", c.doNormal, "exc", "x")


@isolated("setExceptionCallback")
def _() -> None:
    c = cl(False)
    call("setExceptionCallback", c.setExceptionCallback, lambda task: out(f"exception {v(task.data())}"))
    c.addTask("exc", "x")
    call("runTasks", c.runTasks)


kill_kid(kid)
