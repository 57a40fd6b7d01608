"""setReturn(), exceptions and exit() in a worker's function."""
# ruff: noqa: F403, F405

from __future__ import annotations

from collections.abc import Callable

from gearman_cffi.ext import *
from tests.parity.python.lib import (
    call,
    counts,
    head,
    join_kid,
    leave,
    out,
    rc_name,
    show,
    spawn,
    until,
    until_ready,
    v,
)
from tests.parity.python.one_job import OopsError, P, cl, scenario

codes = {
    "SUCCESS": 0,
    "WORK_FAIL": GEARMAN_WORK_FAIL,
    "WORK_EXCEPTION": GEARMAN_WORK_EXCEPTION,
    "WORK_ERROR": GEARMAN_WORK_ERROR,
    "ERRNO": GEARMAN_ERRNO,
    "IO_WAIT": GEARMAN_IO_WAIT,
    "TIMEOUT": GEARMAN_TIMEOUT,
    "NO_JOBS": GEARMAN_NO_JOBS,
    "PAUSE": GEARMAN_PAUSE,
    "WORK_DATA": GEARMAN_WORK_DATA,
    "SHUTDOWN": GEARMAN_SHUTDOWN,
}


def sets(code: int) -> Callable[..., str]:
    def function(job: GearmanJob, context: object) -> str:
        out(f"setReturn {v(job.setReturn(code))} rc {rc_name(job.returnCode())}")
        return "R"

    return function


def refused(job: GearmanJob, context: object) -> str:
    for code in (53, 54, -1):
        out(f"{v(job.setReturn(code))} rc {rc_name(job.returnCode())}")
    job.setReturn(0)
    return "R"


def reset(job: GearmanJob, context: object) -> str:
    job.setReturn(GEARMAN_WORK_FAIL)
    job.sendData("d")
    out(f"rc {rc_name(job.returnCode())}")
    return "R"


def after_data(job: GearmanJob, context: object) -> str:
    job.sendData("d")
    job.setReturn(GEARMAN_WORK_FAIL)
    return "R"


def after_fail(job: GearmanJob, context: object) -> None:
    job.sendFail()
    job.setReturn(GEARMAN_WORK_FAIL)


def after_complete(job: GearmanJob, context: object) -> None:
    job.sendComplete("C")
    job.setReturn(GEARMAN_WORK_FAIL)


lost_calls: list[object] = []


def lost(job: GearmanJob, context: object) -> str:
    lost_calls.append(job)
    out(f"call {len(lost_calls)}")
    if len(lost_calls) > 1:
        return "second"
    job.setReturn(GEARMAN_LOST_CONNECTION)
    return "lost"


head("setReturn")
for label, code in codes.items():
    scenario(label, sets(code))
scenario("refused codes", refused)
scenario("the work() after it", lambda job, context: job.setReturn(GEARMAN_WORK_FAIL) and None, 3)
scenario("sendData resets it", reset)
scenario("after sendData", after_data)
scenario("after sendFail", after_fail)
scenario("after sendComplete", after_complete)
scenario("LOST_CONNECTION gives the job back", lost, 1)
head("exceptions")


def throws(error: Exception, *before: str) -> Callable[..., None]:
    def function(job: GearmanJob, context: object) -> None:
        for method, *arguments in [before] if before else []:
            getattr(job, method)(*arguments)
        raise error

    return function


def fails(job: GearmanJob, context: object) -> None:
    job.setReturn(GEARMAN_WORK_FAIL)
    raise OopsError("oops")


def caught(job: GearmanJob, context: object) -> str:
    try:
        raise OopsError("x")
    except OopsError:
        return "caught"


scenario("raised", throws(OopsError("oops", 3)), 3)
scenario("without a text", throws(OopsError()))
scenario("TypeError", throws(TypeError("typed")))
scenario("sendData before", throws(OopsError("oops"), "sendData", "d"))
scenario("sendComplete before", throws(OopsError("oops"), "sendComplete", "C"))
scenario("sendException before", throws(OopsError("oops"), "sendException", "mine"))
scenario("sendFail before", throws(OopsError("oops"), "sendFail"))
scenario("setReturn before", fails)
scenario("caught inside", caught)
scenario("raised, for a client without the option", throws(OopsError("oops")), exceptions=False)
scenario(
    "sendException, for a client without the option",
    lambda job, context: job.sendException("mine") and None,
    exceptions=False,
)
head("exit")
out("-- in the function")


def leaving() -> None:
    w = GearmanWorker()
    w.addServer("127.0.0.1", P)
    w.addFunction("leaves", lambda job, context: leave(4))
    w.setTimeout(5000)
    w.work()


k = spawn(leaving, name="w")
until_ready(P, "leaves")
c = cl()
c.setTimeout(400)
call("doNormal", c.doNormal, "leaves", "x")
join_kid(k)
until(lambda: counts(P, "leaves")[1] == 0)
show("jobs", counts(P, "leaves"))
