"""Gearmand: the system's gearmand on a free port, for one test or one session."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from gearman_cffi.testing._helpers import ask, find_gearmand, free_port, stands_still
from gearman_cffi.testing.errors import GearmandError

PORT_ATTEMPTS = 8
POLL_SECONDS = 0.003
_SUPERVISOR = str(Path(__file__).with_name("_supervisor.py"))


class _PortTakenError(Exception):
    """Somebody else got the port between our look and gearmand's bind."""


class Gearmand:
    """A gearmand of one's own on 127.0.0.1, ended with the block, with stop(), or when this process dies.

    arguments go to gearmand as they are (`["--exceptions"]`, or a persistent queue's options). port None
    takes a free one, which stays the same over restart(). threads is gearmand's number of I/O threads,
    verbose its log level, start_timeout and grace are seconds: how long it may take to answer, and to end by
    SIGTERM before it is killed. Raises GearmandNotFound where there is no gearmand, GearmandError where it
    does not start; that text ends with what gearmand wrote. It may be used from any thread.
    """

    def __init__(
        self,
        arguments: Sequence[str] = (),
        *,
        host: str = "127.0.0.1",
        port: int | None = None,
        threads: int | None = None,
        verbose: str = "WARNING",
        start_timeout: float = 15.0,
        grace: float = 5.0,
    ) -> None:
        self.host = host
        self._arguments = list(arguments)
        self._port = port
        self._threads = threads
        self._verbose = verbose
        self._start_timeout = start_timeout
        self._grace = grace
        self._lock = threading.RLock()
        self._process: subprocess.Popen[bytes] | None = None
        self._pid = 0
        self._owner = os.getpid()
        # An unlinked file: it vanishes with its last reader, however this process ends.
        with tempfile.TemporaryFile() as log:
            self._log = os.dup(log.fileno())
        weakref.finalize(self, os.close, self._log)

    def __repr__(self) -> str:
        return f"<Gearmand {self.address if self._port else self.host} {'running' if self.running else 'stopped'}>"

    def __enter__(self) -> Gearmand:
        return self if self.running else self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def port(self) -> int:
        """The port it listens on; known from the first start() on."""
        if self._port is None:
            raise GearmandError("this gearmand has no port yet: call start() first")
        return self._port

    @property
    def address(self) -> str:
        """ "127.0.0.1:port", or "[::1]:port" for an IPv6 host: what Server.from_string() reads."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def pid(self) -> int:
        """The process id of gearmand itself."""
        self._running_process()
        return self._pid

    @property
    def running(self) -> bool:
        """Whether the process is there (it may be paused)."""
        return self._owner == os.getpid() and self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        """What gearmand has written so far, over all its starts."""
        return os.pread(self._log, os.fstat(self._log).st_size, 0).decode("utf-8", "replace")

    def start(self) -> Gearmand:
        """Starts gearmand and returns when it answers."""
        with self._lock:
            if self.running:
                raise GearmandError(f"the gearmand on {self.address} runs already")
            self._let_go()
            program = find_gearmand()
            if self._port is not None:
                self._start_on(program, self._port)
                return self
            for _ in range(PORT_ATTEMPTS):
                port = free_port(self.host)
                try:
                    self._start_on(program, port)
                except _PortTakenError:
                    continue
                self._port = port
                return self
            raise GearmandError(f"found no free port on {self.host} in {PORT_ATTEMPTS} attempts")

    def stop(self) -> None:
        """Ends gearmand: SIGTERM, SIGKILL after the grace time. Does nothing in a forked child or if it is stopped."""
        with self._lock:
            self._let_go()

    def kill(self) -> None:
        """Ends gearmand by SIGKILL, as a crash would: no goodbye, nothing written."""
        with self._lock:
            self._running_process()
            self._let_go(now=True)

    def restart(self) -> None:
        """Ends gearmand and starts it again on the same port."""
        with self._lock:
            self.stop()
            self.start()

    def pause(self) -> None:
        """Freezes gearmand (SIGSTOP): connections stay, connecting even works, nothing is answered.

        Returns when all of its threads stand still; without /proc, when the signal was sent.
        """
        self._running_process()
        self._signal(signal.SIGSTOP)
        deadline = time.monotonic() + self._grace
        while not stands_still(self._pid):
            if time.monotonic() > deadline:
                raise GearmandError(f"gearmand on {self.host} port {self.port} does not stop")
            time.sleep(POLL_SECONDS)

    def resume(self) -> None:
        """Lets a paused gearmand go on (SIGCONT)."""
        self._running_process()
        self._signal(signal.SIGCONT)

    def ask(self, command: str, timeout: float = 5.0) -> str:
        """The answer to a command of the text protocol: "status", "workers", "version", "show jobs" ..."""
        listing = command.split()[0] in ("status", "workers", "show", "prioritystatus")
        return ask(self.host, self.port, command, timeout, end=b".\n" if listing else b"\n")

    def _running_process(self) -> subprocess.Popen[bytes]:
        if self._process is None or not self.running:
            raise GearmandError("this gearmand is not running: call start() first")
        return self._process

    def _command(self, program: str, port: int) -> list[str]:
        command = [program, f"--listen={self.host}", f"--port={port}"]
        command += ["--log-file=stderr", f"--verbose={self._verbose}"]
        if self._threads is not None:
            command.append(f"--threads={self._threads}")
        if not any(argument.startswith("--job-handle-prefix") for argument in self._arguments):
            command.append("--job-handle-prefix=H:test")  # the default is the host's name, of any length
        return command + self._arguments

    def _start_on(self, program: str, port: int) -> None:
        supervisor = [
            sys.executable or "python3",
            "-I",
            "-S",
            _SUPERVISOR,
            str(os.getpid()),
            str(self._grace),
        ]
        process = subprocess.Popen(
            supervisor + self._command(program, port),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            start_new_session=True,  # a Ctrl-C at the terminal is for the test process only
        )
        self._process, self._owner, self._pid = process, os.getpid(), 0
        try:
            assert process.stdout is not None
            self._pid = int(process.stdout.readline() or 0)
            self._await_answer(process, port)
        except BaseException:
            self._let_go(now=True)
            raise

    def _await_answer(self, process: subprocess.Popen[bytes], port: int) -> None:
        """Until the gearmand on the port says that it has the process id of the one we started."""
        deadline = time.monotonic() + self._start_timeout
        while True:
            if process.poll() is not None:
                raise self._failed(port, f"ended with exit code {process.returncode}")
            left = deadline - time.monotonic()
            if left <= 0:
                raise self._failed(port, f"does not answer within {self._start_timeout} s")
            try:
                answer = ask(self.host, port, "getpid", left)
            except OSError:
                time.sleep(POLL_SECONDS)
                continue
            if answer.split() != ["OK", str(self._pid)]:
                if self._port is None:
                    raise _PortTakenError
                raise self._failed(port, "cannot have this port: another program answers there")
            return

    def _failed(self, port: int, what: str) -> GearmandError:
        return GearmandError(f"gearmand on {self.host} port {port} {what}. It wrote:\n{self.log[-4000:] or '-'}")

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(self._pid, number)

    def _let_go(self, now: bool = False) -> None:
        """Closes the pipe to the supervisor, which ends gearmand, and waits for it; now: by SIGKILL."""
        process, self._process = self._process, None
        if process is None:
            return
        mine = self._owner == os.getpid()
        if mine and now and self._pid and process.poll() is None:
            self._signal(signal.SIGKILL)
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
        if not mine:
            process.returncode = 0  # a forked child's copy: not its process, nothing to wait for
            return
        try:
            process.wait(self._grace + 5)
        except subprocess.TimeoutExpired:  # the supervisor itself is stuck or stopped
            if self._pid:
                self._signal(signal.SIGKILL)
            process.kill()
            process.wait()
