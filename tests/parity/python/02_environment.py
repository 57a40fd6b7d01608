"""GEARMAN_SERVERS, and where jobs go when there are several servers."""
# ruff: noqa: F403, F405

from __future__ import annotations

import os
from typing import Any

from gearman_cffi.ext import *
from tests.parity.python.lib import call, counts, head, isolated, out, port, show, st, start_gearmand, v, value

UP = port("UP")
UP2 = port("UP2")
DOWN = port("DOWN")
start_gearmand(UP)
start_gearmand(UP2)
head("GEARMAN_SERVERS")
both = f"127.0.0.1:{UP},127.0.0.1:{DOWN}"
for servers in (f"127.0.0.1:{UP}", f"127.0.0.1:{DOWN}", "no.such.host.invalid", both):
    for cls in (GearmanClient, GearmanWorker):

        @isolated(f"{v(servers)} new {cls.__name__}", servers, cls)
        def _(servers: str, cls: type[GearmanClient | GearmanWorker]) -> None:
            os.environ["GEARMAN_SERVERS"] = servers
            o: Any = value("new", cls)
            if o is None:
                return
            out(st(o))
            call("ping", o.ping, "x")


@isolated("an explicit server after it gets the jobs")
def _() -> None:
    os.environ["GEARMAN_SERVERS"] = f"127.0.0.1:{UP}"
    c = GearmanClient()
    c.addServer("127.0.0.1", UP2)
    for i in range(4):
        c.addTaskBackground("fEnv", f"w{i}")
    c.runTasks()
    show("UP", counts(UP, "fEnv"))
    show("UP2", counts(UP2, "fEnv"))


@isolated("a worker serves both")
def _() -> None:
    os.environ["GEARMAN_SERVERS"] = f"127.0.0.1:{UP}"
    w = GearmanWorker()
    w.addServer("127.0.0.1", UP2)
    w.addFunction("both", lambda job, context: None)
    w.setTimeout(100)
    call("work", w.work)
    show("UP", counts(UP, "both"))
    show("UP2", counts(UP2, "both"))


head("several servers: all submissions go to the one added last")


@isolated("doBackground")
def _() -> None:
    c = GearmanClient()
    c.addServer("127.0.0.1", UP, False)
    c.addServer("127.0.0.1", UP2, False)
    for i in range(4):
        out(c.doBackground("fC", f"w{i}", f"u{i}"))
    show("UP", counts(UP, "fC"))
    show("UP2", counts(UP2, "fC"))


@isolated("tasks")
def _() -> None:
    c = GearmanClient()
    c.addServers(f"127.0.0.1:{UP},127.0.0.1:{UP2}")
    for i in range(4):
        c.addTaskBackground("fD", f"w{i}", None, f"u{i}")
    call("runTasks", c.runTasks)
    show("UP", counts(UP, "fD"))
    show("UP2", counts(UP2, "fD"))
