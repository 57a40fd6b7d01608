"""Names that are not UTF-8 come back and go out as the same bytes."""
# ruff: noqa: F403, F405

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from gearman_cffi.ext import *
from tests.parity.python.lib import (
    fake,
    head,
    isolated,
    join_kid,
    kill_kid,
    out,
    packet_read,
    packet_send,
    port,
    show,
    start_gearmand,
    v,
    value,
    worker,
)

P = port("P")
FAKE = port("FAKE")
start_gearmand(P)


def cl(number: int = P) -> Any:
    c = GearmanClient()
    c.addServer("127.0.0.1", number, number == P)
    c.setTimeout(5000)
    return c


def wk() -> Any:
    w = GearmanWorker()
    w.addServer("127.0.0.1", P)
    w.setTimeout(2000)
    return w


def shown_as(event: str) -> Callable[[Any], None]:
    return lambda t: out(f"{event} {v([t.data(), t.functionName(), t.unique()])}")


names: dict[str, bytes] = {
    "ISO-8859-1": b"f\xfc",
    "no character": b"\xff\xfe\x80",
    "cut UTF-8": b"gar\xc3",
    "UTF-8 and not": b"\xc3\xa9\xe9",
    "UTF-8": "jérôme".encode(),
    "overlong": b"\xc0\xaf",
    "a surrogate": b"\xed\xb3\xbc",
    "beyond Unicode": b"\xf5\x80\x80\x80",
    "as an escape": rb"f\xfc",
    "every byte": bytes(range(128, 191)),
}
head("functions, keys, contexts")
for label, bytes_ in names.items():

    @isolated(label, bytes_)
    def _(name: bytes) -> None:
        out("names")
        c = cl()
        c.setContext(name)
        show("context", c.context())
        t = c.addTask(name, "W", None, name)
        show("task", [t.functionName(), t.unique()])
        again = c.addTaskBackground(t.functionName(), t.functionName(), None, t.unique())
        show("again", [again.functionName(), again.unique()])
        c.addTask("other", "W", None, c.context())
        show("a status task", c.addTaskStatus(name).functionName())
        w = wk()
        value("setId", w.setId, name)
        for n in (name, b"back-" + name):
            value("register", w.register, n)
        c = cl()
        value("doBackground", lambda: c.doBackground(name, name, name) != "")
        j = w.grabJob()
        show("job", [j.functionName(), j.unique(), j.workload()])
        read = (f"back-{j.functionName()}", j.functionName(), j.unique())
        value("doBackground of what was read", lambda: c.doBackground(*read) != "")
        value("sendComplete", j.sendComplete, j.unique())
        del j
        j = w.grabJob()
        show("again", [j.functionName(), j.unique(), j.workload()])
        j.sendComplete("")
        del j
        value("unregister", w.unregister, name)
        del w
        out("results")

        def send(job: GearmanJob) -> None:
            job.sendData(job.functionName())
            job.sendWarning(job.unique())
            job.sendException(job.functionName())

        text = name.decode("utf-8", "surrogateescape")
        kid = worker(P, {f"echo-{text}": lambda job: job.functionName(), f"send-{text}": send}, 2)
        for event in ("Created", "Data", "Warning", "Complete", "Exception"):
            getattr(c, f"set{event}Callback")(shown_as(event))
        c.addTask(f"echo-{text}", "W", None, text)
        c.runTasks()
        c.addTask(f"send-{text}", "W", None, text)
        c.runTasks()
        join_kid(kid)


head("handles")
for label, handle in names.items():

    def serve(connection: socket.socket, handle: bytes = handle) -> None:
        while (packet := packet_read(connection)) is not None:
            kind, body = packet
            if kind == 18:
                packet_send(connection, 8, handle)
            if kind == 7:
                packet_send(connection, 8, handle)
                packet_send(connection, 13, handle, handle)
            if kind == 15:
                packet_send(connection, 20, body, b"1" if body == handle else b"0", b"1", b"2", b"3")

    k = fake(FAKE, serve)

    @isolated(label)
    def _() -> None:
        c = cl(FAKE)
        h = value("doBackground", c.doBackground, "f", "W")
        show("doJobHandle", c.doJobHandle())
        value("jobStatus", c.jobStatus, h)
        c.setCompleteCallback(lambda t: out(f"complete {v([t.jobHandle(), t.data()])}"))
        c.setStatusCallback(lambda t: out(f"status {v([t.jobHandle(), t.functionName(), t.isKnown()])}"))
        c.addTask("f", "W")
        value("runTasks", c.runTasks)
        c.addTaskStatus(h)
        value("runTasks", c.runTasks)

    kill_kid(k)
