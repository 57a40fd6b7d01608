"""A generation, as the parent sees it: one template process, the children that it forked, and the pipes to them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress

from gearman_cffi.pool import ipc, metrics, scoreboard
from gearman_cffi.pool.options import ALWAYS, AUTO, NEVER, ChildOptions, PoolOptions


class Generation:
    """Starts the template, which begins to import at once. is_loaded says that it is ready to start children."""

    def __init__(self, options: PoolOptions, number: int, metrics_directory: str | None) -> None:
        self.number = number
        self.is_loaded = False
        self.is_lost = False  # the template died while it had children
        self.loaded_at = 0.0
        self.failure = ""  # why the import failed
        self.functions: list[str] | None = None  # None: not imported here, but in each child
        self.scoreboard = scoreboard.create()
        self.control, theirs = socket.socketpair()
        self.control.setblocking(False)
        lifeline, self._lifeline_end = os.pipe()
        self.events, events_end = os.pipe()
        os.set_blocking(self.events, False)
        self._control_lines = ipc.Lines()
        self._event_lines = ipc.Lines()
        inherited = (theirs.fileno(), lifeline, events_end, self.scoreboard)
        preload = {None: AUTO, True: ALWAYS, False: NEVER}[options.preload]
        program = [sys.executable, "-m", "gearman_cffi.pool.forkserver", options.target, *map(str, inherited)]
        self._process = subprocess.Popen(
            [*program, preload, os.getcwd()],
            stdin=subprocess.DEVNULL,
            pass_fds=inherited,
            env={**os.environ, **metrics.environment(metrics_directory)},
            start_new_session=True,
        )
        theirs.close()
        os.close(lifeline)
        os.close(events_end)

    @property
    def has_ended(self) -> bool:
        """Whether the template is gone."""
        return self._process.poll() is not None

    @property
    def exit_code(self) -> int | None:
        """The template's, once it is gone."""
        return self._process.poll()

    def start(self, options: ChildOptions) -> None:
        """Has a child started; "started" is told when it has a pid."""
        scoreboard.write(self.scoreboard, options.id, None)
        self._order(start=options.to_json())

    def signal(self, id: int, pid: int | None, number: int) -> None:
        """Signals a child, through the template, which knows that the pid is still the child's; SIGKILL: its group."""
        if not self.is_lost:
            self._order(kill=id, signal=number)
        elif pid is not None:
            with suppress(OSError):
                (os.killpg if number == signal.SIGKILL else os.kill)(pid, number)

    def receive(self) -> list[ipc.Message]:
        """What the children and the template have told since the last call.

        The template is asked first and stands last: what a child said was written before its end was told.
        """
        told = ipc.receive(self.control, self._control_lines)
        notes: list[ipc.Message] = []
        with suppress(BlockingIOError):
            while piece := os.read(self.events, 65536):
                notes += self._event_lines.feed(piece)
        for message in told:
            if "loaded" in message:
                self.is_loaded, self.functions = True, message["loaded"]
                self.loaded_at = time.monotonic()
            elif "failed" in message:
                self.failure = message["failed"]
        return notes + [message for message in told if "started" in message or "ended" in message]

    @property
    def is_silent(self) -> bool:
        """Whether the template has closed its side, which it does by its end only."""
        return self._control_lines.ended

    def await_end(self, seconds: float) -> None:
        """Waits for the template, which ends when it is closed; kills it when the time is over."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Ends the template now, also in the middle of an import; its children too."""
        with suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        """Lets the template end. To be called when it has no children left: they would be killed."""
        self.control.close()
        for descriptor in (self._lifeline_end, self.events, self.scoreboard):
            os.close(descriptor)

    def _order(self, **message: object) -> None:
        with suppress(OSError):  # it is gone, as receive() is about to see
            self.control.setblocking(True)
            self.control.sendall(ipc.encode(message))
        self.control.setblocking(False)
