"""Child processes of the Python scenarios, in which a crash or a hang can be observed."""

from __future__ import annotations

import gc
import os
import signal
import socket
import struct
from collections.abc import Callable
from typing import Any, NamedTuple

from gearman_cffi.ext import GearmanTask, GearmanWorker
from tests.parity.python.servers import TMP, counts, processes, stop_proc, until, until_ready
from tests.parity.python.show import Output, out, st, v


class _Kid(NamedTuple):
    log: str
    name: str


_kids: dict[int, _Kid] = {}
# The servers of the parent process, kept to avoid ResourceWarnings.
_inherited: list[object] = []


def spawn(f: Callable[..., object], *arguments: Any, name: str = "child") -> int:
    """Starts a child process that runs f. join_kid() shows its output."""
    log = str(TMP / f"log{os.getpid()}-{len(os.listdir(TMP))}-{id(f)}-{os.urandom(4).hex()}")
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    pid = os.fork()
    if pid == 0:
        _child(descriptor, f, arguments)
    os.close(descriptor)
    _kids[pid] = _Kid(log, name)
    return pid


def _child(descriptor: int, f: Callable[..., object], arguments: tuple[Any, ...]) -> None:
    code = 70
    try:
        Output.descriptor = descriptor
        _kids.clear()
        _inherited.extend(processes.values())
        processes.clear()
        f(*arguments)
        code = 0
        for pid in list(processes):
            stop_proc(pid)
        del f, arguments
        gc.collect()
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException as error:
        out(f"CHILD UNCAUGHT {v(error)}")
        code = 0
    finally:
        os._exit(code)


def leave(code: int) -> None:
    """Stands for PHP's exit()."""
    raise SystemExit(code)


def join_kid(pid: int, ms: int = 8000) -> None:
    ended: list[int] = []

    def gone() -> bool:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            ended.append(status)
        return bool(done)

    how = ""
    if not until(gone, ms):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        how = " (KILLED after timeout)"
    elif os.WIFSIGNALED(ended[0]):
        how = f" (DIED by signal {os.WTERMSIG(ended[0])})"
    elif os.WEXITSTATUS(ended[0]):
        how = f" (exit {os.WEXITSTATUS(ended[0])})"
    name = _kids[pid].name
    _print(pid)
    if how:
        out(f"    {name}|{how}")


def kill_kid(pid: int, show: bool = False) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    if show:
        _print(pid)
    _kids.pop(pid, None)


def _print(pid: int) -> None:
    kid = _kids.pop(pid)
    with open(kid.log, encoding="utf-8", errors="surrogateescape") as log:
        text = log.read().rstrip("\n")
    for line in text.split("\n") if text else []:
        out(f"    {kid.name}| {line}")


def isolated(label: str, *arguments: Any, ms: int = 8000) -> Callable[[Callable[..., object]], None]:
    """Runs the decorated function at once, in a child process, and shows its output under the label."""

    def run(f: Callable[..., object]) -> None:
        out(f"-- {label}")
        join_kid(spawn(f, *arguments, name="."), ms)

    return run


def worker(
    number: int,
    functions: dict[str, Callable[..., Any]],
    n: int = 1,
    setup: Callable[[GearmanWorker], object] | None = None,
    name: str = "w",
    quiet: bool = True,
) -> int:
    """Starts a child process that calls work() n times.

    Returns when the server knows the functions, or at once if jobs are queued.
    """

    def serve() -> None:
        w = GearmanWorker()
        w.addServer("127.0.0.1", number)
        if setup:
            setup(w)
        for function, f in functions.items():
            w.addFunction(function, f)
        w.setTimeout(6000)
        for _ in range(n):
            work(w, quiet)

    idle = all(counts(number, function)[0] == 0 for function in functions)
    pid = spawn(serve, name=name)
    for function in functions if idle else ():
        until_ready(number, function)
    return pid


def live(task: GearmanTask | bool) -> GearmanTask:
    """Returns what addTask() returned, which must be a task."""
    assert isinstance(task, GearmanTask)
    return task


def work(w: GearmanWorker, quiet: bool = False) -> None:
    """Calls work() and shows the outcome."""
    try:
        result = w.work()
    except Exception as error:
        out(f"work() THROWS {v(error)}; {st(w)}")
    else:
        if not quiet:
            out(f"work() -> {v(result)}, {st(w)}")


# ---------------------------------------------------------------------------------------- servers that are none


def fake(number: int, serve: Callable[[socket.socket], object]) -> int:
    """Starts a fake server, which calls serve for each connection."""
    listener = socket.create_server(("127.0.0.1", number), backlog=16)

    def accept() -> None:
        listener.settimeout(20)
        while True:
            connection, _ = listener.accept()
            serve(connection)
            del connection

    pid = spawn(accept, name="fake")
    listener.close()
    return pid


def packet_read(connection: socket.socket) -> tuple[int, bytes] | None:
    header = connection.recv(12, socket.MSG_WAITALL)
    if len(header) < 12:
        return None
    kind, size = struct.unpack(">II", header[4:])
    return kind, connection.recv(size, socket.MSG_WAITALL) if size else b""


def packet_send(connection: socket.socket, kind: int, *arguments: bytes) -> None:
    body = b"\0".join(arguments)
    connection.sendall(b"\0RES" + struct.pack(">II", kind, len(body)) + body)


def end_everything() -> None:
    """Ends all servers and child processes that are left."""
    for pid in list(_kids):
        kill_kid(pid)
    for pid in list(processes):
        stop_proc(pid)
