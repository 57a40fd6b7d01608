"""The text of error() after a success; without its prefix, so that normalize.py keeps it."""
# ruff: noqa: F403, F405

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from gearman_cffi.ext import *
from tests.parity.python.lib import (
    head,
    isolated,
    kill_kid,
    muted,
    out,
    port,
    start_gearmand,
    v,
    value,
    worker,
)

P = port("P")
DOWN = port("DOWN")
start_gearmand(P)


def cl() -> GearmanClient:
    c = GearmanClient()
    c.addServer("127.0.0.1", P)
    c.setTimeout(3000)
    return c


def wk() -> GearmanWorker:
    w = GearmanWorker()
    w.addServer("127.0.0.1", P)
    w.setTimeout(700)
    return w


def text(o: GearmanClient | GearmanWorker, label: str, f: Callable[..., object], *arguments: Any) -> None:
    with muted():
        result = f(*arguments)
    error = o.error()
    shown = re.sub(r"^GEARMAN_| .*| -> .*", "", error) if isinstance(error, str) else error
    told = f"{v(result)} " if isinstance(result, bool) else ""
    out(f"{label} {told}rc {o.returnCode()} error {v(shown)}")


def nothing() -> None:
    pass


def exc(job: GearmanJob) -> None:
    job.sendException("e")


def fail(job: GearmanJob) -> None:
    job.sendFail()


functions: dict[str, Callable[..., Any]] = {"echo": lambda job: job.workload(), "exc": exc, "fail": fail}
head("after a success")


@isolated("of a client")
def _() -> None:
    kid = worker(P, functions, 100)
    c = cl()
    text(c, "nothing", nothing)
    for method in ("doNormal", "doHigh", "doLow", "doBackground", "doHighBackground", "doLowBackground"):
        text(c, method, getattr(c, method), "echo", "W")
    text(c, "jobStatus", c.jobStatus, "H:1")
    text(c, "ping", c.ping, "x")
    text(c, "doNormal", c.doNormal, "echo", "W")
    text(c, "doNormal without a result", c.doNormal, "echo", " ")
    text(c, "doNormal that fails", c.doNormal, "fail", "W")
    text(c, "doNormal that raises", c.doNormal, "exc", "W")
    text(c, "doBackground", c.doBackground, "echo", "W")
    kill_kid(kid)


@isolated("of a client with a dead server")
def _() -> None:
    kid = worker(P, functions, 100)
    c = GearmanClient()
    c.addServer("127.0.0.1", P, False)
    c.addServer("127.0.0.1", DOWN, False)
    c.setTimeout(3000)
    for method in ("doNormal", "doBackground"):
        text(c, method, getattr(c, method), "echo", "W")
    text(c, "jobStatus", c.jobStatus, "H:1")
    kill_kid(kid)


@isolated("of runTasks() without a task")
def _() -> None:
    kid = worker(P, functions, 100)
    c = cl()
    text(c, "runTasks", c.runTasks)
    text(c, "doNormal that raises", c.doNormal, "exc", "W")
    text(c, "runTasks", c.runTasks)
    text(c, "doNormal", c.doNormal, "echo", "W")
    text(c, "runTasks", c.runTasks)
    kill_kid(kid)


@isolated("of a worker")
def _() -> None:
    w = wk()
    text(w, "nothing", nothing)
    text(w, "addFunction", w.addFunction, "of", lambda job: "R")
    text(w, "setId", w.setId, "id")
    text(w, "ping", w.ping, "x")
    cl().doBackground("of", "W")
    text(w, "work", w.work)
    text(w, "addFunction", w.addFunction, "other", lambda job: "R")
    cl().doBackground("of", "W")
    text(w, "work", w.work)
    text(w, "unregister", w.unregister, "other")
    text(w, "unregisterAll", w.unregisterAll)


head("nothing to remove")


@isolated("on a connected worker")
def _() -> None:
    w = wk()
    value("unregister", w.unregister, "none")
    value("unregisterAll", w.unregisterAll)
