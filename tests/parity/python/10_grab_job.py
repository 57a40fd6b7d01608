"""Jobs taken with grabJob(), and timeouts of functions."""
# ruff: noqa: F403, F405

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from gearman_cffi.ext import *
from tests.parity.python.lib import (
    call,
    head,
    isolated,
    join_kid,
    out,
    port,
    rc_name,
    show,
    spawn,
    st,
    start_gearmand,
    until,
    until_queued,
    until_ready,
    until_running,
    v,
    value,
    work,
)
from tests.parity.python.servers import TMP

P = port("P")
start_gearmand(P)


def cl() -> GearmanClient:
    c = GearmanClient()
    c.addServer("127.0.0.1", P)
    c.setTimeout(5000)
    return c


def wk() -> GearmanWorker:
    w = GearmanWorker()
    w.addServer("127.0.0.1", P)
    w.setTimeout(200)
    return w


def grabbed(w: GearmanWorker, label: str = "grabJob") -> GearmanJob:
    job = call(label, w.grabJob)
    assert isinstance(job, GearmanJob)
    return job


head("grabJob")


@isolated("nothing")
def _() -> None:
    w = wk()
    w.addFunction("gj", lambda job, context: None)
    for i in range(3):
        call(f"grabJob #{i}", w.grabJob)


@isolated("no functions")
def _() -> None:
    w = wk()
    call("grabJob", w.grabJob)


def submits() -> None:
    c = cl()
    call("doNormal", c.doNormal, "gj2", "WL", "gju")


@isolated("a job")
def _() -> None:
    k = spawn(submits, name="c")
    until_queued(P, "gj2")
    w = wk()
    w.register("gj2")
    j = grabbed(w)
    out(v([j.workload(), j.functionName(), j.unique(), j.workloadSize(), j.handle() != ""]))
    value("sendData", j.sendData, "D")
    value("sendStatus", j.sendStatus, 1, 2)
    value("sendComplete", j.sendComplete, "R")
    value("sendComplete again", j.sendComplete, "R")
    out(f"job rc {rc_name(j.returnCode())}")
    join_kid(k)


@isolated("a job of a function that has a callback")
def _() -> None:
    cl().doBackground("gj5", "WL")
    w = wk()
    w.addFunction("gj5", lambda job, context: out("never"))
    j = grabbed(w)
    out(j.workload().decode())
    value("sendFail", j.sendFail)


@isolated("a job that is dropped")
def _() -> None:
    c = cl()
    h = c.doBackground("gj3", "WL")
    w = wk()
    w.register("gj3")
    j = w.grabJob()
    show("grabbed", c.jobStatus(h))
    del j
    show("dropped", c.jobStatus(h))
    del w
    until(lambda: not c.jobStatus(h)[1])
    show("worker gone", c.jobStatus(h))


@isolated("work() after NO_JOBS")
def _() -> None:
    w = wk()
    w.addFunction("gjz", lambda job, context: out("ran"))
    call("grabJob", w.grabJob)
    cl().doBackground("gjz", "x")
    w.setTimeout(3000)
    call("work", w.work)


@isolated("NON_BLOCKING")
def _() -> None:
    cl().doBackground("gj4", "x")
    w = wk()
    w.addOptions(GEARMAN_WORKER_NON_BLOCKING)
    w.register("gj4")
    for _ in range(100):
        j = w.grabJob()
        if j and j.handle() is not False:
            break
        time.sleep(0.003)
    assert isinstance(j, GearmanJob)
    out(f"{v(j.workload())} {rc_name(w.returnCode())}")
    show("sendComplete", j.sendComplete("x"))


@isolated("a job, then nothing, then again")
def _() -> None:
    cl().doBackground("gjy", "x")
    w = wk()
    w.register("gjy")
    show("sendComplete", grabbed(w).sendComplete("x"))
    for i in range(3):
        call(f"grabJob #{i}", w.grabJob)
    cl().doBackground("gjy", "y")
    show("workload", grabbed(w).workload())


@isolated("NON_BLOCKING, until NO_JOBS, then again")
def _() -> None:
    w = wk()
    w.addOptions(GEARMAN_WORKER_NON_BLOCKING)
    w.register("gjn")
    codes: list[str] = []
    while len(codes) < 3:
        w.grabJob()
        if w.returnCode() != GEARMAN_IO_WAIT:
            codes.append(rc_name(w.returnCode()))
        time.sleep(0.003)
    show("codes", codes)


head("a function timeout")


def first() -> None:
    def slow(job: GearmanJob, context: object) -> str:
        out("first starts")
        for _ in range(40):
            if (TMP / "second").exists():
                break
            job.sendStatus(1, 2)
            time.sleep(0.1)
        return "first"

    w = wk()
    w.addFunction("slow", slow, None, 1)
    w.setTimeout(3000)
    work(w)
    w.setTimeout(300)
    work(w)


def second() -> None:
    def slow(job: GearmanJob, context: object) -> str:
        out("second starts")
        (TMP / "second").touch()
        return "second"

    until_running(P, "slow")
    w = wk()
    w.addFunction("slow", slow)
    w.setTimeout(300)  # gearmand does not always wake a worker that sleeps: ask again
    for _ in range(12):
        if w.work():
            break
    out(st(w))


@isolated("the job is given to another worker")
def _() -> None:
    k1 = spawn(first, name="w1")
    until_ready(P, "slow")
    k2 = spawn(second, name="w2")
    c = cl()
    call("doNormal", c.doNormal, "slow", "x")
    join_kid(k1)
    join_kid(k2)


def takes_long(job: GearmanJob, context: object) -> str:
    time.sleep(1.2)
    return "fine"


def patient() -> None:
    w = wk()
    w.addFunction("slow2", takes_long, None, 1500)
    w.setTimeout(3000)
    work(w)


@isolated("of 1500 is one of milliseconds")
def _() -> None:
    k = spawn(patient, name="w")
    until_ready(P, "slow2")
    c = cl()
    call("doNormal", c.doNormal, "slow2", "x")
    join_kid(k)


head("a job after its function has returned")


def keeps(kept: list[GearmanJob]) -> Callable[[GearmanJob, Any], str]:
    def function(job: GearmanJob, context: Any) -> str:
        kept.append(job)
        return "R"

    return function


@isolated("used later")
def _() -> None:
    cl().doBackground("stash", "x")
    w = wk()
    kept: list[GearmanJob] = []
    w.addFunction("stash", keeps(kept))
    w.setTimeout(3000)
    w.work()
    show("returnCode", kept[0].returnCode())
