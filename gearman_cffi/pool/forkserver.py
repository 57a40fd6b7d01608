"""The fork server: imports the user's module once and forks the worker processes of one generation of code.

    python -m gearman_cffi.pool.forkserver TARGET CONTROL DEATH_PIPE EVENTS SCOREBOARD PRELOAD DIRECTORY

TARGET is that of target.py as JSON. CONTROL is a socket to the pool's parent; the next three are file descriptors that
the worker processes inherit. The fork server runs no jobs itself.

Requests of the parent: {"start": ProcessOptions as JSON}, {"kill": id, "signal": number}. Replies, by "event":
{"loaded", "functions", "settings", "concurrency"}, {"failed", "reason"}, {"started", "id", "pid"},
{"ended", "id", "status"}.

Forking is only safe without other threads. If the import has started threads (on macOS the system's libraries may do
that), this program starts again without an import, and each worker process is a new interpreter.
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

from gearman_cffi.application import Application
from gearman_cffi.pool import ipc
from gearman_cffi.pool.banner import settings_of
from gearman_cffi.pool.metrics import MetricsIdentity
from gearman_cffi.pool.options import BLOCKED_SIGNALS, Preload, ProcessOptions
from gearman_cffi.pool.parent_death import die_with_parent, lead_own_group
from gearman_cffi.pool.target import Target, TargetError, add_to_path
from gearman_cffi.pool.worker_process import WorkerProcess


class ForkServer:
    """The fork server's state. arguments: of the command line, see above."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self.arguments = list(arguments)
        self.target, *descriptors, preload, self.directory = arguments
        control, self.death_pipe, self.events, self.scoreboard = map(int, descriptors)
        self.control = socket.socket(fileno=control)
        self.application: Application | None = None
        self._preload = Preload(preload)
        self._pids: dict[int, int] = {}
        self._reader = ipc.LineReader()

    def load(self) -> bool:
        """Imports the module, unless each process imports it itself. Returns False if that failed."""
        if self._preload is Preload.AUTO and sys.platform == "darwin":
            self._preload = Preload.NEVER
        if self._preload is Preload.NEVER:
            self._send("loaded", functions=None)
            return True
        try:
            self.application = Target.from_json(self.target).load()
        except TargetError as error:
            self._send("failed", reason=str(error))
            return False
        if self._preload is Preload.AUTO and _has_threads():
            self._restart_without_import()
        gc.collect()
        gc.freeze()  # the garbage collector then does not touch the memory that the processes share
        self._send(
            "loaded",
            functions=list(self.application.jobs.get_jobs()),
            settings=settings_of(self.application),
            concurrency=self.application.concurrency,
        )
        return True

    def serve(self) -> ProcessOptions | None:
        """Handles the parent's requests until the parent has ended. In a forked process it returns its options."""
        wakeup, wakeup_end = os.pipe()
        for end in (wakeup, wakeup_end):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wakeup_end, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        while not self._reader.ended:
            ready = select.select([self.control.fileno(), wakeup], [], [])[0]
            if wakeup in ready:
                os.read(wakeup, 512)
                self._reap()
            if self.control.fileno() in ready:
                for request in ipc.receive(self.control, self._reader):
                    options = self._handle(request)
                    if options is not None:
                        signal.set_wakeup_fd(-1)
                        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                        os.close(wakeup)
                        os.close(wakeup_end)
                        self.control.close()
                        return options
        for pid in self._pids.values():
            _send_signal(pid, signal.SIGKILL)
        return None

    def _handle(self, request: ipc.Message) -> ProcessOptions | None:
        """Handles a request. In a forked process it returns its options."""
        if "start" in request:
            options = ProcessOptions.from_json(request["start"])
            pid = self._fork() if self.application is not None else self._spawn(request["start"])
            if not pid:
                return options
            self._pids[options.id] = pid
            self._send("started", id=options.id, pid=pid)
        elif request["kill"] in self._pids:
            _send_signal(self._pids[request["kill"]], request["signal"])
        return None

    def _fork(self) -> int:
        """Returns 0 in the new process, where signals stay blocked until it has its own handlers."""
        signal.pthread_sigmask(signal.SIG_BLOCK, BLOCKED_SIGNALS)
        pid = os.fork()
        if pid:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, BLOCKED_SIGNALS)
        return pid

    def _spawn(self, options: str) -> int:
        inherited = (self.death_pipe, self.events, self.scoreboard)
        program = [sys.executable, "-m", "gearman_cffi.pool.spawn_main", self.target, *map(str, inherited)]
        signal.pthread_sigmask(signal.SIG_BLOCK, BLOCKED_SIGNALS)  # inherited, so that no signal gets lost
        process = subprocess.Popen([*program, self.directory, options], pass_fds=inherited)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, BLOCKED_SIGNALS)
        process.returncode = 0  # _reap() waits for it, not subprocess
        return process.pid

    def _reap(self) -> None:
        """Reports the processes that have ended."""
        for id, pid in list(self._pids.items()):
            # Peek before waiting: until then no other process can get this pid, nor a group this id.
            ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ended is None:
                continue
            if ended.si_code != os.CLD_EXITED:
                with suppress(OSError):
                    os.killpg(pid, signal.SIGKILL)  # the processes that its job had started
            status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            del self._pids[id]
            self._send("ended", id=id, status=status)

    def _restart_without_import(self) -> None:
        arguments = [*self.arguments[:5], Preload.NEVER.value, self.directory]
        for descriptor in (self.control.fileno(), self.death_pipe, self.events, self.scoreboard):
            os.set_inheritable(descriptor, True)
        os.execv(sys.executable, [sys.executable, "-m", "gearman_cffi.pool.forkserver", *arguments])

    def _send(self, event: str, **details: object) -> None:
        with suppress(OSError):  # the parent has ended, as serve() will see
            self.control.sendall(ipc.encode({"event": event, **details}))


def _has_threads() -> bool:
    """Whether the process has other threads. threading does not know the threads of C libraries."""
    try:
        return len(os.listdir("/proc/self/task")) > 1
    except OSError:
        return threading.active_count() > 1


def _send_signal(pid: int, number: int) -> None:
    """Signals a process that was not waited for yet; SIGKILL also ends its process group."""
    with suppress(OSError):
        os.kill(pid, number)
    if number == signal.SIGKILL:
        with suppress(OSError):
            os.killpg(pid, number)


def main(arguments: Sequence[str]) -> int:
    """Runs the process. Returns its exit code."""
    for number in BLOCKED_SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # the parent decides when to end
    lead_own_group()
    identity = MetricsIdentity()
    server = ForkServer(arguments)
    die_with_parent(server.death_pipe, may_use_thread=False)
    add_to_path(server.directory)
    if not server.load():
        return 1
    options = server.serve()
    if options is None or server.application is None:
        return 0
    descriptors = server.death_pipe, server.events, server.scoreboard
    return WorkerProcess(options, *descriptors, identity).run(server.application)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
