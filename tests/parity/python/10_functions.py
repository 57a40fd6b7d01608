"""A worker's functions: adding, replacing, registering and removing them; its id."""
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
)

P = port("P")
start_gearmand(P)


def cl() -> GearmanClient:
    c = GearmanClient()
    c.addServer("127.0.0.1", P)
    return c


def wk() -> GearmanWorker:
    w = GearmanWorker()
    w.addServer("127.0.0.1", P)
    return w


def nothing(job: GearmanJob, context: object) -> None:
    pass


def returns(result: object) -> Callable[..., object]:
    return lambda job, context: result


def ask(function: str) -> int:
    """Runs a client that shows the result of a job."""
    return spawn(lambda: show("doNormal", cl().doNormal(function, "x")), name="c")


head("addFunction")


@isolated("what is refused")
def _() -> None:
    w = wk()
    for n, x in {"text": "no_such_function", "null": None, "int": 5}.items():
        call(n, w.addFunction, "f", x)
    for size in (0, 512, 513):
        call(f"a name of {size} bytes", w.addFunction, "n" * size, nothing)


@isolated("again: the last one counts")
def _() -> None:
    w = wk()
    w.addFunction("re", returns("old"))
    call("again", w.addFunction, "re", returns("new"))
    k = ask("re")
    w.setTimeout(3000)
    w.work()
    join_kid(k)


@isolated("again with another timeout")
def _() -> None:
    w = wk()
    w.addFunction("rt", returns("old"), None, 5)
    call("again", w.addFunction, "rt", returns("new"), None, 7)
    k = ask("rt")
    w.setTimeout(3000)
    w.work()
    join_kid(k)


@isolated("again after a job")
def _() -> None:
    w = wk()
    w.setTimeout(3000)
    for r in ("one", "two"):
        w.addFunction("ra", returns(r))
        k = ask("ra")
        w.work()
        join_kid(k)


@isolated("two: the first added is served first")
def _() -> None:
    for n in ("t2", "t1"):
        cl().doBackground(n, "x")
    w = wk()
    for n in ("t1", "t2"):
        w.addFunction(n, lambda job, context: out(f"ran {job.functionName()}"))
    w.setTimeout(3000)
    w.work()
    w.work()


@isolated("before addServer")
def _() -> None:
    w = GearmanWorker()
    call("addFunction", w.addFunction, "before", returns("B"))
    w.addServer("127.0.0.1", P)
    k = ask("before")
    w.setTimeout(3000)
    call("work", w.work)
    join_kid(k)


head("register")


@isolated("the server hears of it at work()")
def _() -> None:
    w = wk()
    call("register", w.register, "reg1")
    show("status", admin(P, "status"))
    w.setTimeout(100)
    call("work", w.work)
    show("status", counts(P, "reg1"))


@isolated("a job for a function without a callback")
def _() -> None:
    cl().doBackground("reg2", "x")
    w = wk()
    w.register("reg2")
    w.setTimeout(300)
    call("work", w.work)
    call("work again", w.work)


@isolated("empty name")
def _() -> None:
    w = wk()
    call("register", w.register, "")
    call("unregister", w.unregister, "")


head("unregister")


@isolated("known, unknown, twice")
def _() -> None:
    w = wk()
    for n in ("un1", "un2"):
        w.addFunction(n, nothing)
    for n in ("un1", "un1", "nope"):
        call(f"unregister {n}", w.unregister, n)
    w.setTimeout(100)
    call("work", w.work)
    call("unregister un1", w.unregister, "un1")
    for n in ("un1", "un2"):
        show(n, counts(P, n))
    call("addFunction un1", w.addFunction, "un1", nothing)
    call("work", w.work)
    show("un1", counts(P, "un1"))


@isolated("all")
def _() -> None:
    w = wk()
    for n in ("ua1", "ua2"):
        w.addFunction(n, nothing)
    call("with two", w.unregisterAll)
    call("again", w.unregisterAll)
    w.setTimeout(100)
    call("work", w.work)
    call("addFunction", w.addFunction, "ua3", nothing)
    call("work", w.work)
    for n in ("ua1", "ua3"):
        show(n, counts(P, n))


head("setId")


@isolated("values")
def _() -> None:
    w = wk()
    for x in ("abc", "with space", "", "tab\t", "é", "i" * 64, "i" * 65, "i" * 253, "i" * 254, "i" * 255):
        call(f"{len(x.encode())} {v(x[:12])}", w.setId, x)


for early in (False, True):

    @isolated(f"in the list of workers, {'before' if early else 'after'} addServer", early)
    def _(early: bool) -> None:
        w = GearmanWorker()
        if not early:
            w.addServer("127.0.0.1", P)
        w.setId("early-id" if early else "late-id")
        if early:
            w.addServer("127.0.0.1", P)
        w.ping("x")
        mark = " early-id :" if early else " late-id :"
        show("listed", until(lambda: mark in admin(P, "workers")))
