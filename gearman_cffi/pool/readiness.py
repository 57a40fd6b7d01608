"""Tells other programs whether the pool serves its functions: by a file, and by messages to systemd."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from types import TracebackType

NOTIFY_SOCKET = "NOTIFY_SOCKET"
_log = logging.getLogger("gearman_cffi.pool")


class Readiness:
    """A context manager that removes the ready file at its end. The file contains the pid of the parent.

    was_ready: whether all functions were registered once. The file exists from then on, unless there is a problem.
    """

    def __init__(self, ready_file: Path | None) -> None:
        self._file = ready_file
        self._address = os.environ.pop(NOTIFY_SOCKET, "")  # the other processes are not the service
        self._unsent: deque[str] = deque()
        self._watchdog = _watchdog_interval() if self._address else None
        self._watchdog_at = 0.0
        self.was_ready = False
        self._problem = ""

    @property
    def interval(self) -> float | None:
        """Seconds after which step() should be called again; None for never."""
        if self._unsent:
            return 0.2
        return None if self._watchdog is None else max(0.0, self._watchdog_at - time.monotonic())

    def __enter__(self) -> Readiness:
        self._remove_file()  # of a pool that was killed
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._remove_file()

    def set_ready(self, after_reload: bool = False) -> None:
        """All functions are registered. Does nothing if it was called before, unless there was a reload."""
        if self.was_ready and not after_reload:
            return
        if not self.was_ready:
            self.was_ready = True
            _log.info("ready")
            self._write_file()
        self._notify("READY=1", f"MAINPID={os.getpid()}")

    def set_problem(self, problem: str) -> None:
        """Says why the pool does not serve its functions now; empty if it does. Does nothing before it was ready."""
        if not self.was_ready or bool(problem) == bool(self._problem):
            return
        self._problem = problem
        if problem:
            self._remove_file()
            _log.warning("not ready: %s", problem)
        else:
            self._write_file()
            _log.info("ready again")
        self._notify(f"STATUS={f'not ready: {problem}' if problem else 'ready'}")

    def set_reloading(self) -> None:
        """New code is being imported; the old code still serves."""
        self._notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def set_stopping(self) -> None:
        """The pool takes no new jobs."""
        self._remove_file()
        self._notify("STOPPING=1")

    def step(self) -> None:
        """Sends the messages to systemd in their order. If systemd is busy, the rest is for the next call.

        If the service has a watchdog, this also says that the pool is alive.
        """
        now = time.monotonic()
        if self._watchdog is not None and now >= self._watchdog_at and not self._unsent:
            self._watchdog_at = now + self._watchdog
            self._unsent.append("WATCHDOG=1")
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        while self._unsent:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifier:
                try:
                    notifier.sendto(self._unsent[0].encode(), socket.MSG_DONTWAIT, address)
                except BlockingIOError:
                    return
                except OSError as error:
                    _log.warning("cannot send %s to systemd: %s", self._unsent[0].partition("\n")[0], error)
            self._unsent.popleft()

    def _write_file(self) -> None:
        if self._file is None:
            return
        new = self._file.with_name(f"{self._file.name}.{os.getpid()}")
        try:
            new.write_text(f"{os.getpid()}\n")
            new.replace(self._file)
        except OSError as error:
            _log.error("cannot write the ready file: %s", error)

    def _remove_file(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.unlink()

    def _notify(self, *lines: str) -> None:
        if self._address:
            self._unsent.append("\n".join(lines))
            self.step()


def _watchdog_interval() -> float | None:
    """Seconds between two signs of life, half of what systemd allows; None if the service has no watchdog."""
    microseconds, pid = os.environ.pop("WATCHDOG_USEC", ""), os.environ.pop("WATCHDOG_PID", str(os.getpid()))
    if not microseconds.isdigit() or not int(microseconds) or pid != str(os.getpid()):
        return None
    return int(microseconds) / 2e6
