"""The workers of a soak: pools whose processes are killed, supervised, and processes that are left alone."""

from __future__ import annotations

import signal
import threading
from collections.abc import Mapping
from pathlib import Path

from tests.pool.commands import WorkerCommand, child_processes
from tests.soak.marks import marked
from tests.support import wait_until

PROCESSES = 2  # of each pool
DEATH_SECONDS = 30.0  # in which the processes of a killed parent must be gone


class SupervisedPool:
    """gearman-cffi worker, which is started again when it ends, as a service manager would."""

    def __init__(self, name: str, folder: Path, servers: str, target: str, environment: Mapping[str, str]) -> None:
        self.name = name
        self.problems: list[str] = []
        self.starts = 0
        self._folder = folder
        self._servers = servers
        self._target = target
        self._environment = environment
        self._was_killed = False
        self._lock = threading.Lock()
        self._command = self._start()

    def supervise(self) -> None:
        """Starts the pool again if it has ended."""
        with self._lock:
            code = self._command.process.poll()
            if code is None:
                return
            if not self._was_killed:
                self.problems.append(f"the pool {self.name} has ended with exit code {code}: {self._command.log_file}")
            self._command = self._start()

    @property
    def is_complete(self) -> bool:
        """Whether the pool is ready, with all of its processes."""
        command = self._command
        return command.ready_file.exists() and len(command.workers()) == PROCESSES and command.process.poll() is None

    def processes(self) -> list[int]:
        """The ids of all processes of the pool, the parent included."""
        return [self._command.process.pid, *self._command.processes()]

    def workers(self) -> list[int]:
        """The ids of the worker processes."""
        return self._command.workers()

    def templates(self) -> list[int]:
        """The ids of the processes from which the worker processes are forked."""
        return child_processes(self._command.process.pid)

    def kill_parent(self) -> None:
        """Kills the parent. Its processes must die too."""
        with self._lock:
            command, mark = self._command, self._mark
            self._was_killed = True
            command.process.kill()
            command.process.wait()
        try:
            wait_until(lambda: not marked("SOAK_POOL", mark), "they are gone", DEATH_SECONDS)
        except AssertionError:
            left = marked("SOAK_POOL", mark)
            self.problems.append(f"the parent of the pool {self.name} was killed, but not its processes {left}")

    def end(self) -> None:
        """Ends the pool by SIGTERM."""
        with self._lock:
            command = self._command
            if command.process.poll() is None:
                command.send(signal.SIGTERM)
                if (code := command.end(30)) != 0:
                    self.problems.append(f"the pool {self.name} was ended, with exit code {code}: {command.log_file}")

    def kill(self) -> None:
        """Kills what is left."""
        if self._command.process.poll() is None:
            self._command.process.kill()
            self._command.process.wait()

    def _start(self) -> WorkerCommand:
        self.starts += 1
        self._was_killed = False
        folder = self._folder / f"{self.name}-{self.starts}"
        folder.mkdir()
        self._mark = str(folder)  # another soak at the same time has another folder
        options = [f"-p{PROCESSES}", "--serializer=raw", "--idle-interval=1", "--connect-timeout=2"]
        options += ["--log-level=warning", "--shutdown-timeout=10"]
        options += ["--concurrency=4"] if self._target.endswith("coroutines") else []
        return WorkerCommand(
            folder,
            self._servers,
            *options,
            tasks=None,
            target=self._target,
            stderr=None,
            prelude="from tests.soak.marks import die_with_parent; die_with_parent(); ",
            **self._environment,
            SOAK_POOL=self._mark,
        )
