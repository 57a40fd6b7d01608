"""Runs one gearmand, and ends it when the process that started it has ended. A script; it is never imported.

    python -I -S _supervisor.py OWNER_PID GRACE_SECONDS PROGRAM ARGUMENT...

Standard input is a pipe that only the owner has open: end of file means "stop", if the owner closed it and if it was
killed. A forked child of the owner may have the pipe open too, so the parent's process id is checked as well. gearmand
is a child of this process, which alone waits for it: a signal never reaches another process with the same id. The
script prints gearmand's process id in one line, and exits with gearmand's exit code.

It is a separate program because fork() is not safe in a test process with threads. It imports little because every
test waits for its start.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time

CHECK_SECONDS = 0.5  # how often the parent's process id is checked; everything else ends the wait at once


class Supervisor:
    def __init__(self, owner: int, grace: float, command: list[str]) -> None:
        self.owner = owner
        self.grace = grace
        self.command = command
        self.asked_to_stop = False
        self.deadline = 0.0

    def run(self) -> int:
        wakeup, wakeup_end = os.pipe()
        for end in (wakeup, wakeup_end):
            os.set_blocking(end, False)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])  # the owner may have blocked signals that are needed here
        signal.set_wakeup_fd(wakeup_end, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        child = self._spawn()
        os.write(1, b"%d\n" % child)
        while True:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else 128 - code
            self._end_when_due(child)
            self._wait(wakeup)

    def _on_signal(self, *_: object) -> None:
        self.asked_to_stop = True

    def _spawn(self) -> int:
        no_input = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
        to_log = (os.POSIX_SPAWN_DUP2, 2, 1)
        return os.posix_spawn(
            self.command[0],
            self.command,
            os.environ,
            file_actions=[no_input, to_log],
            setsigdef=[signal.SIGPIPE],
        )

    def _end_when_due(self, child: int) -> None:
        now = time.monotonic()
        if not self.deadline:
            if self.asked_to_stop or os.getppid() != self.owner:
                self.deadline = now + self.grace
                os.kill(child, signal.SIGTERM)
                os.kill(child, signal.SIGCONT)  # a paused gearmand handles SIGTERM when it continues
        elif now >= self.deadline:
            os.kill(child, signal.SIGKILL)

    def _wait(self, wakeup: int) -> None:
        ends = [wakeup] if self.asked_to_stop else [wakeup, 0]
        timeout = CHECK_SECONDS
        if self.deadline:
            timeout = min(timeout, max(0.01, self.deadline - time.monotonic()))
        ready = select.select(ends, [], [], timeout)[0]
        if wakeup in ready:
            os.read(wakeup, 512)
        if 0 in ready and not os.read(0, 512):
            self.asked_to_stop = True


if __name__ == "__main__":
    sys.exit(Supervisor(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]).run())
