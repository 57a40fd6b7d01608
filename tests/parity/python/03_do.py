"""Jobs in the foreground: workloads and results."""
# ruff: noqa: F403, F405

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from gearman_cffi.ext import *
from tests.parity.python.lib import call, head, kill_kid, out, port, show, st, start_gearmand, v, worker

P = port("P")
start_gearmand(P)
functions = {"rev": lambda job, context: job.workload()[::-1], "echo": lambda job, context: job.workload()}
w = worker(P, functions, 200)
c = GearmanClient()
c.addServer("127.0.0.1", P)
head("success")
for method in ("doNormal", "doHigh", "doLow"):
    call(f"{method}(rev)", getattr(c, method), "rev", "Hello!")
    out(f"    doJobHandle {v(c.doJobHandle())} doStatus {v(c.doStatus())}")
head("workloads")
workloads: dict[str, Any] = {
    "zero": "0",
    "NULs": b"a\0b\0\0c",
    "leading NUL": b"\0abc",
    "binary": b"\xff\xfe\x00\x80",
    "utf8": "héllo \U0001f600",
    "int": 42,
    "negative": -7,
    "float": 1.5,
    "whole float": 2.0,
    "large float": 1e25,
    "small float": 0.1e-6,
    "third": 1 / 3,
    "true": True,
    "false": False,
    "empty": "",
    "array": [1],
    "object": SimpleNamespace(),
}
for n, x in workloads.items():
    call(n, c.doNormal, "echo", x)
for size in (100, 8191, 8192, 65536, 300000):
    s = (b"\x00\x01abc\xff" * (size // 6 + 1))[:size]
    r = c.doNormal("echo", s)
    out(f"{size} bytes: {len(r)} bytes back, the same {v(r == s)}, {st(c)}")
head("an empty workload")
methods = "doHigh doLow doBackground doHighBackground doLowBackground addTask addTaskHigh addTaskLow addTaskBackground"
for method in [*methods.split(), "addTaskHighBackground", "addTaskLowBackground"]:
    call(f"{method}(echo)", getattr(c, method), "echo", "")
call("ping", c.ping, "")
head("success after a failure")
call("bad", c.doNormal, "", "w")
call("good", c.doNormal, "rev", "abc")
head("named arguments")
call("doNormal", c.doNormal, function="rev", workload="xyz", unique="named1")
head("procedural")
show("gearman_client_do_normal", gearman_client_do_normal(c, "rev", "xyz"))
show("gearman_client_do_high", gearman_client_do_high(c, "rev", "xyz"))
show("gearman_client_do_low", gearman_client_do_low(c, "rev", "xyz", "u"))
show("gearman_client_do_background", gearman_client_do_background(c, "bg", "xyz"))
show("gearman_client_do_high_background", gearman_client_do_high_background(c, "bg", "xyz"))
show("gearman_client_do_low_background", gearman_client_do_low_background(c, "bg", "xyz"))
show("gearman_client_do_job_handle", gearman_client_do_job_handle(c))
show("gearman_client_do_status", gearman_client_do_status(c))
show("gearman_client_ping", gearman_client_ping(c, "x"))
kill_kid(w)
