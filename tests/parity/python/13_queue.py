"""The server: order of execution, going on after a timeout, full queues, workers that die."""
# ruff: noqa: F403, F405

from __future__ import annotations

import os
import signal
import time

from gearman_cffi.ext import *
from tests.parity.python.lib import (
    call,
    counts,
    head,
    isolated,
    join_kid,
    live,
    muted,
    out,
    port,
    show,
    spawn,
    start_gearmand,
    until,
    until_queued,
    v,
    worker,
)
from tests.parity.python.servers import ask_line

P = port("P")
FULL = port("FULL")
start_gearmand(P)
start_gearmand(FULL)


def cl(p: int = P) -> GearmanClient:
    c = GearmanClient()
    c.addServer("127.0.0.1", p)
    c.setTimeout(5000)
    return c


def prints(job: GearmanJob, context: object) -> None:
    out(job.workload().decode())


head("priorities of tasks")


@isolated("six")
def _() -> None:
    c = cl()
    c.setCompleteCallback(lambda task, x: out(f"complete {x}"))
    tasks = [("Low", "low1"), ("", "norm1"), ("High", "high1"), ("Low", "low2"), ("High", "high2"), ("", "norm2")]
    for m, x in tasks:
        getattr(c, f"addTask{m}")("prio", x, x)
    c.setTimeout(300)
    with muted():
        until(lambda: [c.runTasks(), counts(P, "prio")[0]] == [False, 6])
    k = worker(P, {"prio": prints}, 6)
    c.setTimeout(5000)
    call("runTasks", c.runTasks)
    join_kid(k)


head("coalescing with priorities")


@isolated("high after low with the same unique key")
def _() -> None:
    c = cl()
    for m, u in (("doLowBackground", "same"), ("doBackground", "other"), ("doHighBackground", "same")):
        out(getattr(c, m)("cp", m, u))
    join_kid(worker(P, {"cp": prints}, 2))


head("runTasks after a timeout")


@isolated("goes on without submitting again")
def _() -> None:
    c = cl()
    c.setCreatedCallback(lambda task: out("created"))
    c.setCompleteCallback(lambda task: out(f"complete {v(task.data())}"))
    t = live(c.addTask("resume", "x"))
    c.setTimeout(300)
    for i in range(2):
        call(f"runTasks #{i}", c.runTasks)
    show("queued", counts(P, "resume"))
    out(f"known {v(t.isKnown())} handle set {v(t.jobHandle() != '')}")
    c.setTimeout(5000)
    k = worker(P, {"resume": lambda job, context: "R"})
    call("runTasks #2", c.runTasks)
    call("runTasks #3", c.runTasks)
    join_kid(k)


head("a worker that dies in a job")


def waits() -> None:
    c = cl()
    call("doNormal", c.doNormal, "dies", "x")


def dies(job: GearmanJob, context: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(1)


@isolated("another one takes it")
def _() -> None:
    c = spawn(waits, name="c")
    until_queued(P, "dies")
    k = worker(P, {"dies": dies})
    os.waitid(os.P_PID, k, os.WEXITED | os.WNOWAIT)
    join_kid(worker(P, {"dies": lambda job, context: "second"}))
    join_kid(c)


head("a full queue")


@isolated("maxqueue 1")
def _() -> None:
    ask_line(FULL, "maxqueue full 1")
    c = cl(FULL)
    show("first", c.doBackground("full", "x", "u1") != "")
    call("second", c.doBackground, "full", "x", "u2")
    show("the same unique key", c.doBackground("full", "x", "u1") != "")
    show("other function", c.doBackground("notfull", "x") != "")
