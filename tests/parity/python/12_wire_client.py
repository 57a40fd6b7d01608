"""The packets that a client sends."""
# ruff: noqa: F403, F405

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gearman_cffi.ext import *
from tests.parity.python.lib import head, kill_kid, out, port, start_gearmand, start_tap, tap_dump, worker

P = port("P")
TAP = port("TAP")
start_gearmand(P)
start_tap(TAP, P)


def cl(exceptions: bool = True) -> GearmanClient:
    c = GearmanClient()
    c.addServer("127.0.0.1", TAP, exceptions)
    return c


def everything(job: GearmanJob, context: object) -> str:
    job.sendData("D")
    job.sendWarning("W")
    job.sendStatus(1, 2)
    job.sendData("")
    return "C"


functions: dict[str, Callable[..., Any]] = {
    "rev": lambda job, context: job.workload()[::-1],
    "fail": lambda job, context: job.sendFail() and None,
    "exc": lambda job, context: job.sendException("boom") and None,
    "all": everything,
}
kid = worker(P, functions, 100)
head("one client")
c = cl()
tap_dump(TAP, "OPTION_RES")
for method in ("doNormal", "doHigh", "doLow"):
    out(f"-- {method}")
    getattr(c, method)("rev", "Hello!", "u")
    tap_dump(TAP, "WORK_COMPLETE")
for method in ("doBackground", "doHighBackground", "doLowBackground"):
    out(f"-- {method}")
    getattr(c, method)("bg", "Hello!", f"u{method}")
    tap_dump(TAP, "JOB_CREATED")
out("-- jobStatus")
c.jobStatus("H:golden:1")
tap_dump(TAP, "STATUS_RES")
out("-- ping")
c.ping("p\0q")
tap_dump(TAP, "ECHO_RES")
out("-- a job that fails")
c.doNormal("fail", "x", "u")
tap_dump(TAP, "WORK_FAIL")
out("-- a job that raises")
c.doNormal("exc", "x", "u")
tap_dump(TAP, "WORK_EXCEPTION")
out("-- data, warning, status")
c.doNormal("all", "x", "u")
tap_dump(TAP, "WORK_COMPLETE")
out("-- enableExceptionHandler")
c.enableExceptionHandler()
tap_dump(TAP, "OPTION_RES")
out("-- tasks")
for x in "abc":
    c.addTaskBackground(f"bg{x}", x, None, f"u{x}")
c.runTasks()
tap_dump(TAP, "JOB_CREATED", 3, ">")
out("-- a status task")
c.addTaskStatus("H:golden:1")
c.runTasks()
tap_dump(TAP, "STATUS_RES")
head("without the exceptions option")
n = cl(False)
n.doNormal("rev", "x", "u")
tap_dump(TAP, "WORK_COMPLETE")
head("by unique key, on a client of its own")
u = cl()
u.jobStatusByUniqueKey("nope")
tap_dump(TAP, "STATUS_RES_UNIQUE")
kill_kid(kid)
