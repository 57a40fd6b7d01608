"""Submitting after a request for a status by unique key: PHP waits for ever."""
# ruff: noqa: F403, F405

from __future__ import annotations

from gearman_cffi.ext import *
from tests.parity.python.lib import call, head, isolated, kill_kid, out, port, show, start_gearmand, v, worker

P = port("P")
start_gearmand(P)


def cl() -> GearmanClient:
    c = GearmanClient()
    c.addServer("127.0.0.1", P)
    c.setTimeout(4000)
    return c


kid = worker(P, {"rev": lambda job, context: job.workload()[::-1]}, 50)
head("after jobStatusByUniqueKey")


@isolated("doBackground")
def _() -> None:
    c = cl()
    c.jobStatusByUniqueKey("nope")
    call("doBackground", c.doBackground, "queued0", "x")
    call("doBackground", c.doBackground, "queued0", "x")


@isolated("doNormal")
def _() -> None:
    c = cl()
    c.jobStatusByUniqueKey("nope")
    call("doNormal", c.doNormal, "rev", "abc")
    c.jobStatusByUniqueKey("nope")
    call("doHigh", c.doHigh, "rev", "abc")


@isolated("runTasks")
def _() -> None:
    c = cl()
    c.setCompleteCallback(lambda task: out(f"complete {v(task.data())}"))
    c.jobStatusByUniqueKey("nope")
    c.addTask("rev", "abc")
    call("runTasks", c.runTasks)


@isolated("jobStatus")
def _() -> None:
    c = cl()
    h = c.doBackground("queued", "x", "q1")
    call("by unique key", c.jobStatusByUniqueKey, "q1")
    call("by handle", c.jobStatus, h)
    call("by unique key again", c.jobStatusByUniqueKey, "q1")
    call("another", c.jobStatusByUniqueKey, "q2")
    call("ping", c.ping, "x")


@isolated("of a job that was finished")
def _() -> None:
    c = cl()
    call("doNormal", c.doNormal, "rev", "abc", "fin")
    call("by unique key", c.jobStatusByUniqueKey, "fin")


head("two clients")


@isolated("one asks, the other submits")
def _() -> None:
    a = cl()
    b = cl()
    show("submit", b.doBackground("queued", "x", "q3") != "")
    call("ask", a.jobStatusByUniqueKey, "q3")
    call("submit again", b.doNormal, "rev", "abc")


kill_kid(kid)
