"""A worker process, as the parent sees it."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from gearman_cffi.pool import scoreboard
from gearman_cffi.pool.generation import Generation
from gearman_cffi.pool.ipc import Message

if TYPE_CHECKING:
    from gearman_cffi.pool.slots import Slot


class ProcessState(Enum):
    """What the parent knows of a process, or has done with it."""

    STARTING = "starting"
    SERVING = "serving"  # a server knows its functions
    STOPPING = "stopping"  # the parent has asked it to exit after its job
    KILLED = "killed"  # by the parent, because it took too long


class ExitNotice(Enum):
    """A process's own message that it exits. The values are the names of the events."""

    LIMIT = "exiting"  # max_jobs or memory_limit
    NO_JOBS = "found_no_jobs"  # with burst
    FAILURE = "failed"  # it cannot start


@dataclass(eq=False)
class ChildProcess:
    """A worker process. Times are those of time.monotonic()."""

    id: int
    slot: Slot
    generation: Generation
    expires_at: float | None = None  # when max_runtime has passed
    left_out: tuple[str, ...] = ()  # functions that it does not serve
    left_out_seconds: float | None = None  # how long, from when it is ready, until another process is to serve them
    left_out_until: float | None = None
    started_at: float = field(default_factory=time.monotonic)
    pid: int | None = None
    state: ProcessState = ProcessState.STARTING
    is_disconnected: bool = False  # it can reach none of its servers
    function_count: int = 0  # of the whole target; 0 before the process serves
    hook: str = ""  # the function of on_start() or on_stop() that it runs
    notice: ExitNotice | None = None
    reason: str = ""  # why it exits: what it has said, or why the parent has asked it to
    idle_since: float | None = None  # since when it is to exit, has no job, and is still there
    killed_at: float | None = None
    overdue_since: float | None = None  # since when it is to exit because of a job that takes too long

    @property
    def is_exiting(self) -> bool:
        """Whether it was asked to exit, or has said that it does."""
        return self.state is ProcessState.STOPPING or self.notice is not None

    @property
    def failure(self) -> str:
        """Why it cannot start; empty if it has not said so."""
        return self.reason if self.notice is ExitNotice.FAILURE else ""

    @property
    def unfinished(self) -> str:
        """Why it is still there although it has no job."""
        if self.hook:
            return f"{self.hook} has not returned"
        return "its threads may keep it alive" if self.function_count else "it is still starting"

    def jobs(self) -> list[scoreboard.BusyRecord]:
        """The jobs that it runs, or was running when it died."""
        return scoreboard.read(self.generation.scoreboard, self.id, self.generation.most_jobs)

    def receive(self, message: Message) -> None:
        """Handles a message of the process, or of the fork server about it. "ended" is for the pool."""
        event = message["event"]
        if event == "started":
            self.pid = message["pid"]
        elif event == "ready":
            self.function_count = message["function_count"]
            if self.state is ProcessState.STARTING:
                self.state = ProcessState.SERVING
            if self.left_out_seconds is not None:
                self.left_out_until = time.monotonic() + self.left_out_seconds
        elif event in ("disconnected", "connected"):
            self.is_disconnected = event == "disconnected"
        elif event == "hook":
            self.hook = message["name"]
        else:
            self.notice, self.reason = ExitNotice(event), message.get("reason", "")

    def stop(self, reason: str = "") -> None:
        """Asks the process to exit after its job."""
        if self.state in (ProcessState.STARTING, ProcessState.SERVING):
            self.state, self.reason = ProcessState.STOPPING, reason
            self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Ends the process and its process group."""
        if self.state is not ProcessState.KILLED:
            self.state, self.killed_at = ProcessState.KILLED, time.monotonic()
        self.send_signal(signal.SIGKILL)

    def send_signal(self, number: int) -> None:
        """Signals the process; SIGKILL ends its process group."""
        self.generation.send_signal(self.id, self.pid, number)

    def due_times(self) -> list[float]:
        """When replacement_reason() becomes true."""
        if self.state not in (ProcessState.STARTING, ProcessState.SERVING):
            return []
        return [at for at in (self.expires_at, self.left_out_until) if at is not None]

    def replacement_reason(self, now: float) -> str:
        """Why another process is to replace this one now; empty if none is."""
        if not any(now >= at for at in self.due_times()):
            return ""
        if self.expires_at is not None and now >= self.expires_at:
            return f"it has run for {now - self.started_at:.0f} s"
        return f"its replacement will serve {', '.join(self.left_out)} again"

    def exists(self) -> bool:
        """Whether the process still runs. For processes whose fork server has died."""
        if self.pid is None:
            return False
        with suppress(ChildProcessError):  # a child of this process after all, because this is process 1 of a container
            return os.waitpid(self.pid, os.WNOHANG)[0] == 0
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except OSError:
            pass
        return not self._is_zombie()

    def _is_zombie(self) -> bool:
        """Whether it has ended, and process 1, its parent by now, does not care. False if /proc does not say."""
        try:
            status = Path(f"/proc/{self.pid}/stat").read_text("utf-8", "replace")
        except OSError:
            return False
        return status.rpartition(")")[2].split()[0] in ("Z", "X")
