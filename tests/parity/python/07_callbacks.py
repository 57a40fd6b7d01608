"""The arguments of callbacks, and what a task returns in every state."""
# ruff: noqa: F403, F405

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gearman_cffi.ext import *
from tests.parity.python.lib import (
    call,
    head,
    isolated,
    join_kid,
    kill_kid,
    live,
    out,
    port,
    rc_name,
    show,
    start_gearmand,
    until,
    v,
    value,
    worker,
)
from tests.parity.python.servers import TMP

P = port("P")
start_gearmand(P)


def cl() -> GearmanClient:
    c = GearmanClient()
    c.addServer("127.0.0.1", P)
    return c


def look(t: GearmanTask) -> str:
    return (
        f"handle {v(t.jobHandle())} unique {v(t.unique())} function {v(t.functionName())} data {v(t.data())} "
        f"size {v(t.dataSize())} {v(t.taskNumerator())}/{v(t.taskDenominator())} known {v(t.isKnown())} "
        f"running {v(t.isRunning())} rc {rc_name(t.returnCode())}"
    )


def prints(name: str) -> Callable[..., None]:
    return lambda *a: out(f"{name}: {v(a)} {look(a[0])}")


def all_callbacks(c: GearmanClient) -> None:
    for name in ("Created", "Data", "Warning", "Status", "Complete", "Exception", "Fail"):
        getattr(c, f"set{name}Callback")(prints(name))


def sends(*steps: tuple[Any, ...], result: str | None = None) -> Callable[[GearmanJob, Any], str | None]:
    def function(job: GearmanJob, context: Any) -> str | None:
        for method, *arguments in steps:
            getattr(job, method)(*arguments)
        return result

    return function


functions: dict[str, Callable[..., Any]] = {
    "ok": lambda job, context: b"R:" + job.workload(),
    "data": sends(("sendData", "d1"), ("sendData", b"d\x002"), result="R"),
    "status": sends(("sendStatus", 1, 4), ("sendStatus", 3, 4), result="R"),
    "warn": sends(("sendWarning", "w1"), result="R"),
    "mix": sends(("sendStatus", 1, 2), ("sendData", "d1"), ("sendWarning", "w1"), ("sendStatus", 2, 2), result="R"),
    "fail": sends(("sendFail",)),
    "datafail": sends(("sendData", "d1"), ("sendFail",)),
    "exc": sends(("sendException", b"bo\0om")),
    "statusexc": sends(("sendStatus", 1, 9), ("sendException", "boom")),
    "none": sends(),
}
kid = worker(P, functions, 400)
head("every callback, one task of each kind")
for name in functions:

    @isolated(name, name)
    def _(f: str) -> None:
        c = cl()
        all_callbacks(c)
        t = live(c.addTask(f, "W", "ctx", f"u-{f}"))
        call("runTasks", c.runTasks)
        out(f"after: {look(t)}")


head("without FREE_TASKS")
for name in ("ok", "status", "fail", "exc"):

    @isolated(name, name)
    def _(f: str) -> None:
        c = cl()
        c.removeOptions(GEARMAN_CLIENT_FREE_TASKS)
        t = live(c.addTask(f, "W", "ctx", f"u-{f}"))
        call("runTasks", c.runTasks)
        out(f"after: {look(t)}")


head("before runTasks")


@isolated("addTask")
def _() -> None:
    c = cl()
    t = live(c.addTask("ok", "W", None, "uu"))
    out(look(t))


@isolated("without a unique key")
def _() -> None:
    c = cl()
    for m in ("addTask", "addTaskBackground"):
        out(f"{m} {look(getattr(c, m)('ok', 'W'))}")


head("background tasks")
for method in ("addTaskBackground", "addTaskHighBackground", "addTaskLowBackground"):

    @isolated(method, method)
    def _(m: str) -> None:
        c = cl()
        all_callbacks(c)
        t = getattr(c, m)(f"bg{m}", "W", "ctx", f"b-{m}")
        call("runTasks", c.runTasks)
        out(f"after: {look(t)}")


head("high and low")
for method in ("addTaskHigh", "addTaskLow"):

    @isolated(method, method)
    def _(m: str) -> None:
        c = cl()
        all_callbacks(c)
        getattr(c, m)("ok", "W", "ctx", f"p-{m}")
        call("runTasks", c.runTasks)


head("procedural")


@isolated("tasks")
def _() -> None:
    c = cl()
    gearman_client_set_complete_callback(
        c,
        lambda t, *_: out(
            v(
                [
                    gearman_task_return_code(t),
                    gearman_task_function_name(t),
                    gearman_task_unique(t),
                    gearman_task_job_handle(t),
                    gearman_task_is_known(t),
                    gearman_task_is_running(t),
                    gearman_task_numerator(t),
                    gearman_task_denominator(t),
                    gearman_task_data(t),
                    gearman_task_data_size(t),
                ]
            )
        ),
    )
    t = gearman_client_add_task(c, "ok", "x", None, "pu")
    show("task", t)
    value("gearman_client_run_tasks", gearman_client_run_tasks, c)
    out(f"    rc {rc_name(c.returnCode())}")
    gearman_client_add_task_high(c, "ok", "y", None, "pv")
    value("gearman_client_run_tasks", gearman_client_run_tasks, c)
    out(f"    rc {rc_name(c.returnCode())}")
    value("gearman_client_clear_callbacks", gearman_client_clear_callbacks, c)
    out(f"    rc {rc_name(c.returnCode())}")


head("status tasks")


@isolated("of a queued job")
def _() -> None:
    c = cl()
    h = c.doBackground("later", "x")
    all_callbacks(c)
    t = live(c.addTaskStatus(h, "sctx"))
    out(f"before: {look(t)}")
    call("runTasks", c.runTasks)
    out(f"after: {look(t)}")


@isolated("of an unknown handle")
def _() -> None:
    c = cl()
    all_callbacks(c)
    c.addTaskStatus("H:unknown:1")
    call("runTasks", c.runTasks)


@isolated("of a running job")
def _() -> None:
    go = TMP / "run"

    def run(job: GearmanJob, context: object) -> None:
        job.sendStatus(5, 9)
        until(go.exists)

    k = worker(P, {"run": run})
    c = cl()
    h = c.doBackground("run", "x")
    until(lambda: c.jobStatus(h)[3] == 9)
    all_callbacks(c)
    c.addTaskStatus(h, "sctx")
    call("runTasks", c.runTasks)
    go.touch()
    join_kid(k)


@isolated("without a callback")
def _() -> None:
    c = cl()
    c.addTaskStatus("H:unknown:1")
    call("runTasks", c.runTasks)


@isolated("several, and a normal task")
def _() -> None:
    c = cl()
    h = c.doBackground("later", "x")
    c.setStatusCallback(lambda task, context: out(f"status {context} known {v(task.isKnown())}"))
    c.setCompleteCallback(lambda task, context: out(f"complete {context} {v(task.data())}"))
    c.addTaskStatus(h, "s1")
    call("runTasks", c.runTasks)
    c.addTaskStatus("H:unknown:2", "s2")
    c.addTaskStatus(h, "s3")
    call("runTasks", c.runTasks)
    c.addTaskStatus(h, "s4")
    c.addTask("ok", "n", "n")
    c.setStatusCallback(lambda task, context: None)
    call("runTasks", c.runTasks)


@isolated("of a handle of 64 bytes")
def _() -> None:
    c = cl()
    call("addTaskStatus", c.addTaskStatus, "h" * 64)
    call("runTasks", c.runTasks)


kill_kid(kid)
