"""The measured programs: how the programs of each language are compiled, started and controlled."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

import cffi

import gearman_cffi
from benchmarks.machine import ROOT, file_of


class ProgramError(Exception):
    """A program failed, or did not answer in time."""


@dataclass(frozen=True)
class Program:
    """The command of a program. after: arguments to append to a work's. needs: a tool, or ""."""

    command: tuple[str, ...]
    after: tuple[str, ...] = ()
    needs: str = ""

    def under(self, *command: str) -> Program:
        """The program as an argument of another command."""
        return replace(self, command=(*command, *self.command))

    def line(self, *arguments: object) -> list[str]:
        """The complete command line."""
        return [*self.command, *map(str, arguments), *self.after]


def php(name: str) -> Program:
    """A PHP script."""
    return Program(("php", "-d", "memory_limit=-1", file_of(["php", f"{name}.php"])), needs="php")


def python(name: str, *after: str) -> Program:
    """A Python module, run by this interpreter."""
    return Program((sys.executable, "-m", f"benchmarks.python.{name}"), after)


def plain_python(folder: Path) -> Program:
    """Python in a new virtual environment, as if pip had installed the package there.

    An editable installation, such as that of script/bootstrap, imports pathlib and urllib at each start of Python.
    """
    home = folder / "plain"
    if not home.exists():
        venv.create(home, symlinks=True)
    path = os.pathsep.join([str(ROOT), str(Path(cffi.__file__).parents[1])])
    return Program(("env", f"PYTHONPATH={path}", str(home / "bin" / "python")))


def c(folder: Path, name: str) -> Program:
    """A C program that compile_c() has put into the folder."""
    return Program((str(folder / name),))


def compile_c(folder: Path) -> None:
    """Compiles the C programs against the libgearman that pkg-config finds. Raises ProgramError."""
    flags = _output(["pkg-config", "--cflags", "--libs", "gearmand"]).split()
    for name in ("client", "worker"):
        command = ["cc", "-O2", "-Wall", "-Wextra", "-pthread", file_of(["c", f"{name}.c"]), "-o", str(folder / name)]
        _output([*command, *flags])


def compile_python() -> None:
    """Compiles the Python modules, so that no measured program has to. Raises ProgramError."""
    folders = (Path(gearman_cffi.__file__).parent, ROOT / "benchmarks")
    _output([sys.executable, "-m", "compileall", "-q", *map(str, folders)])


def _output(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise ProgramError(f"{command[0]} is not installed") from error
    if done.returncode:
        raise ProgramError(f"{' '.join(command)} failed: {done.stderr.strip()}")
    return done.stdout


def environment() -> dict[str, str]:
    """The environment of the programs: compiled modules are used, no server is named, hashes are constant."""
    left_out = ("PYTHONDONTWRITEBYTECODE", "GEARMAN_SERVERS", "PYTHONPATH", "PYTHONMALLOC", "PYTHONDEVMODE")
    return {name: text for name, text in os.environ.items() if name not in left_out} | {"PYTHONHASHSEED": "0"}


class Running:
    """A running program. It is killed at the end of the block if it has not ended."""

    def __init__(self, line: Sequence[str], patience: float) -> None:
        self._line = line
        self._patience = patience
        self._read = b""
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the process)
        self.process = subprocess.Popen(
            line,
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            bufsize=0,
        )

    def __enter__(self) -> Running:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        self._errors.close()

    def await_ready(self) -> None:
        """Waits for the end of the warm-up."""
        line = self._next_line()
        if line != "ready":
            raise self._failed(f"printed {line!r} instead of ready")

    def go(self) -> None:
        """Starts the measured part."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"\n")

    def result(self) -> dict[str, float]:
        """Waits for its end; returns its figures."""
        line = self._next_line()
        try:
            figures: dict[str, float] = json.loads(line)
            code = self.process.wait(self._patience)
        except (ValueError, subprocess.TimeoutExpired) as error:
            raise self._failed(f"printed {line!r}, and {error}") from error
        if code:
            raise self._failed(f"ended with exit code {code}")
        return figures

    def _next_line(self) -> str:
        assert self.process.stdout is not None
        deadline = time.monotonic() + self._patience
        while b"\n" not in self._read:
            if not select.select([self.process.stdout], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise self._failed(f"printed nothing for {self._patience} s")
            piece = self.process.stdout.read(65536)
            if not piece:
                raise self._failed("ended too early")
            self._read += piece
        line, _, self._read = self._read.partition(b"\n")
        return line.decode()

    def _failed(self, what: str) -> ProgramError:
        self._errors.seek(0)
        said = self._errors.read().decode("utf-8", "replace").strip()
        return ProgramError(f"{' '.join(map(str, self._line))} {what}. Its error output: {said[-2000:] or '-'}")
