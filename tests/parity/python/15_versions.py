"""The options of a worker's addServer(), which later versions of the extension have."""
# ruff: noqa: F403, F405

from __future__ import annotations

from typing import Any

from gearman_cffi.ext import *
from tests.parity.python.lib import call, head, isolated, port, start_gearmand, v

P = port("P")
DOWN = port("DOWN")
start_gearmand(P)
head("a worker and the exceptions option")
calls: list[tuple[Any, ...]] = [
    ("addServer", "127.0.0.1", P, False),
    ("addServer", "127.0.0.1", DOWN, False),
    ("addServers", f"127.0.0.1:{P}", False),
    ("addServers", f"127.0.0.1:{DOWN}", False),
]
for arguments in calls:

    @isolated(v(arguments), *arguments)
    def _(m: str, *a: Any) -> None:
        w = GearmanWorker()
        call(m, getattr(w, m), *a)
        call("enableExceptionHandler", w.enableExceptionHandler)


head("addServers with null")
for cls in (GearmanClient, GearmanWorker):

    @isolated(cls.__name__, cls)
    def _(cls: type[GearmanClient | GearmanWorker]) -> None:
        o = cls()
        o.setTimeout(100)
        call("addServer", o.addServer, None, DOWN)
