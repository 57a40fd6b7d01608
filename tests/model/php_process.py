"""The PHP process that runs programs beside the mirror."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from tests.model.mirror_steps import Answer, Step

_ORACLE = str(Path(__file__).with_name("php_oracle.php"))
_SECONDS = 45  # far more than the timeouts of the programs


class PhpEndedError(Exception):
    """PHP has crashed in a step, or did not return from it."""


class Php:
    """A PHP process. It runs one program after another, each in a child process."""

    def __init__(self) -> None:
        php = shutil.which("php")
        assert php is not None
        self._process = subprocess.Popen(
            [php, "-d", "memory_limit=-1", _ORACLE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._child = 0

    def begin(self) -> None:
        """Begins a program."""
        self.send({"begin": True})
        self._child = self.receive()["begun"]

    def send(self, step: Step) -> None:
        """Sends a step. receive() must follow."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(step) + "\n")
        self._process.stdin.flush()

    def receive(self) -> Answer:
        """Returns what PHP answers. Raises PhpEndedError if it has crashed or hangs; the program is over then."""
        assert self._process.stdout is not None
        hangs = not select.select([self._process.stdout], [], [], _SECONDS)[0]
        if hangs:
            os.kill(self._child, signal.SIGKILL)
        answer: Answer = json.loads(self._process.stdout.readline())
        if "ended" in answer:
            self._child = 0
            raise PhpEndedError("PHP hangs" if hangs else f"PHP ended with {answer['ended']}")
        return answer

    def end(self) -> None:
        """Ends the program, if it has not ended."""
        if self._child:
            self.send({"end": True})
            with suppress(PhpEndedError):
                self.receive()

    def close(self) -> None:
        """Ends the process."""
        self._process.communicate(timeout=20)
