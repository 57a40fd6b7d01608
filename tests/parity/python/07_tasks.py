"""Contexts, the order of tasks, and when a callback is bound to a task."""
# ruff: noqa: F403, F405

from __future__ import annotations

import gc
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from gearman_cffi.ext import *
from tests.parity.python.lib import (
    call,
    counts,
    head,
    isolated,
    join_kid,
    kill_kid,
    live,
    muted,
    out,
    port,
    rc_name,
    show,
    start_gearmand,
    until_queued,
    v,
    value,
    worker,
)

P = port("P")
start_gearmand(P)


def cl() -> GearmanClient:
    c = GearmanClient()
    c.addServer("127.0.0.1", P)
    return c


def says(text: str) -> Callable[..., None]:
    return lambda *_: out(text)


functions: dict[str, Callable[..., Any]] = {
    "ok": lambda job, context: b"R:" + job.workload(),
    "fail": lambda job, context: job.sendFail() and None,
    "exc": lambda job, context: job.sendException("boom") and None,
}
kid = worker(P, functions, 400)
head("the context is the second argument")
contexts: dict[str, list[Any]] = {
    "none": [],
    "null": [None],
    "int": [5],
    "array": [{"a": 1}],
    "object": [SimpleNamespace()],
    "false": [False],
    "string": ["s"],
}
for name, context in contexts.items():

    @isolated(name, context)
    def _(context: list[Any]) -> None:
        c = cl()
        c.setCompleteCallback(lambda *a: out(f"{len(a)} arguments {v(a[1:])}"))
        c.addTask("ok", "W", *context)
        c.runTasks()


@isolated("named, without a context")
def _() -> None:
    c = cl()
    c.setCompleteCallback(lambda *a: out(f"{len(a)} arguments {v(a[0].unique())}"))
    c.addTask(function_name="ok", workload="W", unique_key="nn")
    c.runTasks()


@isolated("an object is shared")
def _() -> None:
    def count(task: GearmanTask, x: SimpleNamespace) -> None:
        x.n += 1

    c = cl()
    o = SimpleNamespace(n=0)
    c.setCompleteCallback(count)
    c.addTask("ok", "1", o)
    c.addTask("ok", "2", o)
    c.runTasks()
    out(f"n {o.n}")


head("workloads")
for name, workload in {"int": 42, "float": 1.5, "true": True, "NUL": b"a\0b", "false": False, "empty": ""}.items():

    @isolated(name, workload)
    def _(workload: Any) -> None:
        c = cl()
        c.setCompleteCallback(lambda task: out(v(task.data())))
        call("addTask", c.addTask, "ok", workload)
        value("runTasks", c.runTasks)


head("several tasks, one worker")


@isolated("the last added is the first to run")
def _() -> None:
    c = cl()
    got: list[str] = []
    c.setCompleteCallback(lambda task, x: got.append(f"{x}={task.data().decode()}"))
    for x in "abc":
        c.addTask("ok", x, x)
    call("runTasks", c.runTasks)
    out(v(got))
    call("runTasks again", c.runTasks)
    c.addTask("ok", "d", "d")
    call("runTasks once more", c.runTasks)
    out(v(got))


@isolated("one that fails does not stop the others")
def _() -> None:
    c = cl()
    c.setCompleteCallback(lambda task, x: out(f"complete {x}"))
    c.setFailCallback(lambda task, x: out(f"fail {x}"))
    c.setExceptionCallback(lambda task, x: out(f"exception {x} {v(task.data())}"))
    names = {"m_ok": "a", "m_fail": "b", "m_exc": "c", "m_ok2": "d"}
    for function, x in names.items():
        c.addTask(function, x, x)
    c.setTimeout(300)
    with muted():
        c.runTasks()
    for function in names:
        until_queued(P, function)
    outcomes = [lambda job, context: "R", functions["fail"], functions["exc"], lambda job, context: "R"]
    k = worker(P, dict(zip(names, outcomes, strict=True)), 4)
    c.setTimeout(5000)
    call("runTasks", c.runTasks)
    join_kid(k)


@isolated("no callbacks at all")
def _() -> None:
    c = cl()
    for function in ("fail", "exc", "ok"):
        c.addTask(function, "b")
    call("runTasks", c.runTasks)


def twice(job: GearmanJob, context: object) -> bytes:
    out(f"ran {job.workload().decode()}")
    return b"R:" + job.workload()


@isolated("the same unique key twice")
def _() -> None:
    c = cl()
    c.setCreatedCallback(lambda task, x: out(f"created {x}"))
    c.setCompleteCallback(lambda task, x: out(f"complete {x} {v(task.data())}"))
    c.addTask("twice", "first", "A", "same")
    c.addTask("twice", "second", "B", "same")
    c.setTimeout(300)
    with muted():
        c.runTasks()
    show("queued", counts(P, "twice")[0])
    k = worker(P, {"twice": twice})
    c.setTimeout(5000)
    call("runTasks", c.runTasks)
    join_kid(k)


