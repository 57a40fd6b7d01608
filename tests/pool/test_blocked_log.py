"""A log that nobody reads, that is read slowly, or that cannot be written."""

from __future__ import annotations

import os
import pty
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from gearman_cffi import Client
from gearman_cffi.testing import Gearmand
from tests.pool.commands import TASKS, WorkerCommand
from tests.support import INSTALLED, wait_until

LOGGING = (
    TASKS
    + """
import logging

@jobs.handler()
def log(job):
    '''Logs lines with numbers: short ones, and some that are longer than PIPE_BUF.'''
    for number in range(job.get_workload()):
        logging.getLogger("user").warning("line %d%s;", number, "x" * (6000 if number % 40 == 39 else 0))
    return os.getpid()
"""
)


@contextmanager
def full(kind: str) -> Iterator[tuple[int, int]]:
    """The ends of a full pipe, terminal or socket: for reading, and for stderr."""
    if kind == "socket":
        ends = tuple(one.detach() for one in socket.socketpair())
    else:
        ends = pty.openpty() if kind == "terminal" else os.pipe()
    reader, stderr = ends
    os.set_blocking(stderr, False)
    for size in (4096, 1):
        with suppress(BlockingIOError):
            while True:
                os.write(stderr, b"." * size)
    os.set_blocking(stderr, True)
    yield reader, stderr
    for end in ends:
        os.close(end)


def read_all(reader: int) -> bytes:
    """What can be read now."""
    pieces = b""
    with suppress(BlockingIOError):
        while piece := os.read(reader, 65536):
            pieces += piece
    return pieces


KINDS = pytest.mark.parametrize("kind", ["pipe", "terminal", "socket"])


@KINDS
def test_shutdown(gearmand: Gearmand, tmp_path: Path, kind: str) -> None:
    """The second signal interrupts a job; the command ends though it cannot write the log."""
    options = ("-p2", "--shutdown-timeout=60")
    with full(kind) as (_, stderr), WorkerCommand(tmp_path, gearmand, *options, stderr=stderr) as command:
        command.await_ready()
        Client(gearmand.address).execute_in_background("wait_for", str(tmp_path / "go"))
        wait_until(Path(f"{tmp_path}/go.began").exists, "the job has begun")
        command.send(signal.SIGTERM)
        wait_until(lambda: len(command.workers()) == 1, "the idle process has left")
        command.send(signal.SIGTERM)
        assert command.end(5) == 8


def test_limits_restarts_and_reloads(gearmand: Gearmand, tmp_path: Path) -> None:
    """Job timeouts, restarts of processes and fork servers, and reloads do not wait for the log."""
    options = ("-p1", "--job-timeout=wait_for=0.3")
    with full("pipe") as (_, stderr), WorkerCommand(tmp_path, gearmand, *options, stderr=stderr) as command:
        workers = command.await_ready().workers()

        def replaced() -> bool:
            now = command.workers()
            return len(now) == 1 and now != workers

        Client(gearmand.address).execute_in_background("wait_for", str(tmp_path / "go"))
        wait_until(replaced, "the process of the late job is replaced")
        (tmp_path / "go").touch()
        workers = command.workers()
        os.kill(workers[0], signal.SIGKILL)
        wait_until(replaced, "the killed process is replaced")
        workers = command.workers()
        command.send(signal.SIGHUP)
        wait_until(replaced, "the process runs the new code")
        command.send(signal.SIGTERM)
        assert command.end(6) == 0


@KINDS
def test_a_job_that_logs(gearmand: Gearmand, tmp_path: Path, kind: str) -> None:
    """The process waits for the reader once, for two seconds. Later the log says how many lines it lacks."""
    options = ("-p1", "--log-level=warning")
    with (
        full(kind) as (reader, stderr),
        WorkerCommand(tmp_path, gearmand, *options, stderr=stderr, tasks=LOGGING) as command,
    ):
        client = Client(gearmand.address, timeout=20)
        began = time.monotonic()
        assert client.execute_job("log", 1000) == command.workers()[0]
        assert 1.9 < time.monotonic() - began < 4
        os.set_blocking(reader, False)
        log = read_all(reader)
        client.execute_job("log", 10)
        log += read_all(reader)
        command.send(signal.SIGTERM)
        assert command.end(5) == 0
    dropped = re.search(rb"log lines that could not be written: (\d+)", log)
    assert dropped
    assert int(dropped[1]) + log.count(b";") == 1000 + 10


def test_a_slow_reader(gearmand: Gearmand, tmp_path: Path) -> None:
    """No line is lost or broken, and their order stays."""
    reader, stderr = os.pipe()
    pieces: list[bytes] = []

    def read() -> None:
        while piece := os.read(reader, 1000):
            pieces.append(piece)
            time.sleep(0.001)  # slower than the job writes

    thread = threading.Thread(target=read)
    thread.start()
    with WorkerCommand(tmp_path, gearmand, "-p1", stderr=stderr, tasks=LOGGING) as command:
        os.close(stderr)
        Client(gearmand.address, timeout=20).execute_job("log", 2000)
        command.send(signal.SIGTERM)
        assert command.end(5) == 0
    thread.join(20)
    os.close(reader)
    lines = b"".join(pieces).decode().splitlines()
    numbers = [re.search(r"WARNING log H:\S+: .*line (\d+)x*;$", line) for line in lines]
    assert [int(number[1]) for number in numbers if number] == list(range(2000))
    others = [line.split(maxsplit=2)[2] for line, number in zip(lines, numbers, strict=True) if not number]
    assert [line.split()[1] for line in others[:3]] == ["gearman-cffi", "loaded", "ready"]
    # The client has its answer before the process knows that its job is done.
    shutdown = re.compile(r"INFO    SIGTERM: shutting down, (no job is running|waiting for 1 job: .*again to force)")
    assert [bool(shutdown.fullmatch(line)) for line in others].count(True) == 1, others
    assert len(others) == 5


@pytest.mark.parametrize("redirection", ["2>/dev/full", "2>&-", "<&- >&- 2>&-"])
def test_a_log_that_cannot_be_written(gearmand: Gearmand, tmp_path: Path, redirection: str) -> None:
    """The jobs are done, and the command ends as usual. What it opens does not get the number of stderr."""
    (tmp_path / "tasks.py").write_text(LOGGING)
    program = f"exec {sys.executable} -m gearman_cffi worker -s {gearmand.address} -p2 tasks:jobs {redirection}"
    environment = {**os.environ, "PYTHONPATH": str(INSTALLED)}
    with subprocess.Popen(["/bin/sh", "-c", program], cwd=tmp_path, env=environment) as command:
        try:
            client = Client(gearmand.address, timeout=20)
            processes = {int(client.execute_job("log", 10)) for _ in range(10)}
            stderr = {os.readlink(f"/proc/{process}/fd/2") for process in (command.pid, *processes)}
            assert stderr == {"/dev/full" if "full" in redirection else "/dev/null"}
        finally:
            command.terminate()
        assert command.wait(5) == 0


def test_a_reader_that_has_gone(gearmand: Gearmand, tmp_path: Path) -> None:
    reader, stderr = os.pipe()
    os.close(reader)
    with WorkerCommand(tmp_path, gearmand, "-p1", stderr=stderr, tasks=LOGGING) as command:
        os.close(stderr)
        client = Client(gearmand.address, timeout=20)
        assert {client.execute_job("log", 100) for _ in range(10)} == set(command.workers())
        command.send(signal.SIGTERM)
        assert command.end(5) == 0
