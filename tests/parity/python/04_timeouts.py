"""Clients whose timeout expires, that do not block, or whose server goes away."""
# ruff: noqa: F403, F405

from __future__ import annotations

import os
import signal
import socket
import time

from gearman_cffi.ext import *
from tests.parity.python.lib import (
    LOUD,
    call,
    counts,
    created,
    fake,
    head,
    isolated,
    join_kid,
    kill_kid,
    live,
    muted,
    out,
    packet_send,
    port,
    rc_name,
    show,
    spawn,
    start_gearmand,
    stop_proc,
    until_created,
    until_done,
    until_queued,
    v,
    worker,
)

P = port("P")
DYING = port("DYING")
SLOW = port("SLOW")
start_gearmand(P)


def cl(p: int = P) -> GearmanClient:
    c = GearmanClient()
    c.addServer("127.0.0.1", p)
    return c


def data(job: GearmanJob, context: object) -> str:
    job.sendData("d1")
    job.sendData("d2")
    return "R"


kid = worker(P, {"data": data}, 400)
head("timeouts")


@isolated("doNormal, nobody works")
def _() -> None:
    c = cl()
    c.setTimeout(300)
    t = time.monotonic()
    call("doNormal", c.doNormal, "nobody", "x")
    t = time.monotonic() - t
    out(f"    after 300 ms: {v(0.28 <= t < 1.5)}")
    c.setTimeout(100)
    call("again", c.doNormal, "nobody", "x")
    c.setTimeout(3000)
    call("then a good one", c.doNormal, "data", "x")


show("jobs that stay", counts(P, "nobody"))


@isolated("doNormal with 0")
def _() -> None:
    c = cl()
    c.setTimeout(0)
    call("doNormal", c.doNormal, "nobody0", "x")


@isolated("runTasks")
def _() -> None:
    c = cl()
    c.setTimeout(150)
    t = live(c.addTask("nobody", "x"))
    call("runTasks", c.runTasks)
    out(f"task rc {rc_name(t.returnCode())} known {v(t.isKnown())}")
    call("runTasks again", c.runTasks)


@isolated("doBackground does not wait for a worker")
def _() -> None:
    c = cl()
    c.setTimeout(1000)
    out(f"doBackground -> {v(c.doBackground('nobody2', 'x') != '')}")
    out("    rc " + rc_name(c.returnCode()))


@isolated("the late answer of a doNormal is dropped")
def _() -> None:
    c = cl()
    c.setTimeout(150)
    call("doNormal(slow)", c.doNormal, "slow", "x")
    k = worker(P, {"slow": lambda job, context: "SLOW"})
    until_done(P, "slow")
    c.setTimeout(3000)
    call("doNormal(data)", c.doNormal, "data", "x")
    join_kid(k)


kill_kid(kid)
head("a client that does not block")


def slow(connection: socket.socket) -> None:
    connection.recv(200)
    time.sleep(0.2)
    packet_send(connection, 8, b"H:f:1")
    time.sleep(0.5)


@isolated("doBackground against a slow server")
def _() -> None:
    k = fake(SLOW, slow)
    c = GearmanClient()
    c.addServer("127.0.0.1", SLOW, False)
    c.addOptions(GEARMAN_CLIENT_NON_BLOCKING)
    call("doBackground", c.doBackground, "bg", "x")
    kill_kid(k)


@isolated("runTasks and wait")
def _() -> None:
    c = cl()
    c.setTimeout(2000)
    c.addOptions(GEARMAN_CLIENT_NON_BLOCKING)
    got: list[object] = []
    c.setCompleteCallback(lambda task: got.append(task.data()))
    c.addTask("nonblocking", "x")
    call("runTasks", c.runTasks)
    until_queued(P, "nonblocking")
    k = worker(P, {"nonblocking": lambda job, context: "R"})
    waits = 0
    while not got and waits < 50 and c.runTasks():
        if not got and c.returnCode() == GEARMAN_IO_WAIT:
            waits += 1
            if not c.wait():
                break
    out(f"got {v(got)} waited {v(waits > 0)}")
    call("runTasks", c.runTasks)
    join_kid(k)


@isolated("runTasks without wait")
def _() -> None:
    c = cl()
    c.addOptions(GEARMAN_CLIENT_NON_BLOCKING)
    c.addTask("nobody3", "x")
    seen = {}
    for _ in range(5):
        r = c.runTasks()
        seen[f"{v(r)} {rc_name(c.returnCode())}"] = 1
        time.sleep(0.005)
    out(v(list(seen)))


head("the server goes away")


def kill_when_created(pid: int, n: int) -> None:
    until_created(DYING, n)  # what the server has sent reaches the client before the end does
    os.kill(pid, signal.SIGKILL)


@isolated("while doNormal waits")
def _() -> None:
    pid = start_gearmand(DYING, *LOUD)
    c = cl(DYING)
    k = spawn(kill_when_created, pid, created(DYING) + 1)
    with muted():
        r = c.doNormal("nobody", "x")
    out(f"doNormal -> {v(r)} rc {rc_name(c.returnCode())}")
    join_kid(k)
    stop_proc(pid)
    call("doNormal again", c.doNormal, "nobody", "x")
    call("ping", c.ping, "x")
    start_gearmand(DYING)
    call("after its return: doBackground", c.doBackground, "nobody", "x")
    call("ping", c.ping, "x")


@isolated("between two calls")
def _() -> None:
    pid = start_gearmand(DYING)
    c = cl(DYING)
    call("doBackground", c.doBackground, "nobody", "x")
    stop_proc(pid)
    start_gearmand(DYING)
    with muted():
        r = c.doBackground("nobody", "x")
    out(f"doBackground -> {v(r)} rc {rc_name(c.returnCode())}")
    call("doBackground once more", c.doBackground, "nobody", "x")


@isolated("while runTasks waits")
def _() -> None:
    pid = start_gearmand(DYING, *LOUD)
    c = cl(DYING)
    c.setFailCallback(lambda task: out("FAIL"))
    k = spawn(kill_when_created, pid, created(DYING) + 1)
    t = live(c.addTask("nobody", "x"))
    with muted():
        r = c.runTasks()
    out(f"runTasks -> {v(r)} rc {rc_name(c.returnCode())}")
    out(f"task rc {rc_name(t.returnCode())} handle {v(t.jobHandle())}")
    join_kid(k)
