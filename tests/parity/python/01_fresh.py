"""Objects that were never given a server."""
# ruff: noqa: F403, F405

from __future__ import annotations

from typing import Any

from gearman_cffi.ext import *
from tests.parity.python.lib import call, head, isolated, value


def nothing(*_: object) -> None:
    pass


head("a fresh client")
c = GearmanClient()
getters = "returnCode error getErrno options timeout context doJobHandle doStatus clearCallbacks"
for getter in getters.split():
    value(f"{getter}()", getattr(c, getter))
head("client calls without a server")
calls: list[tuple[Any, ...]] = [
    ("wait",),
    ("ping", "x"),
    ("runTasks",),
    ("jobStatus", "H:x:1"),
    ("jobStatusByUniqueKey", "u"),
    ("enableExceptionHandler",),
    ("doNormal", "f", "w"),
    ("doHigh", "f", "w"),
    ("doLow", "f", "w"),
    ("doBackground", "f", "w"),
    ("doHighBackground", "f", "w"),
    ("doLowBackground", "f", "w"),
    ("addTask", "f", "w"),
    ("addTaskBackground", "f", "w"),
    ("addTaskStatus", "H:x:1"),
]
for method, *arguments in calls:

    @isolated(method, method, arguments)
    def _(m: str, a: list[Any]) -> None:
        c = GearmanClient()
        call(f"{m}()", getattr(c, m), *a)
        if m.startswith("addTask"):
            call("runTasks()", c.runTasks)


head("callbacks of a client without a server")
for n in ("Workload", "Created", "Data", "Warning", "Status", "Complete", "Exception", "Fail"):
    c = GearmanClient()
    call(f"set{n}Callback(function)", getattr(c, f"set{n}Callback"), nothing)
    call(f"set{n}Callback(null)", getattr(c, f"set{n}Callback"), None)
c = GearmanClient()
call("setDataCallback(text)", c.setDataCallback, "no_such_fn")
call("setDataCallback(123)", c.setDataCallback, 123)
head("a fresh worker")
w = GearmanWorker()
for getter in ("returnCode", "error", "getErrno", "options", "timeout"):
    value(f"{getter}()", getattr(w, getter))
head("worker calls without a server")
calls = [
    ("wait",),
    ("ping", "x"),
    ("work",),
    ("grabJob",),
    ("register", "f"),
    ("register", "f", 5),
    ("unregister", "f"),
    ("unregisterAll",),
    ("setId", "id1"),
    ("addFunction", "f", nothing),
    ("enableExceptionHandler",),
]
for number, (method, *arguments) in enumerate(calls):

    @isolated(f"{method} #{number}", method, arguments)
    def _(m: str, a: list[Any]) -> None:
        w = GearmanWorker()
        call(f"{m}()", getattr(w, m), *a)


@isolated("addFunction, work")
def _() -> None:
    w = GearmanWorker()
    w.addFunction("f", nothing)
    call("work", w.work)
    call("work again", w.work)


@isolated("addFunction, setTimeout(100), work")
def _() -> None:
    w = GearmanWorker()
    w.addFunction("f", nothing)
    w.setTimeout(100)
    call("work", w.work)


@isolated("NON_BLOCKING, addFunction, work")
def _() -> None:
    w = GearmanWorker()
    w.setOptions(GEARMAN_WORKER_NON_BLOCKING)
    w.addFunction("f", nothing)
    call("work", w.work)
