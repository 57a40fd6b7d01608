"""Function names and unique keys."""
# ruff: noqa: F403, F405

from __future__ import annotations

from gearman_cffi.ext import *
from tests.parity.python.lib import admin, call, head, kill_kid, live, out, port, start_gearmand, v, value, worker

P = port("P")
start_gearmand(P)


def cl() -> GearmanClient:
    c = GearmanClient()
    c.addServer("127.0.0.1", P)
    return c


def describe_unique(client: GearmanClient, function: str, unique: str) -> object:
    task = client.addTaskBackground(function, "ab", None, unique)
    return [len(str(task.unique())), task.unique()] if task else task


c = cl()
head("function names")
call("doNormal, empty", c.doNormal, "", "w")
call("doBackground, empty", c.doBackground, "", "w")
call("addTask, empty", c.addTask, "", "w")
for n in (512, 513):
    call(f"doBackground, {n} bytes", c.doBackground, "n" * n, "w")
    if n > 512:
        call(f"doNormal, {n} bytes", c.doNormal, "n" * n, "w")
    t = cl()
    call(f"addTaskBackground, {n} bytes", t.addTaskBackground, "n" * n, "w")
    call("runTasks", t.runTasks)
for name in ("with space", "tab\tname", "CaSe", "case", "é"):
    call(f"doBackground {v(name)}", c.doBackground, name, "w")
for line in admin(P, "status").split("\n"):
    out("    status " + line.replace("n" * 512, "n*512"))
head("unique keys by length")
for n in (0, 1, 63, 64, 65, 200):
    u = "u" * n
    call(f"doBackground, {n}", c.doBackground, f"bg{n}", "ab", u)
    if n > 64:
        call(f"doNormal, {n}", c.doNormal, "bg", "ab", u)
    t = cl()
    value(f"addTaskBackground, {n}", describe_unique, t, f"tk{n}", u)
    value("returnCode", t.returnCode)
head("the unique key that the worker sees")
w = worker(P, {"uq": lambda job, context: f"{v(job.unique())} {len(job.unique())}"}, 60)
uniques = {"empty": "", "short": "abc", "63": "x" * 63, "64": "x" * 64, "dash": "-", "hash": "#", "space": "a b"}
for label, unique in uniques.items():
    call(label, c.doNormal, "uq", "wl", unique)
call("none", c.doNormal, "uq", "wl")
call("hash, other workload", c.doNormal, "uq", "wl2", "#")
call("hash, the same workload", c.doNormal, "uq", "wl2", "#")
kill_kid(w)


def ask_for_no_unique(worker: GearmanWorker) -> None:
    worker.removeOptions(GEARMAN_WORKER_GRAB_UNIQ | 512)
    out(f"options {worker.options()}")


w = worker(P, {"uq2": lambda job, context: v(job.unique())}, 6, ask_for_no_unique)
call("a worker that does not ask for it", c.doNormal, "uq2", "wl", "abc")
kill_kid(w, True)
head("GENERATE_UNIQUE")
g = cl()
g.addOptions(64)
w = worker(P, {"uq3": lambda job, context: v(job.unique())}, 6)
call("none", g.doNormal, "uq3", "wl")
call("given", g.doNormal, "uq3", "wl", "given")
value("task", lambda: live(g.addTask("uq3", "wl")).unique())
kill_kid(w)
