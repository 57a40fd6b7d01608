"""Background jobs, jobs with the same unique key, ping and wait."""
# ruff: noqa: F403, F405

from __future__ import annotations

from typing import Any

from gearman_cffi.ext import *
from tests.parity.python.lib import (
    LOUD,
    admin,
    call,
    created,
    head,
    join_kid,
    out,
    port,
    spawn,
    start_gearmand,
    until_created,
    v,
    worker,
)

P = port("P")
start_gearmand(P, *LOUD)


def cl() -> GearmanClient:
    c = GearmanClient()
    c.addServer("127.0.0.1", P)
    return c


head("handles")
c = cl()
for method in ("doBackground", "doHighBackground", "doLowBackground"):
    call(f"{method}(bg, x)", getattr(c, method), "bg", "x")
    out(f"    doJobHandle {v(c.doJobHandle())} doStatus {v(c.doStatus())}")
for refused in (("", "x"), ("bg", "")):  # the first one keeps the handle
    call("doBackground", c.doBackground, *refused)
    out(f"    doJobHandle {v(c.doJobHandle())}")
head("unique keys")
submissions: list[tuple[Any, ...]] = [
    ("doBackground", "co", "A", "uniq1"),
    ("doBackground", "co", "B", "uniq1"),
    ("doHighBackground", "co", "C", "uniq1"),
    ("doBackground", "co", "A", "uniq2"),
    ("doBackground", "other", "A", "uniq1"),
    ("doBackground", "co", "A"),
    ("doBackground", "co", "A"),
    ("doBackground", "co", "A", None),
    ("doBackground", "co", "A", ""),
    ("doBackground", "co", "A", "#"),
    ("doBackground", "co", "A", "#"),
    ("doBackground", "co", "B", "#"),
    ("doBackground", "co", "A", "-"),
    ("doBackground", "co", "A", "-"),
    ("doBackground", "co", "B", "-"),
]
for method, *arguments in submissions:
    call(f"{method}{v(arguments)}", getattr(c, method), *arguments)
for line in admin(P, "status").split("\n"):
    out(f"    status {line}")
out("-- which workloads run")
k = worker(P, {"co": lambda job, context: out(f"{v(job.workload())} {v(job.unique())} {v(job.handle())}")}, 10)
join_kid(k)
head("two clients in the foreground with the same unique key")


def first() -> None:
    c = cl()
    call("client 1", c.doNormal, "fg", "W1", "same")


def second() -> None:
    c = cl()
    call("client 2", c.doNormal, "fg", "W2", "same")


def foreground(job: GearmanJob, context: object) -> bytes:
    out(f"ran {job.workload().decode()}")
    job.sendData("D-")
    return b"R:" + job.workload()


n = created(P)
k1 = spawn(first, name="c1")
until_created(P, n + 1)
k2 = spawn(second, name="c2")
until_created(P, n + 2)
k = worker(P, {"fg": foreground})
for kid in (k, k1, k2):
    join_kid(kid)
head("background and then foreground with the same unique key")
call("doBackground", c.doBackground, "mixq", "W1", "u")


def third() -> None:
    c = cl()
    call("doNormal", c.doNormal, "mixq", "W2", "u")


def mixed(job: GearmanJob, context: object) -> bytes:
    out(f"ran {job.workload().decode()}")
    return b"R:" + job.workload()


n = created(P)
k1 = spawn(third, name="c1")
until_created(P, n + 1)
k = worker(P, {"mixq": mixed})
join_kid(k)
join_kid(k1)
head("priorities")
for method, x in (
    ("doLowBackground", "low1"),
    ("doBackground", "norm1"),
    ("doHighBackground", "high1"),
    ("doLowBackground", "low2"),
    ("doHighBackground", "high2"),
    ("doBackground", "norm2"),
):
    getattr(c, method)("prio", x)
join_kid(worker(P, {"prio": lambda job, context: out(job.workload().decode())}, 6))
head("ping")
for ping in ("hello", "a\0b", "p" * 2048, "p" * 2049, "p" * 65536):
    call("ping", c.ping, ping)
w = GearmanWorker()
w.addServer("127.0.0.1", P)
call("worker ping", w.ping, "hello")
call("worker ping, empty", w.ping, "")
head("wait with nothing to wait for")
c.setTimeout(100)
call("wait", c.wait)
w.setTimeout(100)
call("worker wait", w.wait)
