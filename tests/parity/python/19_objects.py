"""Attributes, contexts, constructors and exceptions."""
# ruff: noqa: F403, F405

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from gearman_cffi.ext import *
from tests.parity.python.lib import head, isolated, join_kid, muted, out, port, show, start_gearmand, v, value, worker

P = port("P")
DOWN = port("DOWN")
start_gearmand(P)


def cl() -> GearmanClient:
    c = GearmanClient()
    c.addServer("127.0.0.1", P)
    c.setTimeout(3000)
    return c


class Task(GearmanTask):
    mine: Any = "default"


class Job(GearmanJob):
    mine: Any = "default"


head("attributes")
for cls in (GearmanClient, GearmanWorker, GearmanTask, GearmanJob, Task, Job):
    o: Any = cls()
    o.mine = 5
    o.list = [1, 2]
    show(cls.__name__, [o.mine, o.list])


@isolated("of a task that runs")
def _() -> None:
    def f(j: Any) -> bytes:
        j.seen = j.workload()
        return j.seen  # type: ignore[no-any-return]

    kid = worker(P, {"f": f})
    c = cl()
    t: Any = c.addTask("f", "W")
    t.number = 7
    c.setCompleteCallback(lambda done: out(f"complete {v([t.number, done.data()])}"))
    c.runTasks()
    join_kid(kid)


head("arrays as contexts")


@isolated("of functions")
def _() -> None:
    def count(_: object, cx: dict[str, int]) -> None:
        cx["n"] += 1
        out(f"n {cx['n']}")

    w = GearmanWorker()
    w.addServer("127.0.0.1", P)
    w.addFunction("cx", count, {"n": 0})
    for _ in range(3):
        cl().doBackground("cx", "W")
        w.work()


@isolated("of tasks")
def _() -> None:
    def complete(t: Any, found: list[bytes]) -> None:
        found.append(t.data())
        out(f"in the callback {v(found)}")

    kid = worker(P, {"f": lambda j: "R"})
    results: list[bytes] = []
    c = cl()
    c.setCompleteCallback(complete)
    c.addTask("f", "W", results)
    c.runTasks()
    show("results", results)
    join_kid(kid)


head("a class that does not call the constructor")


class BareClient(GearmanClient):
    def __init__(self) -> None:
        pass


class BareWorker(GearmanWorker):
    def __init__(self) -> None:
        pass


bare_client: Any = BareClient()
bare_worker: Any = BareWorker()
with muted():
    for method in ("returnCode", "error", "options", "timeout", "context", "clearCallbacks"):
        value(f"client {method}", getattr(bare_client, method))
    value("client setContext", bare_client.setContext, "x")
    value("client doBackground", bare_client.doBackground, "f", "W")
    value("client addTask", bare_client.addTask, "f", "W")
    for method in ("returnCode", "error", "options", "timeout", "work", "unregisterAll"):
        value(f"worker {method}", getattr(bare_worker, method))
head("GearmanException")
PLACE = r".*19_objects\.\w+\(\d+\)"
try:
    cl().addServer("127.0.0.1", DOWN)
except GearmanException as e:
    show("getMessage", e.getMessage())
    show("getCode", e.getCode())
    show("getPrevious", e.getPrevious())
    show("getFile", Path(e.getFile()).stem)
    show("getLine", e.getLine() > 0)
    show("getTrace", [call["function"] for call in e.getTrace()])
    pattern = rf"#0 {PLACE}: GearmanClient->addServer\(.*\)\n#1 \{{main\}}"
    show("getTraceAsString", bool(re.fullmatch(pattern, e.getTraceAsString())))


def inner() -> None:
    raise GearmanException("mine", 5, GearmanException("first"))


def outer() -> None:
    inner()


try:
    outer()
except GearmanException as e:
    show("getMessage", e.getMessage())
    show("getCode", e.getCode())
    show("getPrevious", e.getPrevious())
    show("getFile", Path(e.getFile()).stem)
    show("getTrace", [call["function"] for call in e.getTrace()])
    pattern = rf"#0 {PLACE}: inner\(\)\n#1 {PLACE}: outer\(\)\n#2 \{{main\}}"
    show("getTraceAsString", bool(re.fullmatch(pattern, e.getTraceAsString())))
    called = e.getTrace()
    show("lines", len(called) == 2 and int(called[1]["line"]) > int(called[0]["line"]) > e.getLine())
    show("as text", bool(str(e)))
head("arguments that a constructor or a function without parameters is given")
task_class: Any = GearmanTask
job_class: Any = GearmanJob
version: Any = gearman_version
value("new GearmanTask(1)", task_class, 1)
value("new GearmanJob(1)", job_class, 1)
value("gearman_version(1)", lambda: version(1) != "")
