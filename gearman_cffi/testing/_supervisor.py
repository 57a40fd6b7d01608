"""Keeps one gearmand, and ends it when the process that wanted it is gone. Run as a script, never imported.

    python -I -S _supervisor.py OWNER_PID GRACE_SECONDS PROGRAM ARGUMENT...

Standard input is a pipe that only the owner holds open: its end means "stop", whether the owner closed it
or died of SIGKILL. A child that the owner forked may hold the pipe open as well, so the parent's id is
watched too. gearmand is a child of this process and is reaped here only, so its id can never have come to
name another process while it is signalled. Its id is printed in one line; its exit code becomes ours.

It is a program of its own and imports little, because a fork() inside a test process with threads is not
safe, and because its start is part of every test's time.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time

LOOK_SECONDS = 0.5  # how often the parent's id is compared; everything else wakes us at once


class Supervisor:
    def __init__(self, owner: int, grace: float, command: list[str]) -> None:
        self.owner = owner
        self.grace = grace
        self.command = command
        self.asked_to_stop = False
        self.deadline = 0.0

    def run(self) -> int:
        wake, wake_end = os.pipe()
        for end in (wake, wake_end):
            os.set_blocking(end, False)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])  # the owner may have blocked what we live on
        signal.set_wakeup_fd(wake_end, warn_on_full_buffer=False)
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
            self._wait(wake)

    def _on_signal(self, *_: object) -> None:
        self.asked_to_stop = True

    def _spawn(self) -> int:
        quiet = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
        to_log = (os.POSIX_SPAWN_DUP2, 2, 1)
        return os.posix_spawn(
            self.command[0],
            self.command,
            os.environ,
            file_actions=[quiet, to_log],
            setsigdef=[signal.SIGPIPE],
        )

    def _end_when_due(self, child: int) -> None:
        now = time.monotonic()
        if not self.deadline:
            if self.asked_to_stop or os.getppid() != self.owner:
                self.deadline = now + self.grace
                os.kill(child, signal.SIGTERM)
                os.kill(child, signal.SIGCONT)  # a paused gearmand takes SIGTERM only when it goes on
        elif now >= self.deadline:
            os.kill(child, signal.SIGKILL)

    def _wait(self, wake: int) -> None:
        ends = [wake] if self.asked_to_stop else [wake, 0]
        timeout = LOOK_SECONDS
        if self.deadline:
            timeout = min(timeout, max(0.01, self.deadline - time.monotonic()))
        ready = select.select(ends, [], [], timeout)[0]
        if wake in ready:
            os.read(wake, 512)
        if 0 in ready and not os.read(0, 512):
            self.asked_to_stop = True


if __name__ == "__main__":
    sys.exit(Supervisor(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]).run())
