"""Gearmand: the system's gearmand on a free port, for a test or a session."""

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

from gearman_cffi.testing._helpers import ask, find_gearmand, free_port, is_stopped
from gearman_cffi.testing.errors import GearmandError

PORT_ATTEMPTS = 8
POLL_SECONDS = 0.003
_SUPERVISOR = str(Path(__file__).with_name("_supervisor.py"))


class _PortTakenError(Exception):
    """Another program has taken the port between free_port() and gearmand's bind()."""


class Gearmand:
    """A private gearmand. It ends with the block, with stop(), and when this process ends in any way.

    The object may be used from any thread.

    Args:
        arguments: Passed to gearmand as they are, such as ["--exceptions"] or the options of a persistent queue.
        host: The address that it listens on.
        port: None for a free one, which restart() keeps.
        threads: The number of gearmand's I/O threads.
        verbose: Its log level.
        start_timeout: The seconds within which it must answer.
        grace: The seconds that it has after SIGTERM before it is killed.

    Example:
            with Gearmand(["--job-retries=1"]) as server:
                client = Client(server.address, timeout=10)
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
        # An unlinked file: the system removes it, however this process ends.
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
        """The port it listens on. Raises GearmandError before the first start() if none was given."""
        if self._port is None:
            raise GearmandError("this gearmand has no port yet: call start() first")
        return self._port

    @property
    def address(self) -> str:
        """ "127.0.0.1:port", or "[::1]:port" for an IPv6 host: what Server.from_string() reads."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def pid(self) -> int:
        """gearmand's process id. Raises GearmandError if it is not running."""
        self._running_process()
        return self._pid

    @property
    def running(self) -> bool:
        """Whether gearmand runs. It may be paused."""
        return self._owner == os.getpid() and self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        """The output of gearmand so far, of all its runs."""
        return os.pread(self._log, os.fstat(self._log).st_size, 0).decode("utf-8", "replace")

    def start(self) -> Gearmand:
        """Starts gearmand; returns when it answers.

        Returns:
            This object.

        Raises:
            GearmandNotFound: gearmand is not installed.
            GearmandError: gearmand does not start; the message ends with its output.

        Example:
                server = Gearmand().start()
                client = Client(server.address)
        """
        with self._lock:
            if self.running:
                raise GearmandError(f"the gearmand on {self.address} is running already")
            self._end()
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
        """Ends gearmand by SIGTERM, and by SIGKILL after grace. Does nothing if it is not running, or in a child.

        Example:
                server.stop()
                with pytest.raises(ConnectionError):  # ConnectionLost or ConnectionFailed
                    client.execute_in_background("mail", "anna@example.org")
        """
        with self._lock:
            self._end()

    def kill(self) -> None:
        """Ends gearmand by SIGKILL, as a crash would: it writes nothing and closes no connection in an orderly way.

        Example:
                server.kill()
                server.start()
                assert not client.get_job_status(handle).is_known  # its queue is lost
        """
        with self._lock:
            self._running_process()
            self._end(now=True)

    def restart(self) -> None:
        """Ends gearmand and starts it again on the same port.

        Raises:
            GearmandNotFound: gearmand is not installed.
            GearmandError: gearmand does not start; the message ends with its output.

        Example:
                client.execute_job("reverse", "abc")
                server.restart()
                client.execute_job("reverse", "abc")  # connects again
        """
        with self._lock:
            self.stop()
            self.start()

    def pause(self) -> None:
        """Stops gearmand with SIGSTOP: connections stay open, new ones are accepted, nothing is answered.

        Returns when all of its threads are stopped; without /proc, when the signal was sent.

        Example:
                server.pause()
                with pytest.raises(JobTimeout):
                    client.execute_in_background("mail", "anna@example.org", timeout=0.2)
                server.resume()
        """
        self._running_process()
        self._signal(signal.SIGSTOP)
        deadline = time.monotonic() + self._grace
        while not is_stopped(self._pid):
            if time.monotonic() > deadline:
                raise GearmandError(f"gearmand on {self.host} port {self.port} does not stop")
            time.sleep(POLL_SECONDS)

    def resume(self) -> None:
        """Continues a paused gearmand with SIGCONT.

        Example:
                server.pause()
                server.resume()
                client.execute_in_background("mail", "anna@example.org")
        """
        self._running_process()
        self._signal(signal.SIGCONT)

    def ask(self, command: str, timeout: float = 5.0) -> str:
        """Sends a command of the text protocol.

        Args:
            command: Such as "status", "workers" or "show jobs".
            timeout: In seconds.

        Returns:
            The answer.

        Raises:
            OSError: gearmand does not answer.

        Example:
                assert server.ask("version").startswith("OK ")
        """
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
            command.append("--job-handle-prefix=H:test")  # the default is the host's name, which may be long
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
            start_new_session=True,  # so that Ctrl-C interrupts the test process only
        )
        self._process, self._owner, self._pid = process, os.getpid(), 0
        try:
            assert process.stdout is not None
            self._pid = int(process.stdout.readline() or 0)
            self._await_answer(process, port)
        except BaseException:
            self._end(now=True)
            raise

    def _await_answer(self, process: subprocess.Popen[bytes], port: int) -> None:
        """Waits until a gearmand answers at the port, with the process id of the one that was started."""
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

    def _end(self, now: bool = False) -> None:
        """Closes the pipe to the supervisor, which ends gearmand, and waits for it. now: kills gearmand first."""
        process, self._process = self._process, None
        if process is None:
            return
        is_ours = self._owner == os.getpid()
        if is_ours and now and self._pid and process.poll() is None:
            self._signal(signal.SIGKILL)
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
        if not is_ours:
            process.returncode = 0  # in a forked child: the process is not its child, so it cannot wait for it
            return
        try:
            process.wait(self._grace + 5)
        except subprocess.TimeoutExpired:  # the supervisor itself is stuck or stopped
            if self._pid:
                self._signal(signal.SIGKILL)
            process.kill()
            process.wait()
