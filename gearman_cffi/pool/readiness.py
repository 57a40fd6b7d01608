"""Tells the outside when the pool serves: by a file, and to systemd."""

from __future__ import annotations

import logging
import os
import socket
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

NOTIFY_SOCKET = "NOTIFY_SOCKET"
_log = logging.getLogger("gearman_cffi.pool")


class Readiness:
    """A context manager: at its end the file is gone. The file holds the pool's pid."""

    def __init__(self, ready_file: Path | None) -> None:
        self._file = ready_file
        self._address = os.environ.pop(NOTIFY_SOCKET, "")  # the children are not the service
        self.was_ready = False

    def __enter__(self) -> Readiness:
        self._remove()  # that of one that was killed
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._remove()

    def ready(self, again: bool = False) -> None:
        """All functions are registered. Said once, and again after a reload."""
        if self.was_ready and not again:
            return
        if not self.was_ready:
            _log.info("ready")
        self.was_ready = True
        if self._file is not None:
            begun = self._file.with_name(self._file.name + f".{os.getpid()}")
            begun.write_text(f"{os.getpid()}\n")
            begun.replace(self._file)
        self._notify("READY=1", f"MAINPID={os.getpid()}")

    def reloading(self) -> None:
        """New code is imported; the old one serves meanwhile."""
        self._notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """No new jobs are taken any more."""
        self._remove()
        self._notify("STOPPING=1")

    def _remove(self) -> None:
        if self._file is not None:
            with suppress(FileNotFoundError):
                self._file.unlink()

    def _notify(self, *lines: str) -> None:
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifier:
            try:
                notifier.sendto("\n".join(lines).encode(), address)
            except OSError as error:
                _log.warning("systemd cannot be told %s: %s", lines[0], error)
