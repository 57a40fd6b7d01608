"""Calls with which PHP loses a job, an answer or time."""
# ruff: noqa: F403, F405

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gearman_cffi.ext import *
from tests.parity.python.lib import (
    head,
    isolated,
    join_kid,
    kill_kid,
    muted,
    out,
    port,
    show,
    start_gearmand,
    start_tap,
    tapped,
    v,
    value,
    worker,
)

P = port("P")
DOWN = port("DOWN")
TAP = port("TAP")
start_gearmand(P)


def cl(exceptions: bool = True) -> GearmanClient:
    c = GearmanClient()
    c.addServer("127.0.0.1", P, exceptions)
    c.setTimeout(700)
    return c


def wk(number: int = P) -> GearmanWorker:
    w = GearmanWorker()
    w.addServer("127.0.0.1", number)
    w.setTimeout(700)
    return w


def completing(c: GearmanClient) -> None:
    c.setCompleteCallback(lambda t: out(f"complete {v(t.data())}"))


def echo(job: GearmanJob) -> bytes:
    return job.workload()[::-1]


def muted_value(label: str, f: Callable[..., object], *arguments: Any) -> None:
    with muted():
        value(label, f, *arguments)


head("several servers")


@isolated("runTasks with a dead server that was added first")
def _() -> None:
    kid = worker(P, {"echo": echo})
    c = GearmanClient()
    c.addServer("127.0.0.1", DOWN, False)
    c.addServer("127.0.0.1", P, False)
    c.setTimeout(2000)
    completing(c)
    c.addTask("echo", "abc")
    value("runTasks", c.runTasks)
    show("returnCode", c.returnCode())
    kill_kid(kid)


head("do* between tasks")


@isolated("that are pending")
def _() -> None:
    kid = worker(P, {"echo": echo}, 5)
    done: list[bytes] = []
    c = cl()
    c.setCompleteCallback(lambda t: done.append(t.data()))
    c.addTask("echo", "abc")
    value("doNormal", c.doNormal, "echo", "def")
    show("returnCode", c.returnCode())
    value("runTasks", c.runTasks)
    show("returnCode", c.returnCode())
    show("complete", done)
    kill_kid(kid)


@isolated("that are paused")
def _() -> None:
    def data(job: GearmanJob) -> str:
        job.sendData("d")
        return "R"

    kid = worker(P, {"data": data, "echo": echo}, 5)
    c = cl()
    completing(c)
    calls: list[bytes] = []

    def pause(t: Any) -> int | None:
        out(f"data {v(t.data())}")
        calls.append(t.data())
        return GEARMAN_PAUSE if len(calls) == 1 else None

    c.setDataCallback(pause)
    c.addTask("data", "W")
    value("runTasks", c.runTasks)
    value("doNormal", c.doNormal, "echo", "def")
    show("returnCode", c.returnCode())
    value("runTasks", c.runTasks)
    show("returnCode", c.returnCode())
    kill_kid(kid)


head("functions that are removed")
removals: dict[str, Callable[[GearmanWorker], bool]] = {
    "unregisterAll": lambda w: w.unregisterAll(),
    "unregister": lambda w: w.unregister("again-unregister"),
}
for n, remove in removals.items():

    @isolated(f"{n}, then addFunction", f"again-{n}", n, remove)
    def _(again: str, label: str, remove: Callable[[GearmanWorker], bool]) -> None:
        w = wk()
        w.addFunction(again, echo)
        w.addFunction("stays", echo)
        c = cl()
        c.doBackground(again, "first")
        value("work", w.work)
        value(label, remove, w)
        w.addFunction(again, lambda job: out(f"runs {job.workload().decode()}"))
        c.doBackground(again, "second")
        for i in range(2):
            muted_value(f"work #{i}", w.work)
            show("returnCode", w.returnCode())
        c.doBackground(again, "third")
        muted_value("work", w.work)
        show("returnCode", w.returnCode())


@isolated("the only one, right after a job")
def _() -> None:
    w = wk()
    w.addFunction("only", echo)
    cl().doBackground("only", "W")
    value("work", w.work)
    value("unregister", w.unregister, "only")
    for i in range(2):
        muted_value(f"work #{i}", w.work)
        show("returnCode", w.returnCode())


@isolated("one that was added twice")
def _() -> None:
    w = wk()
    w.addFunction("twice", lambda job: out("the first runs"))
    w.addFunction("twice", lambda job: out("the second runs"))
    value("unregister", w.unregister, "twice")
    cl().doBackground("twice", "W")
    muted_value("work", w.work)
    show("returnCode", w.returnCode())


head("ping of a worker")


@isolated("that is told of a job")
def _() -> None:
    start_tap(TAP, P)
    w = wk(TAP)
    w.setTimeout(100)
    w.addFunction("woken", echo)
    muted_value("work", w.work)
    cl().doBackground("woken", "W")
    tapped(TAP, "NOOP")
    muted_value("ping", w.ping, "abc")
    show("returnCode", w.returnCode())
    muted_value("work", w.work)
    show("returnCode", w.returnCode())


head("a finished task that is kept")


@isolated("sendWorkload")
def _() -> None:
    kid = worker(P, {"echo": echo})
    c = cl()
    c.removeOptions(GEARMAN_CLIENT_FREE_TASKS)
    t: Any = c.addTask("echo", "abc")
    value("runTasks", c.runTasks)
    muted_value("sendWorkload", t.sendWorkload, "x")
    show("returnCode", t.returnCode())
    show("client", c.returnCode())
    join_kid(kid)


head("options of a client")


@isolated("the bit for exceptions")
def _() -> None:
    def raises(job: GearmanJob) -> None:
        job.sendException("text")
        job.sendFail()

    kid = worker(P, {"raises": raises})
    c = cl(False)
    c.setTimeout(2000)
    c.setOptions(128)
    show("options", c.options())
    value("doNormal", c.doNormal, "raises", "W")
    show("returnCode", c.returnCode())
    kill_kid(kid)
