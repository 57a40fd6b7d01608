"""Helpers for all tests: workers in threads, programs in child processes, and waiting with a deadline."""

from __future__ import annotations

import functools
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

import gearman_cffi
from gearman_cffi.ext import GearmanClient, GearmanJob, GearmanWorker
from gearman_cffi.testing import Gearmand

HOST = "127.0.0.1"
ROOT = Path(__file__).resolve().parents[1]
# Where programs find the package under test: the source tree, or an installed wheel.
INSTALLED = Path(gearman_cffi.__file__).parents[1]
# The environment of a program in which libgearman's imports are not replaced. Its waits are then cut into slices.
WITHOUT_INTERPOSITION = {"GEARMAN_CFFI_NO_INTERPOSE": "1"}
IF_ALLOWED = pytest.mark.needs("libgearman 1")
# Runs a command in a network of its own.
NAMESPACE = ["unshare", "--user", "--map-root-user", "--net"]
POLL = pytest.param({}, id="poll")
SLICES = pytest.param(WITHOUT_INTERPOSITION, id="slices", marks=IF_ALLOWED)
Functions = Mapping[str, Callable[[GearmanJob, Any], Any]]


@functools.cache
def gearmand_says(option: str) -> str:
    """What gearmand --help, or another option that only prints, says; white space as single blanks."""
    printed = subprocess.run(["gearmand", option], capture_output=True, text=True, check=True, timeout=20).stdout
    return " ".join(printed.split())


def gearmand_version() -> str:
    return gearmand_says("--version").split()[1]


def priorities_come_first() -> bool:
    """Whether gearmand goes by the priorities of all functions' jobs, and round robin, as from 2.0 on."""
    return "default behavior, and it cannot be deactivated" in gearmand_says("--help")


def shown(value: object) -> str:
    """A parameter as it is shown in the name of its test: the same in every process of pytest-xdist."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


def wait_until(holds: Callable[[], object], what: str, seconds: float = 20) -> None:
    """Returns when holds() is true. Fails if that takes longer than the given seconds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain until {what}"
        time.sleep(0.003)


def client_of(*servers: Gearmand) -> GearmanClient:
    """A client of these servers. The last one gets the jobs."""
    client = GearmanClient()
    for server in servers:
        client.addServer(server.host, server.port)
    return client


def worker_of(*servers: Gearmand, **functions: Callable[[GearmanJob, Any], Any]) -> GearmanWorker:
    """A worker of these servers with these functions."""
    worker = GearmanWorker()
    for server in servers:
        worker.addServer(server.host, server.port)
    for name, function in functions.items():
        worker.addFunction(name, function)
    return worker


def queued(server: Gearmand, function: str) -> int:
    """The number of jobs of a function at the server, running ones included."""
    for line in server.ask("status").splitlines():
        name, _, numbers = line.partition("\t")
        if name == function:
            return int(numbers.split("\t")[0])
    return 0


def is_served(server: Gearmand, function: str) -> bool:
    """Whether a connected worker has announced the function."""
    return any(function in line.partition(" :")[2].split() for line in server.ask("workers").splitlines())


def connections(server: Gearmand) -> int:
    """The number of the server's connections, without the one that asks."""
    return len(server.ask("workers").splitlines()) - 2


class CpuWait:
    """Measures how long the threads of this process wait for a CPU, on a machine that has other work."""

    def __init__(self) -> None:
        self._before = self._by_thread()

    def seconds(self) -> float:
        """The time since this object was made, of all threads that are still running."""
        return sum(waited - self._before.get(thread, 0.0) for thread, waited in self._by_thread().items())

    @staticmethod
    def _by_thread() -> dict[str, float]:
        waits = {}
        for path in Path("/proc/self/task").glob("*/schedstat"):
            with suppress(OSError):  # the thread has ended
                waits[path.parent.name] = int(path.read_text().split()[1]) / 1e9
        return waits


@contextmanager
def frozen(server: Gearmand) -> Iterator[None]:
    """Stops the server by SIGSTOP during the block."""
    server.pause()
    try:
        yield
    finally:
        if server.running:
            server.resume()


class GoneHost:
    """A port that looks as if its host were gone: nothing answers, not even a refusal. It is free after the block.

    The queue of a listening socket is full, so that the kernel drops what asks for a connection.
    """

    def __enter__(self) -> GoneHost:
        self._accepted: list[socket.socket] = []
        self._strangers: list[socket.socket] = []
        self._accepting: threading.Thread | None = None
        self._listener = socket.create_server((HOST, 0), backlog=0)
        self.port: int = self._listener.getsockname()[1]
        self._fillers = [socket.socket() for _ in range(4)]
        for filler in self._fillers:
            filler.setblocking(False)
            filler.connect_ex((HOST, self.port))
        return self

    def __exit__(self, *raised: object) -> None:
        for filler in self._fillers:
            filler.close()
        self._listener.shutdown(socket.SHUT_RDWR)
        if self._accepting:
            self._accepting.join()
        for connection in self._accepted + self._strangers:
            connection.close()
        self._listener.close()

    def accept_all(self) -> list[socket.socket]:
        """The host is back. Returns a list to which each connection to it is appended, until the end of the block."""
        fillers = {filler.getsockname() for filler in self._fillers}
        for filler in self._fillers:
            filler.close()

        def accept() -> None:
            with suppress(OSError):  # the block has ended
                while True:
                    connection, address = self._listener.accept()
                    (self._strangers if address in fillers else self._accepted).append(connection)

        self._accepting = threading.Thread(target=accept, daemon=True)
        self._accepting.start()
        return self._accepted

    def first_bytes(self, seconds: float = 20) -> bytes:
        """The host is back: accepts connections, and returns what the first one to send something has sent."""
        for filler in self._fillers:
            filler.close()
        self._listener.settimeout(seconds)
        while True:
            connection = self._listener.accept()[0]
            with connection:
                connection.settimeout(seconds)
                data = connection.recv(1000)
                if data:
                    return data


