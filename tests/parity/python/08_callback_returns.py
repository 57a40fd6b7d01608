"""Return values and exceptions of callbacks."""
# ruff: noqa: F403, F405

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from gearman_cffi.ext import *
from tests.parity.python.lib import call, head, isolated, kill_kid, out, port, start_gearmand, v, worker

P = port("P")
start_gearmand(P)


class OopsError(Exception):
    def __init__(self, text: str, code: int = 0) -> None:
        super().__init__(text)
        self.code = code


def cl() -> GearmanClient:
    c = GearmanClient()
    c.addServer("127.0.0.1", P)
    c.setTimeout(3000)
    return c


def everything(job: GearmanJob, context: object) -> str:
    job.sendData("d")
    job.sendWarning("w")
    job.sendStatus(1, 2)
    return "R"


functions: dict[str, Callable[..., Any]] = {
    "all": everything,
    "fail": lambda job, context: job.sendFail() and None,
    "exc": lambda job, context: job.sendException("e") and None,
}
kid = worker(P, functions, 400)


def returning(callback: str, result: object, function: str = "all", runs: int = 2) -> None:
    """Runs tasks; the first call of one callback returns a value. Then runs them again."""
    c = cl()
    calls: list[str] = []

    def make(name: str) -> Callable[..., object]:
        def called(task: GearmanTask, context: object) -> object:
            out(f"{name} {v(task.data())}")
            calls.append(name)
            return result if name == callback and calls.count(name) == 1 else None

        return called

    for name in ("Created", "Data", "Warning", "Status", "Complete", "Exception", "Fail"):
        getattr(c, f"set{name}Callback")(make(name))
    c.addTask(function, "W", None, f"u-{callback}-{v(result)}")
    for i in range(runs):
        call(f"runTasks #{i}", c.runTasks)


head("PAUSE, once")
in_function = {"Created": "all", "Data": "all", "Warning": "all", "Status": "all", "Complete": "all"}
for n, f in {**in_function, "Fail": "fail", "Exception": "exc"}.items():
    isolated(n, n, GEARMAN_PAUSE, f)(returning)
head("other values, once")
values: dict[str, object] = {
    "null": None,
    "false": False,
    "0": 0,
    "empty array": [],
    "text": "abc",
    "empty text": "",
    "PAUSE as text": "38",
    "PAUSE as float": 38.9,
    "WORK_FAIL": GEARMAN_WORK_FAIL,
    "WORK_DATA": GEARMAN_WORK_DATA,
    "WORK_EXCEPTION": GEARMAN_WORK_EXCEPTION,
    "ERRNO": GEARMAN_ERRNO,
    "LOST_CONNECTION": GEARMAN_LOST_CONNECTION,
    "TIMEOUT": GEARMAN_TIMEOUT,
    "2 ** 40": 2**40,
    "2 ** 32 + WORK_FAIL": 2**32 + GEARMAN_WORK_FAIL,
    "2 ** 32 + JOB_QUEUE_FULL as float": 4294967313.0,
    "2 ** 31 + 7": 2**31 + 7,
    "1e30": 1e30,
    "true": True,
    "1": 1,
    "1 as text": "1",
    "text after a number": "24x",
    "text after a fraction": "24.9x",
    "an exponent": "2.4e1",
    "text after an exponent": "2.4e1x",
    "half an exponent": "24e",
    "an underscore": "2_4",
    "Arabic digits": "٢٤",
    "wide digits": "２４",  # noqa: RUF001
    "hexadecimal": "0x18",
    "blanks": " \t\n\r\v\f24 ",
    "a blank that is none": "\u00a024",
    "plus": "+24",
    "a lone sign": "- 24",
    "no digit before": ".24e2",
    "INF as text": "INF",
    "1e30 as text": "1e30",
    "-1e30 as text": "-1e30",
    "twenty digits": "99999999999999999999",
    "2 ** 32 + WORK_FAIL as text": "4294967320",
    "-1 as text": "-1",
    "INF": math.inf,
    "NAN": math.nan,
    "NUL": "24\0",
}
for n, x in values.items():
    isolated(n, "Data", x)(returning)
head("PAUSE, three times")


@isolated("Complete")
def _() -> None:
    c = cl()
    calls: list[object] = []

    def complete(task: GearmanTask) -> int | None:
        out(f"Complete {v(task.data())}")
        calls.append(task)
        return GEARMAN_PAUSE if len(calls) <= 3 else None

    c.setCompleteCallback(complete)
    c.addTask("all", "W")
    for i in range(5):
        call(f"runTasks #{i}", c.runTasks)


head("exceptions")


def throws(name: str) -> Callable[..., None]:
    def called(task: GearmanTask) -> None:
        out(name)
        raise OopsError(f"in {name}", 7)

    return called


for n, f in (("Created", "all"), ("Data", "all"), ("Complete", "all"), ("Fail", "fail"), ("Exception", "exc")):

    @isolated(n, n, f)
    def _(n: str, f: str) -> None:
        c = cl()
        getattr(c, f"set{n}Callback")(throws(n))
        c.addTask(f, "W")
        call("runTasks", c.runTasks)
        getattr(c, f"set{n}Callback")(lambda task: None)
        c.addTask("nobody", "W")
        c.setTimeout(150)
        call("runTasks with another", c.runTasks)


@isolated("the client goes on")
def _() -> None:
    c = cl()
    c.setCompleteCallback(throws("complete"))
    c.addTask("all", "W")
    call("runTasks", c.runTasks)
    call("doNormal", c.doNormal, "all", "W")
    c.setCompleteCallback(lambda task: out("fine"))
    c.addTask("all", "W")
    call("runTasks", c.runTasks)


@isolated("the first of three tasks")
def _() -> None:
    c = cl()
    done: list[str] = []

    def complete(task: GearmanTask, x: str) -> None:
        out(f"complete {x}")
        done.append(x)
        if len(done) == 1:
            raise OopsError("first")

    c.setCompleteCallback(complete)
    for x in "abc":
        c.addTask("all", x, x)
    call("runTasks", c.runTasks)
    call("runTasks again", c.runTasks)


kill_kid(kid)
