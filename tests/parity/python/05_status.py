"""The status of jobs, by handle and by unique key."""
# ruff: noqa: F403, F405

from __future__ import annotations

from gearman_cffi.ext import *
from tests.parity.python.lib import (
    call,
    head,
    isolated,
    join_kid,
    muted,
    out,
    port,
    rc_name,
    spawn,
    start_gearmand,
    until,
    until_done,
    until_queued,
    until_running,
    value,
    worker,
)
from tests.parity.python.servers import TMP

P = port("P")
start_gearmand(P)


class OopsError(Exception):
    pass


def cl() -> GearmanClient:
    c = GearmanClient()
    c.addServer("127.0.0.1", P)
    return c


c = cl()
u = cl()
head("unknown")
call("handle", c.jobStatus, "H:nope:999")
call("empty handle", c.jobStatus, "")
for size in (62, 63, 64, 200):

    @isolated(f"handle of {size} bytes", size)
    def _(n: int) -> None:
        c = cl()
        call("jobStatus", c.jobStatus, "h" * n)


call("unique key", u.jobStatusByUniqueKey, "nope")
for size in (0, 1, 62, 63, 65, 200, 64):

    @isolated(f"unique key of {size} bytes", size)
    def _(n: int) -> None:
        c = cl()
        call("jobStatusByUniqueKey", c.jobStatusByUniqueKey, "u" * n)


head("a job through its life")
h = c.doBackground("long", "x", "longu")
call("queued", c.jobStatus, h)
call("queued, by unique key", u.jobStatusByUniqueKey, "longu")
go = [TMP / "go-1", TMP / "go-2"]


def long(job: GearmanJob, context: object) -> str:
    until(go[0].exists)
    job.sendStatus(3, 10)
    until(go[1].exists)
    return "done"


k = worker(P, {"long": long})
until_running(P, "long")
call("running", c.jobStatus, h)
go[0].touch()
until(lambda: c.jobStatus(h)[3] == 10)
call("after sendStatus", c.jobStatus, h)
call("by unique key", u.jobStatusByUniqueKey, "longu")
value("procedural", gearman_client_job_status, c, h)
value("procedural, by unique key", gearman_client_job_status_by_unique_key, u, "longu")
go[1].touch()
until_done(P, "long")
join_kid(k)
call("finished", c.jobStatus, h)
call("finished, by unique key", u.jobStatusByUniqueKey, "longu")
head("the return code after a status by unique key")
u = cl()
u.doNormal("", "x")
out(f"before {rc_name(u.returnCode())}")
u.jobStatusByUniqueKey("nope")
out(f"after {rc_name(u.returnCode())}")
head("jobs in the background that failed")


def throw(job: GearmanJob, context: object) -> None:
    raise OopsError("x")


handles = [c.doBackground(f, "x") for f in ("bfail", "bexc", "bthrow")]
functions = {
    "bfail": lambda job, context: job.sendFail() and None,
    "bexc": lambda job, context: job.sendException("e") and None,
    "bthrow": throw,
}
k = worker(P, functions, 3, None, "w", False)
join_kid(k)
for h in handles:
    call(f"jobStatus({h})", c.jobStatus, h)
head("a job of another client in the foreground")


def waits() -> None:
    c = cl()
    call("doNormal", c.doNormal, "fgs", "W1", "fgs-u")


k1 = spawn(waits, name="c1")
until_queued(P, "fgs")
call("queued, by unique key", u.jobStatusByUniqueKey, "fgs-u")
k = worker(P, {"fgs": lambda job, context: "ok"})
join_kid(k)
join_kid(k1)
head("a call before there is a server")
for method, arguments in (("jobStatus", ["H:golden:1"]), ("doBackground", ["early", "x"])):

    @isolated(f"{method}, addServer, and then others", method, arguments)
    def early(method: str, arguments: list[str]) -> None:
        c = GearmanClient()
        c.setTimeout(4000)
        with muted():
            getattr(c, method)(*arguments)
        c.addServer("127.0.0.1", P)
        call("jobStatus", c.jobStatus, "H:golden:none")
        call("doBackground", c.doBackground, "early", "x", "early")
