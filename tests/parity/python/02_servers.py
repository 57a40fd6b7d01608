"""Adding servers, and the errors for servers that cannot be added."""
# ruff: noqa: F403, F405

from __future__ import annotations

from typing import Any

from gearman_cffi.ext import *
from tests.parity.python.lib import call, counts, head, isolated, out, port, show, start_gearmand, start_tap, v

UP = port("UP")
UP2 = port("UP2")
DOWN = port("DOWN")
V6 = port("V6")
start_gearmand(UP)
start_gearmand(UP2)
for cls in (GearmanClient, GearmanWorker):
    head(f"{cls.__name__}::addServer")
    calls: list[tuple[Any, ...]] = [
        ("127.0.0.1", UP),
        ("localhost", UP),
        ("127.0.0.1", DOWN),
        ("no.such.host.invalid", 4730),
        ("", UP),
        ("127.0.0.1", DOWN, False),
        ("no.such.host.invalid", 4730, False),
        ("", DOWN, False),
        ("[::1]", UP),
    ]
    for arguments in calls:

        @isolated(v(arguments), cls, arguments)
        def _(cls: type[GearmanClient | GearmanWorker], a: tuple[Any, ...]) -> None:
            o = cls()
            call("addServer", o.addServer, *a)

    head(f"{cls.__name__}::addServers")
    calls = [
        (f"127.0.0.1:{UP}",),
        (f"127.0.0.1:{UP},127.0.0.1:{UP2}",),
        (f"127.0.0.1:{UP}, 127.0.0.1:{UP2}",),
        (f"127.0.0.1:{UP},127.0.0.1:{DOWN}",),
        (f"127.0.0.1:{DOWN},127.0.0.1:{UP}",),
        (f":{UP}",),
        (f"[::1]:{UP}",),
        ("", False),
        (f"127.0.0.1:{DOWN},127.0.0.1:{UP}", False),
        (f",127.0.0.1:{UP}", False),
        ("::1", False),
        ("127.0.0.1:abc", False),
    ]
    for arguments in calls:

        @isolated(v(arguments if len(arguments) > 1 else arguments[0]), cls, arguments)
        def _(cls: type[GearmanClient | GearmanWorker], a: tuple[Any, ...]) -> None:
            o = cls()
            call("addServers", o.addServers, *a)


head("after a server that could not be reached")


@isolated("it stays in the list")
def _() -> None:
    c = GearmanClient()
    call("addServer", c.addServer, "127.0.0.1", DOWN)
    call("doNormal", c.doNormal, "f", "w")
    call("doBackground", c.doBackground, "f", "w")
    call("ping", c.ping, "x")
    call("jobStatus", c.jobStatus, "H:x:1")


@isolated("a good one after it")
def _() -> None:
    c = GearmanClient()
    call("addServer bad", c.addServer, "127.0.0.1", DOWN)
    call("addServer good", c.addServer, "127.0.0.1", UP)
    call("doBackground", c.doBackground, "fA", "w")
    call("again", c.doBackground, "fA", "w")
    call("ping", c.ping, "x")


@isolated("a good one before it")
def _() -> None:
    c = GearmanClient()
    call("addServer good", c.addServer, "127.0.0.1", UP)
    call("addServer bad", c.addServer, "127.0.0.1", DOWN)
    call("doBackground", c.doBackground, "fA", "w")
    call("ping", c.ping, "x")


@isolated("without the option, bad then good")
def _() -> None:
    c = GearmanClient()
    call("add bad", c.addServer, "127.0.0.1", DOWN, False)
    call("add good", c.addServer, "127.0.0.1", UP, False)
    call("doBackground", c.doBackground, "fA", "w")
    call("ping", c.ping, "x")
    call("jobStatus", c.jobStatus, "H:golden:999")


@isolated("without the option, bad only")
def _() -> None:
    c = GearmanClient()
    call("add bad", c.addServer, "127.0.0.1", DOWN, False)
    call("doNormal", c.doNormal, "f", "w")
    call("doNormal again", c.doNormal, "f", "w")
    call("addTask", c.addTask, "f", "w")
    call("runTasks", c.runTasks)
    call("runTasks again", c.runTasks)
    call("jobStatus", c.jobStatus, "H:golden:1")
    call("jobStatusByUniqueKey", c.jobStatusByUniqueKey, "u")
    call("enableExceptionHandler", c.enableExceptionHandler)
    call("setExceptionCallback", c.setExceptionCallback, len)


@isolated("without the option, an unknown host only")
def _() -> None:
    c = GearmanClient()
    call("add bad", c.addServer, "no.such.host.invalid", 4730, False)
    call("doNormal", c.doNormal, "f", "w")
    call("addTask", c.addTask, "f", "w")
    call("runTasks", c.runTasks)
    call("ping", c.ping, "x")


for non_blocking in (False, True):

    @isolated("worker" + (", NON_BLOCKING" if non_blocking else ""), non_blocking)
    def _(nb: bool) -> None:
        w = GearmanWorker()
        if nb:
            w.setOptions(GEARMAN_WORKER_NON_BLOCKING)
        call("addServer", w.addServer, "127.0.0.1", DOWN)
        w.addFunction("f", lambda job, context: None)
        call("work", w.work)
        call("work again", w.work)
        if not nb:
            call("grabJob", w.grabJob)
        w.setTimeout(200)
        if not nb:
            call("work with a timeout", w.work)
        call("ping", w.ping, "x")
        call("setId", w.setId, "abc")


@isolated("worker with one bad and one good server gets the job")
def _() -> None:
    w = GearmanWorker()
    call("add bad", w.addServer, "127.0.0.1", DOWN)
    call("add good", w.addServer, "127.0.0.1", UP)
    w.addFunction("fA", lambda job, context: out(f"job {job.workload().decode()}"))
    w.setTimeout(500)
    call("work", w.work)


head("the same server twice")


@isolated("client")
def _() -> None:
    c = GearmanClient()
    c.addServer("127.0.0.1", UP)
    c.addServer("127.0.0.1", UP)
    call("ping", c.ping, "x")
    c.addTaskBackground("fB", "w")
    call("runTasks", c.runTasks)
    show("jobs", counts(UP, "fB"))


head("IPv6")
start_tap(V6, UP, "::1")


@isolated('addServer("::1")')
def _() -> None:
    c = GearmanClient()
    call("addServer", c.addServer, "::1", V6)
    call("ping", c.ping, "x")
