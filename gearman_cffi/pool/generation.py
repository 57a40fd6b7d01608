"""A generation of code, as the parent sees it: one fork server, its worker processes, and the pipes to them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from enum import Enum

from gearman_cffi.pool import ipc, metrics, scoreboard
from gearman_cffi.pool.options import PoolOptions, ProcessOptions, most_jobs


class GenerationState(Enum):
    """What the fork server does."""

    LOADING = "loading"  # it imports the module
    LOADED = "loaded"  # it can start worker processes
    FAILED = "failed"  # it has ended without having imported the module
    LOST = "lost"  # it has died after the import; its worker processes go on


class Generation:
    """Starts a fork server, which imports the module at once."""

    def __init__(self, options: PoolOptions, metrics_directory: str | None) -> None:
        self.state = GenerationState.LOADING
        self.loaded_at = 0.0
        self.failure = ""  # why the import failed
        self.functions: list[str] | None = None  # None: each worker process imports the module itself
        self.is_logged = False  # what was loaded
        self.settings: dict[str, str | None] = {}  # of the program, for the log
        self.scoreboard = scoreboard.create()
        self.concurrency = options.concurrency  # None if it is not known: processes that import the module have 1
        self._threads = options.threads
        self.control, forkserver_control = socket.socketpair()
        self.control.setblocking(False)
        death_pipe, self._death_pipe_end = os.pipe()
        self.events, events_end = os.pipe()
        os.set_blocking(self.events, False)
        self._control_reader = ipc.LineReader()
        self._event_reader = ipc.LineReader()
        self._unsent = b""
        inherited = (forkserver_control.fileno(), death_pipe, events_end, self.scoreboard)
        program = [sys.executable, "-m", "gearman_cffi.pool.forkserver", options.target.to_json(), *map(str, inherited)]
        self._process = subprocess.Popen(
            [*program, options.preload.value, os.getcwd()],
            stdin=subprocess.DEVNULL,
            pass_fds=inherited,
            env={**os.environ, **metrics.environment(metrics_directory)},
            start_new_session=True,
        )
        forkserver_control.close()
        os.close(death_pipe)
        os.close(events_end)

    @property
    def exit_code(self) -> int | None:
        """The exit code of the fork server; None while it runs."""
        return self._process.poll()

    @property
    def is_loaded(self) -> bool:
        """Whether it can start worker processes."""
        return self.state is GenerationState.LOADED

    @property
    def most_jobs(self) -> int:
        """How many jobs each process runs at once, at most."""
        return most_jobs(self.concurrency, self._threads)

    @property
    def descriptors(self) -> list[int]:
        """The file descriptors at which messages arrive."""
        has_forkserver = self.state in (GenerationState.LOADING, GenerationState.LOADED)
        return [self.control.fileno(), self.events] if has_forkserver else []

    @property
    def interval(self) -> float | None:
        """Seconds after which receive() should be called even if no message arrives; None for never."""
        return 0.2 if self.state is GenerationState.LOST or self._unsent else None

    def start(self, options: ProcessOptions) -> None:
        """Starts a worker process. A message says when it has a pid."""
        for place in range(options.id * self.most_jobs, (options.id + 1) * self.most_jobs):
            scoreboard.write(self.scoreboard, place, None)
        self._send(start=options.to_json())

    def send_signal(self, id: int, pid: int | None, number: int) -> None:
        """Signals a worker process; SIGKILL ends its process group.

        The fork server does it, because it knows whether the pid is still that of the process.
        """
        if self.state is not GenerationState.LOST:
            self._send(kill=id, signal=number)
        elif pid is not None:
            with suppress(OSError):
                (os.killpg if number == signal.SIGKILL else os.kill)(pid, number)

    def receive(self) -> list[ipc.Message]:
        """The messages about worker processes since the last call; they have the keys event and id. Updates the state.

        The fork server's are read first and come last: a process has written its events before its end is reported.
        """
        self._send_rest()
        control = ipc.receive(self.control, self._control_reader)
        events: list[ipc.Message] = []
        with suppress(BlockingIOError):
            while piece := os.read(self.events, 65536):
                events += self._event_reader.feed(piece)
        for message in control:
            if message["event"] == "loaded":
                self.state, self.functions = GenerationState.LOADED, message["functions"]
                self.settings = message.get("settings", {})
                self.concurrency = self.concurrency or message.get("concurrency")
                self.loaded_at = time.monotonic()
            elif message["event"] == "failed":
                self.failure = message["reason"]
            else:
                events.append(message)
        if self._control_reader.ended:  # the fork server has ended
            is_loaded = self.state in (GenerationState.LOADED, GenerationState.LOST)
            self.state = GenerationState.LOST if is_loaded else GenerationState.FAILED
        return events

    def wait(self, seconds: float) -> None:
        """Waits for the end of the fork server, which follows close(); kills it after this time."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Kills the fork server, even in the middle of an import, and the worker processes with it."""
        with suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):  # the kernel may be waiting for a disk
            self._process.wait(1.0)

    def close(self) -> None:
        """Lets the fork server end. Call it when no worker process is left: it would be killed."""
        self.control.close()
        for descriptor in (self._death_pipe_end, self.events, self.scoreboard):
            os.close(descriptor)

    def _send(self, **message: object) -> None:
        self._unsent += ipc.encode(message)
        self._send_rest()

    def _send_rest(self) -> None:
        """Sends what has not been sent yet, as far as there is room. A fork server that is stopped reads nothing."""
        if not self._unsent:
            return
        try:
            self._unsent = self._unsent[self.control.send(self._unsent) :]
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:  # the fork server has ended, as receive() will see
            self._unsent = b""