@isolated("task objects that nobody keeps")
def _() -> None:
    c = cl()
    done: list[int] = []
    c.setCompleteCallback(lambda task: done.append(1))
    for i in range(50):
        c.addTask("ok", f"{i}")
    value("runTasks", c.runTasks)
    out(f"completed {len(done)}")


@isolated("a client that is gone before its tasks")
def _() -> None:
    c = cl()
    t = live(c.addTask("ok", "x"))
    del c
    out(f"handle {v(t.jobHandle())} rc {rc_name(t.returnCode())}")


@isolated("a task that outlives its client")
def _() -> None:
    c = cl()
    t = live(c.addTask("ok", "x"))
    c.runTasks()
    del c
    gc.collect()
    out(f"handle {v(t.jobHandle())} data {v(t.data())} rc {rc_name(t.returnCode())}")


head("when a callback is bound")


@isolated("set after addTask")
def _() -> None:
    c = cl()
    c.addTask("ok", "x")
    c.setCompleteCallback(says("COMPLETE"))
    call("runTasks", c.runTasks)


@isolated("replaced after addTask")
def _() -> None:
    c = cl()
    c.setCompleteCallback(says("OLD"))
    c.addTask("ok", "x")
    c.setCompleteCallback(says("NEW"))
    call("runTasks", c.runTasks)


@isolated("a refused one keeps the old")
def _() -> None:
    c = cl()
    c.setCompleteCallback(says("OLD"))
    value("setCompleteCallback", c.setCompleteCallback, "no_such_function")
    c.addTask("ok", "x")
    call("runTasks", c.runTasks)


@isolated("clearCallbacks before addTask")
def _() -> None:
    c = cl()
    c.setCompleteCallback(says("COMPLETE"))
    value("clearCallbacks", c.clearCallbacks)
    c.addTask("ok", "x")
    call("runTasks", c.runTasks)


@isolated("clearCallbacks after addTask")
def _() -> None:
    c = cl()
    c.setCompleteCallback(says("COMPLETE"))
    c.addTask("ok", "x")
    value("clearCallbacks", c.clearCallbacks)
    call("runTasks", c.runTasks)


@isolated("clearCallbacks in a callback")
def _() -> None:
    def clear(task: GearmanTask) -> None:
        out("COMPLETE")
        c.clearCallbacks()

    c = cl()
    c.setCompleteCallback(clear)
    c.addTask("ok", "x")
    c.addTask("ok", "y")
    call("runTasks", c.runTasks)


@isolated("addTask in a callback")
def _() -> None:
    done: list[object] = []

    def more(task: GearmanTask) -> None:
        out(f"complete {v(task.data())}")
        done.append(task)
        if len(done) <= 2:
            c.addTask("ok", f"more{len(done)}")

    c = cl()
    c.setCompleteCallback(more)
    c.addTask("ok", "x")
    call("runTasks", c.runTasks)


head("callables")


class Cb:
    def m(self, t: GearmanTask) -> None:
        out(f"method {v(t.data())}")

    @staticmethod
    def s(t: GearmanTask) -> None:
        out(f"static {v(t.data())}")

    def __call__(self, t: GearmanTask) -> None:
        out(f"invoke {v(t.data())}")


callables: dict[str, Callable[..., Any]] = {"method": Cb().m, "static": Cb.s, "object": Cb()}
for name, callback in callables.items():

    @isolated(name, callback)
    def _(callback: Callable[..., Any]) -> None:
        c = cl()
        value("set", c.setCompleteCallback, callback)
        c.addTask("ok", "x")
        call("runTasks", c.runTasks)


@isolated("of the wrong arity")
def _() -> None:
    c = cl()
    c.setCompleteCallback(lambda task, context, more: out("called"))
    c.addTask("ok", "x", "K")
    call("runTasks", c.runTasks)


head("calls on the client from its own callback")
calls: dict[str, Callable[[GearmanClient], object]] = {
    "doBackground": lambda c: c.doBackground("bg", "x"),
    "runTasks": lambda c: c.runTasks(),
    "doNormal": lambda c: c.doNormal("ok", "x"),
}
for name, inner in calls.items():

    @isolated(name, inner)
    def _(inner: Callable[[GearmanClient], object]) -> None:
        def complete(task: GearmanTask) -> None:
            done.append(task)
            if len(done) == 1:
                inner(c)

        c = cl()
        done: list[object] = []
        c.setCompleteCallback(complete)
        for i in range(6):
            c.addTask("ok", f"{i}")
        value("runTasks", c.runTasks)
        call("runTasks again", c.runTasks)
        out(f"completed {len(done)}")


kill_kid(kid)
