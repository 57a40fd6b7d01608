"""The worker command as a process, with the tasks of a test."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from gearman_cffi.testing import Gearmand
from tests.support import INSTALLED, wait_until

TASKS = """
import os, signal, subprocess, sys, time
from gearman_cffi import JobCollection

jobs = JobCollection()

@jobs.handler()
def pid(job):
    return os.getpid()

@jobs.handler()
def double(job):
    return 2 * job.get_workload()

@jobs.handler()
def fail(job):
    raise ValueError("two\\nlines")

@jobs.handler()
def wait_for(job):
    '''Works until the file exists.'''
    open(job.get_workload() + ".began", "a").close()
    while not os.path.exists(job.get_workload()):
        time.sleep(0.005)
    return os.getpid()

@jobs.handler()
def nap(job):
    time.sleep(0.01)
    with open("done", "a") as done:
        done.write(f"{job.get_workload()}\\n")
    return job.get_workload()

@jobs.handler()
def with_process(job):
    '''A job with a process of its own.'''
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    with open("started", "w") as started:
        started.write(f"{process.pid} ")
    process.wait()

KEPT = []

@jobs.handler()
def grow(job):
    KEPT.append(bytearray(os.urandom(1) * (job.get_workload() * 2**20)))
    return os.getpid()
"""
NOBODY = "127.0.0.1:1"  # a port without a server
_MAIN = "import sys; sys.argv[0] = 'gearman-cffi'; from gearman_cffi.cli import main; main()"


class WorkerCommand:
    """gearman-cffi worker OPTIONS tasks:jobs in a directory. The end of the block kills all its processes.

    server: None for no option. stderr: a file descriptor for the log instead of a file. prelude: Python code that runs
    before.
    """

    def __init__(
        self,
        directory: Path,
        server: Gearmand | str | None,
        *options: str,
        tasks: str | None = TASKS,
        target: str = "tasks:jobs",
        stderr: int | None = None,
        prelude: str = "",
        **environment: str,
    ) -> None:
        if tasks is not None:
            (directory / "tasks.py").write_text(tasks)
        self.directory = directory
        self.log_file = directory / "log"
        self.ready_file = directory / "ready"
        program = [sys.executable, "-c", prelude + _MAIN, "worker", "--ready-file", str(self.ready_file)]
        if server is not None:
            program += ["-s", server if isinstance(server, str) else server.address]
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                [*program, *options, target],
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log if stderr is None else stderr,
                env={**os.environ, "PYTHONPATH": str(INSTALLED), "PYTHONDONTWRITEBYTECODE": "1", **environment},
            )

    def __enter__(self) -> WorkerCommand:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            sys.stderr.write(self.log)
        if self.process.poll() is None:
            self.process.kill()  # its processes die with it; test_signals.py tests that
            self.process.wait()

    @property
    def log(self) -> str:
        """The log."""
        return self.log_file.read_text("utf-8")

    def await_ready(self) -> WorkerCommand:
        """Waits until the functions are registered."""

        def ready() -> bool:
            assert self.process.poll() is None, self.log
            return self.ready_file.exists()

        wait_until(ready, "it is ready")
        return self

    def await_log(self, text: str, times: int = 1) -> None:
        """Waits until the log contains the text this many times."""
        wait_until(lambda: self.log.count(text) >= times, f"the log has {text!r}")

    def send(self, number: signal.Signals) -> None:
        """Signals the parent."""
        os.kill(self.process.pid, number)

    def end(self, seconds: float = 20) -> int:
        """Waits for the end of the parent. Returns its exit code."""
        return self.process.wait(seconds)

    def processes(self) -> list[int]:
        """The ids of all living processes except the parent."""
        return all_descendants(self.process.pid)

    def workers(self) -> list[int]:
        """The ids of the worker processes."""
        return [child for forkserver in child_processes(self.process.pid) for child in child_processes(forkserver)]


def child_processes(process: int) -> list[int]:
    """The ids of the child processes, including those that threads have started."""
    found: list[int] = []
    with suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{process}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found


def all_descendants(process: int) -> list[int]:
    """The ids of the child processes and their child processes."""
    found = []
    for child in child_processes(process):
        found += [child, *all_descendants(child)]
    return found


def is_alive(process: int) -> bool:
    """Whether the process exists and is not a zombie."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in ("Z", "X")
