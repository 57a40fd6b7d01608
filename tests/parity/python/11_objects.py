"""Objects that a program creates, subclasses, and the ends of objects."""
# ruff: noqa: F403, F405

from __future__ import annotations

from typing import Any

from gearman_cffi.ext import *
from tests.parity.python.lib import call, head, isolated, out, port, rc_name, show, start_gearmand, value

P = port("P")
start_gearmand(P)
head("new GearmanTask")


@isolated("accessors")
def _() -> None:
    t = GearmanTask()
    names = "returnCode functionName unique jobHandle isKnown isRunning taskNumerator taskDenominator data dataSize"
    for m in names.split():
        value(f"{m}()", getattr(t, m))
    value("sendWorkload", t.sendWorkload, "x")
    value("recvData", t.recvData, 5)


head("new GearmanJob")


@isolated("accessors")
def _() -> None:
    j = GearmanJob()
    for m in ["returnCode", "handle", "functionName", "unique", "workload", "workloadSize"]:
        value(f"{m}()", getattr(j, m))


calls: list[tuple[Any, ...]] = [
    ("setReturn", 24),
    ("sendData", "x"),
    ("sendWarning", "x"),
    ("sendStatus", 1, 2),
    ("sendComplete", "x"),
    ("sendException", "x"),
    ("sendFail",),
]
for method, *arguments in calls:

    @isolated(method, method, arguments)
    def _(m: str, a: list[Any]) -> None:
        j = GearmanJob()
        value(m, getattr(j, m), *a)
        out(f"rc {rc_name(j.returnCode())}")


head("subclasses")


class SubClient(GearmanClient):
    extra = 1


@isolated("with a property")
def _() -> None:
    c = SubClient()
    c.addServer("127.0.0.1", P)
    show("doBackground", c.doBackground("f", "x") != "")
    c.extra = 5
    show("extra", c.extra)


head("constructing twice")


@isolated("client")
def _() -> None:
    c = GearmanClient()
    c.addServer("127.0.0.1", P)
    c.__init__()  # type: ignore[misc]
    call("doNormal", c.doNormal, "f", "x")


head("GearmanException")


@isolated("shape")
def _() -> None:
    e = GearmanException("m", 5)
    show("exception", e)
    show("getMessage", e.getMessage())
    show("getCode", e.getCode())
    show("code", e.code)
    show("getPrevious", e.getPrevious())
    show("default", GearmanException())


head("ends")


@isolated("many clients")
def _() -> None:
    for _ in range(300):
        GearmanClient()
    out("ok")


@isolated("tasks that are never run")
def _() -> None:
    c = GearmanClient()
    c.addServer("127.0.0.1", P)
    for i in range(100):
        c.addTask("f", f"{i}")
    del c
    out("ok")


class Owner:
    def __del__(self) -> None:
        out("owner destroyed")

    def f(self, *_: object) -> None:
        pass


@isolated("a worker frees its functions")
def _() -> None:
    w = GearmanWorker()
    o = Owner()
    w.addFunction("x", o.f, ["ctx"])
    del o
    out("unset owner")
    del w
    out("unset worker")


@isolated("a worker frees its contexts")
def _() -> None:
    w = GearmanWorker()
    w.addFunction("x", lambda job, context: 1, Owner())
    out("before")
    del w
    out("after")


@isolated("a client frees its callbacks")
def _() -> None:
    c = GearmanClient()
    c.setCompleteCallback(Owner().f)
    out("before")
    del c
    out("after")


@isolated("a client frees the contexts of its tasks")
def _() -> None:
    c = GearmanClient()
    c.addServer("127.0.0.1", P)
    c.addTaskBackground("f", "x", Owner())
    out("before")
    value("runTasks", c.runTasks)
    out("after")
    del c
    out("gone")
