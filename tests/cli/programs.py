"""Runs the command, without a terminal or on a terminal of a given width."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from contextlib import suppress
from dataclasses import dataclass

from gearman_cffi.testing import Gearmand
from tests.support import INSTALLED

_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


def run(server: Gearmand | str, *arguments: str, stdin: str = "", **environment: str) -> Ended:
    """Runs the command without a terminal."""
    done = subprocess.run(
        [sys.executable, "-m", "gearman_cffi", *arguments],
        input=stdin.encode(),
        capture_output=True,
        timeout=30,
        check=False,
        env=environment_of(server, **environment),
    )
    return Ended(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))


def run_binary(server: Gearmand | str, *arguments: str) -> bytes:
    """Runs the command, which must succeed; returns its stdout."""
    done = subprocess.run(
        [sys.executable, "-m", "gearman_cffi", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        timeout=30,
        check=True,
        env=environment_of(server),
    )
    return done.stdout


class Terminal:
    """The command on a terminal of width columns. text is its output so far, without escape sequences."""

    def __init__(self, server: Gearmand | str, width: int, *arguments: str) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gearman_cffi", *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            env=environment_of(server, TERM="xterm-256color", COLUMNS=""),
        )
        os.close(theirs)
        self._shown = b""

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._ours)

    @property
    def text(self) -> str:
        return _ESCAPE.sub("", self._shown.decode("utf-8", "replace").replace("\x1b[H", "\n"))

    @property
    def raw(self) -> bytes:
        """The output so far, as the terminal gets it."""
        return self._shown

    def await_end(self) -> None:
        """Reads the output until the command has ended without an error."""
        with suppress(OSError):  # reading from a terminal that nobody has open any more fails
            while piece := os.read(self._ours, 65536):
                self._shown += piece
        assert self.process.wait(20) == 0, self.text

    def await_text(self, text: str, seconds: float = 20) -> None:
        """Reads the output until it contains text."""
        deadline = time.monotonic() + seconds
        while text not in self.text:
            left = deadline - time.monotonic()
            assert left > 0, f"{text!r} is not shown:\n{self.text}"
            if select.select([self._ours], [], [], left)[0]:
                piece = b""
                with suppress(OSError):  # reading from a terminal that nobody has open any more fails
                    piece = os.read(self._ours, 65536)
                assert piece or text in self.text, f"it has ended without {text!r}:\n{self.text}"
                self._shown += piece

    def text_at_end(self, seconds: float = 20) -> str:
        """Waits for the end of the command; returns its whole output, with escape sequences."""
        deadline = time.monotonic() + seconds
        with suppress(OSError):  # reading from a terminal that nobody has open any more fails
            while select.select([self._ours], [], [], max(0, deadline - time.monotonic()))[0]:
                piece = os.read(self._ours, 65536)
                if not piece:
                    break
                self._shown += piece
        self.process.wait(max(0, deadline - time.monotonic()))
        return self._shown.decode("utf-8", "replace")

    def type(self, keys: str) -> None:
        """Presses keys."""
        os.write(self._ours, keys.encode())

    def interrupt(self) -> int:
        """Presses Ctrl-C; returns the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(20)


def environment_of(server: Gearmand | str, **more: str) -> dict[str, str]:
    """The environment of a command that uses this server. A variable with an empty value is removed."""
    address = server if isinstance(server, str) else server.address
    known = {**os.environ, "PYTHONPATH": str(INSTALLED), "GEARMAN_SERVERS": address, **more}
    known.pop("NO_COLOR", None)
    return {name: value for name, value in known.items() if value}
