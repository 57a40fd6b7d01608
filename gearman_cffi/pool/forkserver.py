"""The process that imports the user's module once, and forks the children of one generation.

    python -m gearman_cffi.pool.forkserver TARGET CONTROL LIFELINE EVENTS SCOREBOARD PRELOAD DIRECTORY

CONTROL is a socket to the pool's parent, the next three are file descriptors that children inherit. It serves
nothing itself. A forked child leaves serve() with its options; every other process ends in it.

Orders from the parent: {"start": ChildOptions as JSON}, {"kill": id, "signal": number}. Told to it: {"loaded": names,
"preload": bool}, {"failed": text}, {"started": id, "pid": pid}, {"ended": id, "status": code}.
Forking is safe only where nothing else runs: with threads after the import (or on macOS, whose own libraries
start some) this program begins anew without importing, and each child becomes a fresh interpreter.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress

from gearman_cffi.handlers import JobCollection
from gearman_cffi.pool import ipc
from gearman_cffi.pool.metrics import Identity
from gearman_cffi.pool.options import AUTO, BLOCKED, NEVER, ChildOptions
from gearman_cffi.pool.parent_death import die_with_parent, own_group
from gearman_cffi.pool.target import NotLoaded, add_to_path, load


class Template:
    """The loop of the process. arguments are those of the program, as texts."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self.arguments = list(arguments)
        self.target, *numbers, self.preload, self.directory = arguments
        control, self.lifeline, self.events, self.scoreboard = map(int, numbers)
        self.control = socket.socket(fileno=control)
        self.jobs: JobCollection | None = None
        self._pids: dict[int, int] = {}
        self._lines = ipc.Lines()

    def load(self) -> bool:
        """Imports where that is wanted; False where it failed, and the parent was told."""
        if self.preload == AUTO and sys.platform == "darwin":
            self.preload = NEVER
        if self.preload == NEVER:
            self._tell(loaded=None, preload=False)
            return True
        try:
            self.jobs = load(self.target)
        except NotLoaded as error:
            self._tell(failed=str(error))
            return False
        if self.preload == AUTO and _has_threads():
            self._begin_anew()
        import gearman_cffi.pool.worker_process  # noqa: F401  (here, that children share it)

        gc.collect()
        gc.freeze()  # the collector then leaves alone, and shared, what all children have in common
        self._tell(loaded=list(self.jobs.get_jobs()), preload=True)
        return True

    def serve(self) -> ChildOptions | None:
        """Takes orders until the parent is gone. Returns twice: in a forked child with its options."""
        wake, wake_end = os.pipe()
        for end in (wake, wake_end):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake_end, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        while not self._lines.ended:
            ready = select.select([self.control.fileno(), wake], [], [])[0]
            if wake in ready:
                os.read(wake, 512)
                self._reap()
            if self.control.fileno() in ready:
                for order in ipc.receive(self.control, self._lines):
                    child = self._obey(order)
                    if child is not None:
                        signal.set_wakeup_fd(-1)
                        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                        os.close(wake)
                        os.close(wake_end)
                        self.control.close()
                        return child
        for pid in self._pids.values():
            _kill(pid, signal.SIGKILL)
        return None

    def _obey(self, order: ipc.Message) -> ChildOptions | None:
        if "start" in order:
            options = ChildOptions.from_json(order["start"])
            pid = self._fork() if self.jobs is not None else self._spawn(order["start"])
            if not pid:
                return options
            self._pids[options.id] = pid
            self._tell(started=options.id, pid=pid)
        elif order["kill"] in self._pids:
            _kill(self._pids[order["kill"]], order["signal"])
        return None

    def _fork(self) -> int:
        """0 in the child. Signals stay blocked there, until it has its handlers."""
        signal.pthread_sigmask(signal.SIG_BLOCK, BLOCKED)
        pid = os.fork()
        if pid:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, BLOCKED)
        return pid

    def _spawn(self, options: str) -> int:
        inherited = (self.lifeline, self.events, self.scoreboard)
        program = [sys.executable, "-m", "gearman_cffi.pool.spawn_main", self.target, *map(str, inherited)]
        signal.pthread_sigmask(signal.SIG_BLOCK, BLOCKED)  # the child inherits that, and what comes meanwhile stays
        child = subprocess.Popen([*program, self.directory, options], pass_fds=inherited)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, BLOCKED)
        child.returncode = 0  # it is waited for here, not by subprocess
        return child.pid

    def _reap(self) -> None:
        for id, pid in list(self._pids.items()):
            # Looked at before it is waited for: until then its id, and its group's, cannot become another's.
            ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ended is None:
                continue
            if ended.si_code != os.CLD_EXITED:
                with suppress(OSError):
                    os.killpg(pid, signal.SIGKILL)  # what its job had started
            status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            del self._pids[id]
            self._tell(ended=id, status=status)

    def _begin_anew(self) -> None:
        arguments = [*self.arguments[:5], NEVER, self.directory]
        for descriptor in (self.control.fileno(), self.lifeline, self.events, self.scoreboard):
            os.set_inheritable(descriptor, True)
        os.execv(sys.executable, [sys.executable, "-m", "gearman_cffi.pool.forkserver", *arguments])

    def _tell(self, **message: object) -> None:
        with suppress(OSError):  # the parent is gone, as serve() is about to see
            self.control.sendall(ipc.encode(message))


def _has_threads() -> bool:
    """Whether anything runs beside this thread; Python does not know the threads of C libraries."""
    try:
        return len(os.listdir("/proc/self/task")) > 1
    except OSError:
        return threading.active_count() > 1


def _kill(pid: int, number: int) -> None:
    """Signals a child that was not waited for yet; SIGKILL is for its group as well."""
    with suppress(OSError):
        os.kill(pid, number)
    if number == signal.SIGKILL:
        with suppress(OSError):
            os.killpg(pid, number)


def main(arguments: Sequence[str]) -> int:
    """The program."""
    for number in BLOCKED:
        signal.signal(number, signal.SIG_IGN)  # the parent tells when to end
    own_group()
    identity = Identity()
    template = Template(arguments)
    die_with_parent(template.lifeline, may_use_thread=False)
    add_to_path(template.directory)
    if not template.load():
        return 1
    options = template.serve()
    if options is None or template.jobs is None:
        return 0
    from gearman_cffi.pool.worker_process import Child

    pipes = template.lifeline, template.events, template.scoreboard
    return Child(options, *pipes, identity).run(template.jobs)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
