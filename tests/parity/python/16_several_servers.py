"""Clients and workers with several connected servers."""
# ruff: noqa: F403, F405

from __future__ import annotations

from gearman_cffi.ext import *
from tests.parity.python.lib import (
    call,
    counts,
    head,
    isolated,
    kill_kid,
    out,
    port,
    rc_name,
    show,
    start_gearmand,
    v,
    worker,
)

A = port("A")
B = port("B")
DOWN = port("DOWN")
start_gearmand(A)
start_gearmand(B, "--job-handle-prefix=H:b")


def both() -> GearmanClient:
    c = GearmanClient()
    c.addServers(f"127.0.0.1:{A},127.0.0.1:{B}")
    c.setTimeout(5000)
    return c


head("two servers")


@isolated("all tasks go to the one added last")
def _() -> None:
    c = both()
    for i in range(3):
        c.addTaskBackground("t", f"w{i}")
    call("runTasks", c.runTasks)
    show("A", counts(A, "t"))
    show("B", counts(B, "t"))


@isolated("a handle of the other one is unknown")
def _() -> None:
    a = GearmanClient()
    a.addServer("127.0.0.1", A)
    h = a.doBackground("s", "x")
    show("before", a.jobStatus(h))
    a.addServer("127.0.0.1", B, False)
    show("after", a.jobStatus(h))


@isolated("a worker serves both")
def _() -> None:
    for p in (A, B):
        c = GearmanClient()
        c.addServer("127.0.0.1", p)
        c.doBackground("both", "x")
    w = GearmanWorker()
    w.addServers(f"127.0.0.1:{A},127.0.0.1:{B}")
    done: list[object] = []
    w.addFunction("both", lambda job, context: done.append(job))
    w.setTimeout(3000)
    w.work()
    w.work()
    show("jobs run", len(done))


@isolated("thirty doNormal")
def _() -> None:
    k = worker(B, {"rev": lambda job, context: job.workload()[::-1]}, 40)
    c = both()
    show("answers", {c.doNormal("rev", "abc") for _ in range(30)} == {b"cba"})
    kill_kid(k)


@isolated("thirty doBackground and jobStatus")
def _() -> None:
    c = both()
    handles = [c.doBackground("many", "x") for _ in range(30)]
    show("handles", len(set(handles) - {""}))
    show("known", all(c.jobStatus(h)[0] for h in handles))


head("one of them is down")


@isolated("added last, without the option: the other one takes over")
def _() -> None:
    c = GearmanClient()
    c.addServer("127.0.0.1", A, False)
    c.addServer("127.0.0.1", DOWN, False)
    for i in range(3):
        r = c.doBackground("d1", f"w{i}")
        out(f"{v(r != '')} rc {rc_name(c.returnCode())}")
    show("A", counts(A, "d1"))


@isolated("added first: do*")
def _() -> None:
    c = GearmanClient()
    c.addServer("127.0.0.1", DOWN, False)
    c.addServer("127.0.0.1", A, False)
    r = c.doBackground("d2", "w")
    out(f"{v(r != '')} rc {rc_name(c.returnCode())}")
    show("A", counts(A, "d2"))
