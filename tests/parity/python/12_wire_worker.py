"""The packets that a worker sends."""
# ruff: noqa: F403, F405

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gearman_cffi.ext import *
from tests.parity.python.lib import head, muted, out, port, start_gearmand, start_tap, tap_dump, tapped

P = port("P")
TAP = port("TAP")
start_gearmand(P)
start_tap(TAP, P)


def cl() -> GearmanClient:
    c = GearmanClient()
    c.addServer("127.0.0.1", P)
    return c


def returns(result: object) -> Callable[..., object]:
    return lambda job, context: result


def work_until(w: GearmanWorker, last: str) -> None:
    """Calls work() until a packet has passed."""
    for _ in range(5):
        w.work()
        if tapped(TAP, last):
            return


head("one worker")
w = GearmanWorker()
w.addServer("127.0.0.1", TAP)
tap_dump(TAP, "OPTION_RES")
w.addFunction("tap1", returns("R"))
w.addFunction("tap2", returns("R"), None, 7)
out("-- setId")
w.setId("tapid")
tap_dump(TAP, "SET_CLIENT_ID")
out("-- work")
cl().doBackground("tap1", "WL", "tapu")
w.setTimeout(400)
work_until(w, "WORK_COMPLETE")
tap_dump(TAP, "WORK_COMPLETE")
out("-- work, no job")
work_until(w, "PRE_SLEEP")
tap_dump(TAP, "PRE_SLEEP")
out("-- unregister, work")
w.unregister("tap2")
work_until(w, "PRE_SLEEP")
tap_dump(TAP, "PRE_SLEEP")
out("-- addFunction, work")
w.addFunction("tap3", returns("R"))
work_until(w, "PRE_SLEEP")
tap_dump(TAP, "PRE_SLEEP")
out("-- unregisterAll, work")
w.unregisterAll()
with muted():
    w.work()
tap_dump(TAP, "RESET_ABILITIES")
out("-- ping")
w.ping("p")
tap_dump(TAP, "ECHO_RES")
del w
head("what a function sends")


def sends(job: GearmanJob, context: object) -> str:
    job.sendData("D")
    job.sendWarning("W")
    job.sendStatus(1, 2)
    job.sendData("")
    job.sendComplete("C")
    return "R"


functions: dict[str, tuple[Callable[..., Any], str]] = {
    "sends": (sends, "WORK_COMPLETE"),
    "fails": (lambda job, context: job.sendFail() and None, "WORK_FAIL"),
    "raises": (lambda job, context: job.sendException("E") and None, "WORK_EXCEPTION"),
    "nothing": (returns(None), "WORK_COMPLETE"),
    "setReturn": (lambda job, context: job.setReturn(GEARMAN_WORK_FAIL) and None, "WORK_FAIL"),
    "binary": (returns(b"a\0b"), "WORK_COMPLETE"),
}
for n, (f, last) in functions.items():
    out(f"-- {n}")
    w = GearmanWorker()
    w.addServer("127.0.0.1", TAP)
    w.addFunction(n, f)
    cl().doBackground(n, "WL", "tapu")
    w.setTimeout(3000)
    with muted():
        w.work()
    tap_dump(TAP, last)
    del w
head("which command asks for jobs")
steps: dict[str, tuple[str, int] | None] = {
    "default": None,
    "setOptions(GRAB_UNIQ)": ("setOptions", GEARMAN_WORKER_GRAB_UNIQ),
    "setOptions(512)": ("setOptions", 512),
    "removeOptions(GRAB_UNIQ)": ("removeOptions", GEARMAN_WORKER_GRAB_UNIQ),
    "addOptions(NON_BLOCKING)": ("addOptions", GEARMAN_WORKER_NON_BLOCKING),
}
for n, step in steps.items():
    out(f"-- {n}")
    w = GearmanWorker()
    w.addServer("127.0.0.1", TAP)
    if step:
        getattr(w, step[0])(step[1])
    w.addFunction("asks", returns(None))
    w.setTimeout(300)
    if w.options() & GEARMAN_WORKER_NON_BLOCKING:
        w.work()
    else:
        work_until(w, "PRE_SLEEP")
    tap_dump(TAP, "PRE_SLEEP", 1, ">")
    del w
