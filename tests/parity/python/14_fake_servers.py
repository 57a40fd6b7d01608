"""Servers that are silent, refuse, hang up or send invalid packets."""
# ruff: noqa: F403, F405

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

from gearman_cffi.ext import *
from tests.parity.python.lib import (
    call,
    fake,
    head,
    isolated,
    kill_kid,
    muted,
    out,
    packet_read,
    packet_send,
    port,
    rc_name,
    v,
)

SILENT = port("SILENT")
FAKE = port("FAKE")
classes = (GearmanClient, GearmanWorker)
kept: list[socket.socket] = []
head("a server that never answers")
k = fake(SILENT, kept.append)
for cls in classes:

    @isolated(f"{cls.__name__} without a timeout", cls, ms=500)
    def _(cls: type[GearmanClient | GearmanWorker]) -> None:
        o = cls()
        call("addServer", o.addServer, "127.0.0.1", SILENT)

    @isolated(f"{cls.__name__} with a timeout", cls)
    def _(cls: type[GearmanClient | GearmanWorker]) -> None:
        o = cls()
        o.setTimeout(200)
        call("addServer", o.addServer, "127.0.0.1", SILENT)


@isolated("calls of a client without the option")
def _() -> None:
    c = GearmanClient()
    c.addServer("127.0.0.1", SILENT, False)
    c.setTimeout(150)
    calls: list[tuple[Any, ...]] = [
        ("doNormal", "f", "x"),
        ("doBackground", "f", "x"),
        ("jobStatus", "H:1"),
        ("jobStatusByUniqueKey", "u"),
        ("ping", "x"),
        ("addTask", "f", "x"),
        ("runTasks",),
    ]
    for m, *a in calls:
        call(m, getattr(c, m), *a)


kill_kid(k)


def answers(*packets: tuple[int, bytes], raw: bytes = b"") -> Callable[[socket.socket], None]:
    """Serves a connection: reads one packet, answers, and keeps the connection open for a while."""

    def serve(connection: socket.socket) -> None:
        packet_read(connection)
        for kind, body in packets:
            packet_send(connection, kind, body)
        connection.sendall(raw)
        time.sleep(0.3)

    return serve


def against(serve: Callable[[socket.socket], object], f: Callable[..., object], label: str, *a: Any) -> None:
    k = fake(FAKE, serve)
    isolated(label, *a)(f)
    kill_kid(k)


def client() -> GearmanClient:
    c = GearmanClient()
    c.setTimeout(1500)
    c.addServer("127.0.0.1", FAKE, False)
    return c


def adds(cls: type[GearmanClient | GearmanWorker]) -> None:
    o = cls()
    call("addServer", o.addServer, "127.0.0.1", FAKE)


def adds_quietly(cls: type[GearmanClient | GearmanWorker]) -> None:
    o = cls()
    r: object
    try:
        with muted():
            r = o.addServer("127.0.0.1", FAKE)
    except GearmanException as error:
        r = error
    out(f"addServer {v(r)} rc {rc_name(o.returnCode())}")


def calls_method(m: str, *a: Any) -> None:
    c = client()
    call(m, getattr(c, m), *a)


def in_background() -> None:
    c = client()
    with muted():
        r = c.doBackground("f", "x")
    out(f"doBackground {v(r)} rc {rc_name(c.returnCode())}")


def runs_tasks() -> None:
    c = client()
    c.setFailCallback(lambda task: out("FAIL"))
    c.addTask("f", "x")
    call("runTasks", c.runTasks)


head("a server that refuses the option")
for cls in classes:
    against(answers((19, b"UNKNOWN_OPTION\0Server does not recognize given option")), adds, cls.__name__, cls)
head("a server that hangs up")
for cls in classes:
    against(lambda connection: connection.close(), adds_quietly, cls.__name__, cls)
against(lambda connection: connection.close(), in_background, "client without the option")
head("a server that speaks another protocol")
speaks_http = answers(raw=b"HTTP/1.1 400 Bad Request\r\n\r\n")
against(speaks_http, adds, "client", GearmanClient)
against(speaks_http, calls_method, "doNormal", "doNormal", "f", "x")
against(answers(raw=b"OK\n"), calls_method, "a line without a blank", "doNormal", "f", "x")
head("a submission that is refused")
refusals = [
    ("QUEUE_ERROR", "Job queue is full"),
    ("JOB_QUEUE_FULL", "full"),
    ("whatever", "some text"),
    ("INVALID_ARGUMENT", "x"),
]
for code, text in refusals:
    for method in ("doBackground", "doNormal"):
        serve = answers((19, f"{code}\0{text}".encode()))
        against(serve, calls_method, f"{method}, {code}", method, "f", "x")
against(answers((19, b"QUEUE_ERROR\0Job queue is full")), runs_tasks, "runTasks, QUEUE_ERROR")
head("other answers")
against(answers((17, b"other")), calls_method, "ping", "ping", "hello")
for n, end in (("without", b""), ("with", b"\0")):
    serve = answers((8, b"H:f:1"), (14, b"H:f:1" + end))
    against(serve, calls_method, f"WORK_FAIL {n} a NUL after the handle", "doNormal", "f", "x")
serve = answers((8, b"H:f:1"), (25, b"H:f:1\0unasked"))
against(serve, calls_method, "an exception that was not asked for", "doNormal", "f", "x")
