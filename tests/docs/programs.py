"""Commands and programs of a page, run as processes of their own, and what they print compared with the page."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

PATIENCE_SECONDS = 20
_HANDLE = re.compile(r"\bH:[\w.-]+:(\d+)")


def commands(source: str) -> Iterator[tuple[str, str]]:
    """The commands of a console block, each with the output that is shown for it."""
    command: list[str] = []
    output: list[str] = []
    for line in source.splitlines():
        if line.startswith("$ "):
            if command:
                yield "\n".join(command), "\n".join(output)
            command, output = [line[2:]], []
        elif not output and command and command[-1].endswith("\\"):
            command.append(line)
        else:
            assert command, f"a console block begins with '$ ', not with {line!r}"
            output.append(line)
    yield "\n".join(command), "\n".join(output)


def compare(shown: str, printed: str) -> None:
    """What was printed is what the page shows; `...` stands for anything, and job handles differ by their host."""
    shown, printed = (_HANDLE.sub(r"H:host:\1", text).strip() for text in (shown, printed))
    pattern = ".*?".join(re.escape(part) for part in re.split(r"\.\.\.", shown))
    assert re.fullmatch(pattern, printed, re.DOTALL), f"the page shows\n{shown}\nand printed was\n{printed}"


def shell(command: str, folder: Path, environment: Mapping[str, str]) -> str:
    """Runs a command to its end; what it printed, on both streams. It must succeed."""
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{command!r} ended with {done.returncode}:\n{done.stdout}"
    return done.stdout


class Program:
    """A program that keeps running until the page ends it, or ends itself."""

    def __init__(self, command: str, shown: str, folder: Path, environment: Mapping[str, str]) -> None:
        self.command = command
        self._shown = shown
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the process)
        self._process = subprocess.Popen(
            ["bash", "-c", command],  # which the command replaces, being the only one
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    @property
    def output(self) -> str:
        """What it has printed so far."""
        size = os.fstat(self._output.fileno()).st_size
        return os.pread(self._output.fileno(), size, 0).decode("utf-8", "replace")

    @property
    def has_ended(self) -> bool:
        """Whether it runs no more."""
        return self._process.poll() is not None

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Ends it, if it still runs, and compares what it has printed."""
        if not self.has_ended:
            self._process.send_signal(number)
        try:
            self._process.wait(PATIENCE_SECONDS)
            if self._shown:
                compare(self._shown, self.output)
        finally:
            self.kill()

    def kill(self) -> None:
        """Leaves nothing of it behind."""
        if self._output.closed:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._output.close()
