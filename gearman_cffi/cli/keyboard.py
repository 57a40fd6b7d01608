"""The keys that are pressed on the terminal, one at a time and without an echo."""

from __future__ import annotations

import os
import re
import select
import sys
import termios
import time
import tty
from types import TracebackType
from typing import Any

SUSPEND = "suspend"  # Ctrl-Z
CLOSED = "closed"  # the terminal is gone
_NAMES = {
    "\x1b": "escape",
    "\x1a": SUSPEND,
    "\r": "enter",
    "\n": "enter",
    "\x7f": "backspace",
    "\b": "backspace",
    "\x1b[A": "up",
    "\x1bOA": "up",
    "\x1b[B": "down",
    "\x1bOB": "down",
    "\x1b[5~": "page up",
    "\x1b[6~": "page down",
}
_KEY = re.compile(r"\x1b(?:\[[0-9;]*[A-Za-z~]|O[A-Za-z])|.", re.DOTALL)


class Keyboard:
    """A context manager, within which stdin gives keys. Ctrl-C is a signal. Without a terminal there are no keys."""

    def __init__(self) -> None:
        self._descriptor = sys.stdin.fileno() if sys.stdin is not None and sys.stdin.isatty() else None
        self._saved: list[Any] = []

    def __enter__(self) -> Keyboard:
        if self._descriptor is not None:
            self._saved = termios.tcgetattr(self._descriptor)
            tty.setcbreak(self._descriptor)
            settings = termios.tcgetattr(self._descriptor)
            settings[6][termios.VSUSP] = b"\0"  # Ctrl-Z is a key, so that the caller can restore the screen first
            termios.tcsetattr(self._descriptor, termios.TCSANOW, settings)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._descriptor is not None:
            termios.tcsetattr(self._descriptor, termios.TCSAFLUSH, self._saved)

    def read(self, seconds: float) -> list[str]:
        """Waits for keys, at most this long. Returns characters, or names such as "enter" and "up"."""
        if self._descriptor is None:
            time.sleep(seconds)
            return []
        if not select.select([self._descriptor], [], [], seconds)[0]:
            return []
        try:
            data = os.read(self._descriptor, 1024)
        except OSError:
            data = b""
        if not data:
            return [CLOSED]
        return [_NAMES.get(key, key) for key in _KEY.findall(data.decode("utf-8", "replace"))]
