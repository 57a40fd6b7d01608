"""Runs the scenarios: a group is a PHP script and its Python counterpart, run side by side."""

from __future__ import annotations

import functools
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
# The version of the extension that the mirror stands for.
TARGET = "2.2.1"
# What that version prints, for groups in which Debian's 2.1.0 prints something else; see record.py.
RECORDED = HERE / "recorded"
GROUPS = sorted(path.stem for path in (HERE / "php").glob("[0-9]*.php"))
# More at once would make timeouts of the scripts expire.
_AT_ONCE = 4
_PORTS_FOR_EACH = 16
_SECONDS = 50


@functools.cache
def installed_version() -> str:
    """The version of the extension that php has."""
    command = [_php(), "-r", "echo phpversion('gearman');"]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout


def recording(name: str) -> str | None:
    """What to compare with in place of the installed extension's output; None if that is to be compared."""
    file = RECORDED / name
    return file.read_text("utf-8") if installed_version() != TARGET and file.exists() else None


class Outputs(NamedTuple):
    """The outputs of both scripts of a group."""

    php: str
    ours: str


class Runs:
    """The runs of a test session: all are started at once, and outputs() waits for one of them."""

    def __init__(self, groups: list[str]) -> None:
        self._pool = ThreadPoolExecutor(_AT_ONCE)
        self._ports = random.sample(range(10000, 32000), 4000)
        self._runs: dict[str, Future[Outputs]] = {group: self._pool.submit(self._run, group) for group in groups}

    def outputs(self, group: str) -> Outputs:
        return self._runs[group].result()

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _run(self, group: str) -> Outputs:
        recorded = recording(f"{group}.txt")
        with tempfile.TemporaryDirectory(prefix="parity-") as directory:
            started = [self._start(Path(directory, "ours"), sys.executable, str(HERE / "python" / "run.py"), group)]
            if recorded is None:
                script = str(HERE / "php" / f"{group}.php")
                started.append(self._start(Path(directory, "php"), _php(), "-d", "memory_limit=-1", script))
            try:
                ours, *php = (_output(process) for process in started)
                return Outputs(php[0] if recorded is None else recorded, ours)
            finally:
                for process in started:
                    process.kill()
                    process.wait()

    def _start(self, directory: Path, *command: str) -> subprocess.Popen[str]:
        directory.mkdir()
        environment = {name: value for name, value in os.environ.items() if name != "GEARMAN_SERVERS"}
        ports = ",".join(str(self._port()) for _ in range(_PORTS_FOR_EACH))
        environment |= {"PARITY_TMP": str(directory), "PARITY_PORTS": ports, "PYTHONUTF8": "1"}
        return subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="surrogateescape",
        )

    def _port(self) -> int:
        """Returns a free port below those of outgoing connections; never the same twice."""
        while True:
            port = self._ports.pop()
            with socket.socket() as probe:
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    continue
            return port


def _php() -> str:
    php = shutil.which("php")
    if php is None:
        raise RuntimeError("php is not installed; on Debian: apt-get install php-cli php-gearman")
    return php


def _output(process: subprocess.Popen[str]) -> str:
    try:
        output, _ = process.communicate(timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        output, _ = process.communicate()
        return output + f"\nKILLED after {_SECONDS} s"
    return output + (f"\nENDED with {process.returncode}" if process.returncode else "")
