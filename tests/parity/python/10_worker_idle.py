"""work() and wait() of a worker without jobs, and of one whose server goes away."""
# ruff: noqa: F403, F405

from __future__ import annotations

import os
import signal
import time

from gearman_cffi.ext import *
from tests.parity.python.lib import (
    call,
    head,
    isolated,
    join_kid,
    muted,
    out,
    port,
    rc_name,
    spawn,
    st,
    start_gearmand,
    stop_proc,
    until_ready,
    v,
)

P = port("P")
DYING = port("DYING")
start_gearmand(P)


def cl(p: int = P) -> GearmanClient:
    c = GearmanClient()
    c.addServer("127.0.0.1", p)
    return c


def wk(p: int = P) -> GearmanWorker:
    w = GearmanWorker()
    w.addServer("127.0.0.1", p)
    return w


def nothing(job: GearmanJob, context: object) -> None:
    pass


head("blocking")


@isolated("no function")
def _() -> None:
    w = wk()
    call("work", w.work)


@isolated("with a timeout")
def _() -> None:
    w = wk()
    w.addFunction("a", nothing)
    w.setTimeout(200)
    t = time.monotonic()
    call("work", w.work)
    t = time.monotonic() - t
    out(f"after 200 ms: {v(0.18 <= t < 1.5)}")
    call("work again", w.work)


@isolated("with 0")
def _() -> None:
    w = wk()
    w.addFunction("a", nothing)
    w.setTimeout(0)
    call("work", w.work)


@isolated("without TIMEOUT_RETURN", ms=700)
def _() -> None:
    w = wk()
    w.addFunction("a", nothing)
    w.setTimeout(100)
    w.removeOptions(GEARMAN_WORKER_TIMEOUT_RETURN)
    call("work", w.work)


@isolated("without a timeout", ms=700)
def _() -> None:
    w = wk()
    w.addFunction("a", nothing)
    call("work", w.work)


head("NON_BLOCKING")


def outcomes(w: GearmanWorker, n: int = 30) -> str:
    seen = set()
    for _ in range(n):
        r = w.work()
        seen.add(f"{v(r)} {rc_name(w.returnCode())}")
        time.sleep(0.003)
    return "; ".join(sorted(seen))


@isolated("idle, addOptions")
def _() -> None:
    w = wk()
    w.addOptions(GEARMAN_WORKER_NON_BLOCKING)
    w.addFunction("nb", nothing)
    out(outcomes(w))


@isolated("a job waits, setOptions")
def _() -> None:
    cl().doBackground("nb2", "x", "u")
    w = wk()
    w.setOptions(GEARMAN_WORKER_NON_BLOCKING)
    w.addFunction("nb2", lambda job, context: out(f"ran {job.workload().decode()} {v(job.unique())}"))
    out(outcomes(w))
    out(f"options {w.options()}")


@isolated("the loop of the manual")
def _() -> None:
    for x in "xy":
        cl().doBackground("nb3", x)
    w = wk()
    w.addOptions(GEARMAN_WORKER_NON_BLOCKING)
    w.setTimeout(200)
    w.addFunction("nb3", lambda job, context: out(f"ran {job.workload().decode()}"))
    seen: list[str] = []
    while len(seen) < 100:
        with muted():
            r = w.work()
        seen.append(f"{v(r)}{int(w.returnCode())}")
        if w.returnCode() == GEARMAN_SUCCESS:
            continue
        if w.returnCode() not in (GEARMAN_IO_WAIT, GEARMAN_NO_JOBS):
            break
        with muted():
            r = w.wait()
        seen.append(f"wait {v(r)}{int(w.returnCode())}")
        if not r:
            break
    expected = {"false1", "false35", "true0", "wait true0", "wait false47"}
    out(f"as expected: {v(not set(seen) - expected)}, last {v(seen[-1])}")


def until_no_jobs(w: GearmanWorker) -> None:
    w.work()
    while w.returnCode() != GEARMAN_NO_JOBS:
        time.sleep(0.003)
        w.work()


@isolated("wait until a job comes")
def _() -> None:
    w = wk()
    w.addOptions(GEARMAN_WORKER_NON_BLOCKING)
    w.addFunction("wt", lambda job, context: out("ran"))
    until_no_jobs(w)
    out(st(w))
    w.setTimeout(2000)
    cl().doBackground("wt", "x")
    call("wait", w.wait)
    for _ in range(200):
        if w.work():
            break
        time.sleep(0.003)
    out(st(w))


@isolated("wait for nothing")
def _() -> None:
    w = wk()
    w.addOptions(GEARMAN_WORKER_NON_BLOCKING)
    w.addFunction("wt0", nothing)
    until_no_jobs(w)
    w.setTimeout(100)
    call("wait", w.wait)


head("the server goes away")


def kill_when_ready(pid: int) -> None:
    until_ready(DYING, "sg")
    os.kill(pid, signal.SIGKILL)


@isolated("and comes back")
def _() -> None:
    pid = start_gearmand(DYING)
    w = wk(DYING)
    w.addFunction("sg", lambda job, context: out("ran"))
    w.setTimeout(800)
    k = spawn(kill_when_ready, pid)
    call("work", w.work)
    join_kid(k)
    stop_proc(pid)
    call("work", w.work)
    start_gearmand(DYING)
    cl(DYING).doBackground("sg", "x")
    call("work after its return", w.work)


@isolated("during a job")
def _() -> None:
    def function(job: GearmanJob, context: object) -> str:
        stop_proc(pid, signal.SIGKILL)
        sent = True
        for _ in range(50):
            with muted():
                sent = job.sendData("d")
            time.sleep(0.002)
        out(f"sendData in the end {v(v(sent))}")
        return "R"

    pid = start_gearmand(DYING)
    cl(DYING).doBackground("dj", "x")
    w = wk(DYING)
    w.setTimeout(500)
    w.addFunction("dj", function)
    with muted():
        r = w.work()
    out(f"work -> {v(r)}")
