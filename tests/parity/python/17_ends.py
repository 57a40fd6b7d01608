"""Unbuffered results, child processes that inherit a client, and interrupted functions."""
# ruff: noqa: F403, F405

from __future__ import annotations

import os
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
    out,
    port,
    show,
    spawn,
    start_gearmand,
    until,
    v,
    value,
    worker,
)

P = port("P")
start_gearmand(P)


def cl() -> GearmanClient:
    c = GearmanClient()
    c.addServer("127.0.0.1", P)
    c.setTimeout(4000)
    return c


def data(job: GearmanJob, context: object) -> str:
    job.sendData("d1")
    job.sendData("d2")
    return "R"


def fails(job: GearmanJob, context: object) -> None:
    job.sendException("E: text")


kid = worker(P, {"rev": lambda job, context: job.workload()[::-1], "data": data, "fails": fails}, 50)
head("UNBUFFERED_RESULT")


def receives(task: GearmanTask, *_: Any) -> None:
    out(f"data {v(task.data())} size {v(task.dataSize())}")
    for _unused in range(4):
        out(f"recvData {v(task.recvData(4))}")


@isolated("one packet")
def _() -> None:
    c = cl()
    c.addOptions(GEARMAN_CLIENT_UNBUFFERED_RESULT)
    c.setCompleteCallback(receives)
    c.addTask("rev", "abcdefghij")
    call("runTasks", c.runTasks)


@isolated("several packets")
def _() -> None:
    c = cl()
    c.addOptions(GEARMAN_CLIENT_UNBUFFERED_RESULT)
    for name in ("Data", "Complete"):
        getattr(c, f"set{name}Callback")(receives)
    c.addTask("data", "x")
    call("runTasks", c.runTasks)


@isolated("doNormal")
def _() -> None:
    c = cl()
    c.addOptions(GEARMAN_CLIENT_UNBUFFERED_RESULT)
    call("doNormal", c.doNormal, "rev", "abc")
    call("doNormal", c.doNormal, "data", "abc")


@isolated("an exception")
def _() -> None:
    c = cl()
    c.addOptions(GEARMAN_CLIENT_UNBUFFERED_RESULT)
    c.setExceptionCallback(receives)
    c.addTask("fails", "x")
    call("runTasks", c.runTasks)


head("buffered")


@isolated("recvData and sendWorkload")
def _() -> None:
    c = cl()
    c.setCompleteCallback(lambda task: out(f"recvData {v(task.recvData(4))} data {v(task.data())}"))
    t = live(c.addTask("rev", "abc"))
    call("runTasks", c.runTasks)
    value("recvData", t.recvData, 4)
    value("sendWorkload", t.sendWorkload, "x")


@isolated("recvData and sendWorkload before runTasks")
def _() -> None:
    c = cl()
    t = live(c.addTask("rev", "abc"))
    value("recvData", t.recvData, 4)
    value("sendWorkload", t.sendWorkload, "x")
    value("recvData(-1)", t.recvData, -1)
    call("runTasks", c.runTasks)


head("a child that inherits a client")


@isolated("and ends")
def _() -> None:
    c = cl()
    call("doNormal", c.doNormal, "rev", "abc")
    k = spawn(lambda: value("doNormal in the child", c.doNormal, "rev", "abc"))
    join_kid(k)
    call("doNormal", c.doNormal, "rev", "abc")


head("an interrupted function")


def interrupted() -> None:
    def function(job: GearmanJob, context: object) -> None:
        raise KeyboardInterrupt

    w = GearmanWorker()
    w.addServer("127.0.0.1", P)
    w.addFunction("interrupted", function)
    w.setTimeout(4000)
    try:
        w.work()
    except KeyboardInterrupt:
        out("KeyboardInterrupt")
    show("jobs", [until(lambda: counts(P, "interrupted")[1] == 0), counts(P, "interrupted")[0]])
    os._exit(0)


@isolated("KeyboardInterrupt")
def _() -> None:
    c = cl()
    h = c.doBackground("interrupted", "x")
    join_kid(spawn(interrupted, name="w"))
    show("jobStatus", c.jobStatus(h))
    join_kid(worker(P, {"interrupted": lambda job, context: out("another worker runs it")}))


kill_kid(kid)
