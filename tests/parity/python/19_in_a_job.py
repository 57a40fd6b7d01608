"""Calls on a worker in its own function, and on a client in its own callback."""
# ruff: noqa: F403, F405

from __future__ import annotations

from collections.abc import Callable

from gearman_cffi.ext import *
from tests.parity.python.lib import (
    admin,
    call,
    counts,
    head,
    isolated,
    join_kid,
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
Q = port("Q")
start_gearmand(P)
start_gearmand(Q)


def cl() -> GearmanClient:
    c = GearmanClient()
    c.addServer("127.0.0.1", P)
    c.setTimeout(4000)
    return c


def wk() -> GearmanWorker:
    w = GearmanWorker()
    w.addServer("127.0.0.1", P)
    w.setTimeout(3000)
    return w


def returns(result: object) -> Callable[..., object]:
    return lambda job, context: result


def run_job(w: GearmanWorker, f: str) -> None:
    k = spawn(lambda: show(f"doNormal {f}", cl().doNormal(f, "x")), name="c")
    call("work", w.work)
    join_kid(k)


def during(f: str, does: Callable[[GearmanWorker], object]) -> GearmanWorker:
    """Runs a worker for one job, whose function does this."""
    w = wk()

    def function(job: GearmanJob, context: object) -> str:
        does(w)
        return "R"

    w.addFunction(f, function)
    run_job(w, f)
    return w


def told(w: GearmanWorker) -> None:
    """libgearman tells the servers at the work() that follows one without a job."""
    w.setTimeout(200)
    for _unused in range(2):
        w.work()
    w.setTimeout(3000)


head("functions")


@isolated("register")
def _() -> None:
    w = during("fr", lambda w: call("register", w.register, "other"))
    told(w)
    out(f"the server has it: {v(until(lambda: counts(P, 'other')[2] == 1))}")


@isolated("addFunction")
def _() -> None:
    w = during("fa", lambda w: call("addFunction", w.addFunction, "more", returns("M")))
    told(w)
    run_job(w, "more")
    run_job(w, "fa")


@isolated("addFunction of its own name")
def _() -> None:
    w = during("itself", lambda w: call("addFunction", w.addFunction, "itself", returns("new")))
    run_job(w, "itself")


@isolated("unregister")
def _() -> None:
    def does(w: GearmanWorker) -> None:
        call("unregister", w.unregister, "fu")
        value("again", w.unregister, "fu")

    w = during("fu", does)
    w.addFunction("keeps", returns("K"))
    told(w)
    run_job(w, "keeps")
    out(f"the server has it: {v(counts(P, 'fu')[2] > 0)}")


@isolated("unregister of another")
def _() -> None:
    w = wk()
    w.addFunction("gone", returns("G"))

    def stays(job: GearmanJob, context: object) -> str:
        call("unregister", w.unregister, "gone")
        return "S"

    w.addFunction("stays", stays)
    run_job(w, "stays")
    told(w)
    gone, stayed = until(lambda: counts(P, "gone")[2] == 0), until(lambda: counts(P, "stays")[2] == 1)
    out(f"the server has them: {v(gone)}{v(stayed)}")


@isolated("unregister of none")
def _() -> None:
    during("fn", lambda w: value("unregister", w.unregister, "unknown"))


@isolated("unregisterAll")
def _() -> None:
    w = during("ua", lambda w: call("unregisterAll", w.unregisterAll))
    value("unregisterAll", w.unregisterAll)


head("the rest")


@isolated("setId")
def _() -> None:
    def does(w: GearmanWorker) -> None:
        call("setId", w.setId, "named-in-a-job")
        out(f"the server has it: {v(until(lambda: 'named-in-a-job' in admin(P, 'workers')))}")

    during("si", does)


@isolated("addServer")
def _() -> None:
    def does(w: GearmanWorker) -> None:
        call("addServer", w.addServer, "127.0.0.1", Q)
        call("addServers", w.addServers, f"127.0.0.1:{Q}")

    during("as", does)


@isolated("ping")
def _() -> None:
    during("pi", lambda w: call("ping", w.ping, "data"))


@isolated("wait")
def _() -> None:
    def does(w: GearmanWorker) -> None:
        value("wait", w.wait)
        out(f"rc {w.returnCode()}")

    during("wa", does)


@isolated("grabJob")
def _() -> None:
    cl().doBackground("gr", "second")
    w = wk()

    def function(job: GearmanJob, context: object) -> str:
        other = w.grabJob()
        assert other
        out(f"grabbed {v(other.workload())} in {v(job.workload())}")
        value("sendComplete", other.sendComplete, "O")
        out(f"then {v(job.workload())}")
        return "R"

    w.addFunction("gr", function)
    cl().doHighBackground("gr", "first")
    call("work", w.work)
    out(f"done {v(until(lambda: counts(P, 'gr')[0] == 0))}")


@isolated("options")
def _() -> None:
    def non_blocking(w: GearmanWorker) -> int:
        return w.options() & GEARMAN_WORKER_NON_BLOCKING

    def does(w: GearmanWorker) -> None:
        value("options", non_blocking, w)
        value("addOptions", w.addOptions, GEARMAN_WORKER_NON_BLOCKING)
        value("options", non_blocking, w)

    w = during("op", does)
    value("options", non_blocking, w)
    value("removeOptions", w.removeOptions, GEARMAN_WORKER_NON_BLOCKING)
    value("options", non_blocking, w)


@isolated("setTimeout")
def _() -> None:
    w = during("ti", lambda w: value("setTimeout", w.setTimeout, 1234))
    value("timeout", w.timeout)


head("a callback of a client")


@isolated("addServer")
def _() -> None:
    kid = worker(P, {"cb": returns("C")}, 1)
    c = cl()

    def complete(task: GearmanTask) -> None:
        value("addServer", c.addServer, "127.0.0.1", Q, False)
        out(f"data {v(task.data())}")

    c.setCompleteCallback(complete)
    c.addTask("cb", "x")
    call("runTasks", c.runTasks)
    join_kid(kid)