class Serving(threading.Thread):
    """A worker in a thread that works until end(). raised has the exceptions of work()."""

    def __init__(self, servers: Sequence[Gearmand], functions: Functions) -> None:
        super().__init__(daemon=True, name=f"worker of {', '.join(functions)}")
        self.raised: list[BaseException] = []
        self._ended = threading.Event()
        self._worker: GearmanWorker | None = worker_of(*servers, **functions)

    def run(self) -> None:
        """Calls work(). After a failure it waits a moment, because a server may be restarting."""
        worker = self._worker
        assert worker is not None
        while not self._ended.is_set():
            try:
                if worker.work():
                    continue
            except BaseException as error:
                self.raised.append(error)
                continue
            self._ended.wait(0.01)

    def end(self) -> None:
        """Ends the work, after the running job if there is one, and closes the connections."""
        self._ended.set()
        assert self._worker is not None
        self._worker.stop()
        self.join(20)
        assert not self.is_alive(), f"the {self.name} does not end"
        self._worker = None


@contextmanager
def serving(*servers: Gearmand, **functions: Callable[[GearmanJob, Any], Any]) -> Iterator[Serving]:
    """Runs a worker with these functions in a thread during the block."""
    thread = Serving(servers, functions)
    thread.start()
    try:
        yield thread
    finally:
        thread.end()


PRELUDE = """
import gc, os, signal, sys, threading, time, warnings
from gearman_cffi.ext import *
from gearman_cffi.ext import ConcurrentUseError, ForkedUseError, JobKind
warnings.simplefilter("ignore", GearmanWarning)
PORTS = [int(argument) for argument in sys.argv[1:]]
def say(*words):  # print() is not reentrant, signal handlers are
    os.write(1, (" ".join(map(str, words)) + chr(10)).encode())
def take_all_files():  # those that a process may open
    import resource
    resource.setrlimit(resource.RLIMIT_NOFILE, (50, 50))
    taken = []
    try:
        while True: taken.append(os.open(os.devnull, os.O_RDONLY))
    except OSError: return taken
def client_of(*ports):
    client = GearmanClient()
    for port in ports: client.addServer("127.0.0.1", port)
    return client
def worker_of(*ports, **functions):
    worker = GearmanWorker()
    for port in ports: worker.addServer("127.0.0.1", port)
    for name, function in functions.items(): worker.addFunction(name, function)
    return worker
def echo(job, context): return job.workload()
"""


def preloaded(library: Path | str) -> dict[str, str]:
    """The environment of a program that loads this library first, but behind those of this process: a sanitizer's."""
    return {"LD_PRELOAD": f"{os.environ.get('LD_PRELOAD', '')} {library}".strip()}


class Child:
    """A Python program in a child process, which is killed at the end of the block if it still runs.

    PRELUDE is put in front of it, and the ports are its arguments. Its output is read line by line. options: of
    Python. under: a command that runs it, such as strace.
    """

    def __init__(
        self,
        program: str,
        *ports: int,
        options: Sequence[str] = (),
        under: Sequence[str] = (),
        **environment: str,
    ) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the process)
        self.process = subprocess.Popen(
            [*under, sys.executable, *options, "-c", PRELUDE + textwrap.dedent(program), *map(str, ports)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, "PYTHONPATH": str(INSTALLED), **environment},
        )
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stdout:
            for line in stdout:
                self._lines.put(line.decode().rstrip("\n"))
        self._lines.put(None)

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._reader.join()
        assert self.process.stdin is not None
        self.process.stdin.close()
        self._errors.close()

    def line(self, seconds: float = 20) -> str:
        """The next line of its output."""
        try:
            line = self._lines.get(timeout=seconds)
        except queue.Empty:
            raise AssertionError(f"the program says nothing for {seconds} s; errors: {self.errors()}") from None
        assert line is not None, f"the program has ended; errors: {self.errors()}"
        return line

    def expect(self, line: str) -> None:
        """Fails unless this is the next line."""
        assert self.line() == line, self.errors()

    def go_on(self) -> None:
        """Continues a program that waits for a line on its stdin."""
        self.write("\n")

    def write(self, text: str) -> None:
        """Writes to the program's stdin."""
        assert self.process.stdin is not None
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def close_input(self) -> None:
        """Closes the program's stdin."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def send(self, number: signal.Signals) -> None:
        """Sends the program a signal."""
        os.kill(self.process.pid, number)

    def errors(self) -> str:
        """What the program has written to stderr."""
        size = os.fstat(self._errors.fileno()).st_size
        return os.pread(self._errors.fileno(), size, 0).decode("utf-8", "replace")

    def end(self, seconds: float = 20) -> int:
        """Waits for the end of the program. Returns the exit code, negative for a signal."""
        return self.process.wait(seconds)

    def await_blocked(self, apart: float = 0.005) -> None:
        """Returns when its main thread sleeps: in the same sleep at three looks, this many seconds apart."""
        seen: list[tuple[str, str]] = []

        def sleeps() -> bool:
            seen.append(self._look())
            time.sleep(apart)
            return len(seen) >= 3 and seen[-1][0] == "S" and len(set(seen[-3:])) == 1

        wait_until(sleeps, "the program waits")

    def _look(self) -> tuple[str, str]:
        """The state of its main thread, and how often that has gone to sleep."""
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/status") as status:
            fields = dict(line.rstrip("\n").split(":\t", 1) for line in status if ":\t" in line)
        return fields["State"][0], fields["voluntary_ctxt_switches"]
