"""Runs the commands and programs of a page as processes, and compares their output with the page."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from textwrap import dedent

TIMEOUT_SECONDS = 45
_HANDLE = re.compile(r"\bH:[\w.-]+:(\d+)")
_PRINTED = re.compile(r"^\s*print\(.*\)  # (.+)$", re.MULTILINE)


def compare(shown: str, printed: str) -> None:
    """Assert that the output is the one shown. `...` matches anything; the host in job handles is ignored."""
    shown, printed = (dedent(_HANDLE.sub(r"H:host:\1", text)).strip() for text in (shown, printed))
    pattern = ".*?".join(re.escape(part) for part in re.split(r"\.\.\.", shown))
    assert re.fullmatch(pattern, printed, re.DOTALL), f"the page shows\n{shown}\nand printed was\n{printed}"


def compare_comments(source: str, printed: str) -> None:
    """Assert that the output contains, in order, what the comments after print() in the source show."""
    lines = iter(printed.splitlines())
    for expected in _PRINTED.findall(source):
        assert any(_is_shown(expected, line) for line in lines), f"not printed: {expected}\n{printed}"


def _is_shown(expected: str, line: str) -> bool:
    try:
        compare(expected, line)
    except AssertionError:
        return False
    return True


def shell(command: str, folder: Path, environment: Mapping[str, str]) -> str:
    """Runs commands, each of which must succeed; returns their output on both streams."""
    done = subprocess.run(
        ["bash", "-ec", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{command!r} ended with {done.returncode}:\n{done.stdout}"
    return done.stdout


class Program:
    """A program that runs in the background until the page ends it."""

    def __init__(self, command: str, folder: Path, environment: Mapping[str, str]) -> None:
        self.command = command
        self.shown = ""  # the output that the page shows
        self.final_output = ""
        self._output = tempfile.TemporaryFile()  # noqa: SIM115  (closed by kill())
        self._process = subprocess.Popen(
            ["bash", "-c", command],  # bash replaces itself by a single command
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    @property
    def output(self) -> str:
        """The output so far."""
        size = os.fstat(self._output.fileno()).st_size
        return os.pread(self._output.fileno(), size, 0).decode("utf-8", "replace")

    @property
    def has_ended(self) -> bool:
        """Whether the program has ended."""
        return self._process.poll() is not None

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Ends the program if it is running, and keeps its output."""
        if not self.has_ended:
            self._process.send_signal(number)
        try:
            self._process.wait(TIMEOUT_SECONDS)
            self.final_output = self.output
        finally:
            self.kill()

    def kill(self) -> None:
        """Kills the program and its children."""
        if self._output.closed:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._output.close()
