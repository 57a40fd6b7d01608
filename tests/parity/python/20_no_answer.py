"""Servers that do not answer: a host that drops packets, and a server that accepts connections and answers nothing."""
# ruff: noqa: F403, F405

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from gearman_cffi.ext import *
from tests.parity.python.lib import head, isolated, out, port, start_gearmand, v

UP = port("UP")
start_gearmand(UP)


@contextmanager
def listening(backlog: int, waiting: int) -> Iterator[int]:
    """A port where nobody accepts connections. waiting: how many clients try to connect."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(backlog)
        for _ in range(waiting):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        yield server.getsockname()[1]


@contextmanager
def timed() -> Iterator[None]:
    began = time.monotonic()
    yield
    seconds = time.monotonic() - began
    out("after 5 seconds" if 4.9 < seconds < 9 else "at once" if seconds < 1 else f"after {seconds} seconds")


def submit(c: GearmanClient) -> None:
    with timed():
        out(f"doBackground -> {v(bool(c.doBackground('f', 'x')))}, returnCode {c.returnCode()}")


head("a server that does not answer, and one that does")


@isolated("the host drops packets")
def _() -> None:
    c = GearmanClient()
    c.addServer("127.0.0.1", UP, False)
    with listening(0, 8) as dropping:
        c.addServer("127.0.0.1", dropping, False)
        submit(c)
        submit(c)


@isolated("it accepts connections")
def _() -> None:
    c = GearmanClient()
    c.addServer("127.0.0.1", UP)
    with listening(100, 0) as silent:
        with timed():
            try:
                c.addServer("127.0.0.1", silent)
            except GearmanException as error:
                out(f"addServer -> {error}")
        submit(c)


head("a worker of a server that does not answer, and of one that does")


def work(silent: int) -> None:
    """The server that does not answer is asked first."""
    w, c = GearmanWorker(), GearmanClient()
    c.addServer("127.0.0.1", UP, False)
    w.addServer("127.0.0.1", UP, False)
    w.addServer("127.0.0.1", silent, False)
    w.addFunction("f", lambda job: "done")
    for _ in range(2):
        c.doBackground("f", "x")
        with timed():
            out(f"work -> {v(w.work())}, returnCode {w.returnCode()}")


@isolated("the host drops packets")
def _() -> None:
    with listening(0, 8) as dropping:
        work(dropping)


@isolated("it accepts connections")
def _() -> None:
    with listening(100, 0) as silent:
        work(silent)
