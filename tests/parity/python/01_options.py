"""Options, timeouts and the context of clients and workers."""
# ruff: noqa: F403, F405

from __future__ import annotations

from gearman_cffi.ext import *
from tests.parity.python.lib import head, out, show, v, value

head("client options")
client_options = {
    "ALLOCATED": GEARMAN_CLIENT_ALLOCATED,
    "NON_BLOCKING": GEARMAN_CLIENT_NON_BLOCKING,
    "TASK_IN_USE": GEARMAN_CLIENT_TASK_IN_USE,
    "UNBUFFERED_RESULT": GEARMAN_CLIENT_UNBUFFERED_RESULT,
    "NO_NEW": GEARMAN_CLIENT_NO_NEW,
    "FREE_TASKS": GEARMAN_CLIENT_FREE_TASKS,
    "generate unique": 64,
    "128": 128,
    "512": 512,
    "1024": 1024,
}
for n, o in client_options.items():
    c = GearmanClient()
    out(f"{n}: addOptions {v(c.addOptions(o))}, options {c.options()}")
    out(f"    removeOptions {v(c.removeOptions(o))}, options {c.options()}")
    c = GearmanClient()
    out(f"    setOptions {v(c.setOptions(o))}, options {c.options()}")
c = GearmanClient()
c.setOptions(0)
show("setOptions(0)", c.options())
c.setOptions(GEARMAN_CLIENT_NON_BLOCKING | GEARMAN_CLIENT_FREE_TASKS)
show("setOptions(NON_BLOCKING | FREE_TASKS)", c.options())
head("client timeout")
c = GearmanClient()
for t in (0, 1, 100, -1, -5, 2147483647):
    out(f"setTimeout({t}) {v(c.setTimeout(t))}, timeout {v(c.timeout())}")
head("client context")
c = GearmanClient()
show("context", c.context())
for x in ("abc", "", "hé"):
    value("setContext", c.setContext, x)
    show("context", c.context())
value("setContext(array)", c.setContext, [])
head("worker options")
worker_options = {
    "ALLOCATED": 1,
    "NON_BLOCKING": 2,
    "PACKET_INIT": 4,
    "GRAB_JOB_IN_USE": 8,
    "PRE_SLEEP_IN_USE": 16,
    "WORK_JOB_IN_USE": 32,
    "CHANGE": 64,
    "GRAB_UNIQ": 128,
    "TIMEOUT_RETURN": 256,
    "grab all": 512,
    "identifier": 2048,
    "4096": 4096,
}
for n, o in worker_options.items():
    w = GearmanWorker()
    out(f"{n}: addOptions {v(w.addOptions(o))}, options {w.options()}")
    out(f"    removeOptions {v(w.removeOptions(o))}, options {w.options()}, timeout {w.timeout()}")
    w = GearmanWorker()
    out(f"    setOptions {v(w.setOptions(o))}, options {w.options()}, timeout {w.timeout()}")
w = GearmanWorker()
w.setOptions(0)
out(f"setOptions(0): options {w.options()}, timeout {w.timeout()}")
head("worker timeout and its option")
w = GearmanWorker()
w.setTimeout(500)
out(f"setTimeout(500): options {w.options()}, timeout {w.timeout()}")
w.setOptions(GEARMAN_WORKER_NON_BLOCKING)
out(f"setOptions(NON_BLOCKING): options {w.options()}, timeout {w.timeout()}")
w = GearmanWorker()
w.setTimeout(-1)
out(f"setTimeout(-1): options {w.options()}, timeout {w.timeout()}")
w.removeOptions(GEARMAN_WORKER_TIMEOUT_RETURN)
out(f"removeOptions(TIMEOUT_RETURN): options {w.options()}, timeout {w.timeout()}")
w = GearmanWorker()
for t in (0, 1, 100, -1, -5, 2147483647):
    out(f"setTimeout({t}) {v(w.setTimeout(t))}, timeout {v(w.timeout())}")
