"""Log handlers that drop lines, and count them, if nobody reads stderr."""

from __future__ import annotations

import logging
import queue
import sys
import threading
import time
from abc import ABC, abstractmethod
from contextlib import suppress

from gearman_cffi.pool.stderr import StderrWriter

MAX_WAIT = 2.0  # seconds that a worker process waits for the reader, and the parent at its end
MAX_LINES = 1000  # lines of the parent that wait for the reader


class DroppingHandler(logging.Handler, ABC):
    """Counts the lines that are dropped; the next line that is not dropped follows a line with their number."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self.dropped = 0
        self._encoding = getattr(sys.stderr, "encoding", None) or "utf-8"

    @abstractmethod
    def write(self, line: bytes) -> bool:
        """Writes a line. Returns False if it is to be dropped."""

    def emit(self, record: logging.LogRecord) -> None:
        """Writes or drops the record."""
        try:
            line = self._encode(record)
        except Exception:
            self.handleError(record)
        else:
            if not self.report_dropped() or not self.write(line):
                self.dropped += 1

    def report_dropped(self) -> bool:
        """Writes how many lines were dropped. Returns False if this line would be dropped too."""
        if not self.dropped:
            return True
        text = "log lines that could not be written: %d"
        record = logging.LogRecord("gearman_cffi.pool", logging.WARNING, __file__, 0, text, (self.dropped,), None)
        if not self.write(self._encode(record)):
            return False
        self.dropped = 0
        return True

    def _encode(self, record: logging.LogRecord) -> bytes:
        return f"{self.format(record)}\n".encode(self._encoding, "backslashreplace")


class StderrHandler(DroppingHandler):
    """Writes at once, so that a crash loses nothing. Waits up to MAX_WAIT seconds for the reader, then drops lines.

    For the worker processes: a thread would not exist in the processes that jobs fork.
    """

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__(formatter)
        self._writer = StderrWriter()

    def write(self, line: bytes) -> bool:
        """Writes a line, unless nobody reads."""
        try:
            return self._writer.write(line, MAX_WAIT)
        except OSError:  # the reader has gone, or the disk is full
            return False


class BackgroundHandler(DroppingHandler):
    """Writes in a thread and never waits, for the parent. Drops lines while MAX_LINES lines wait for the reader."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__(formatter)
        self._lines: queue.Queue[bytes | None] = queue.Queue(MAX_LINES)
        self._thread = threading.Thread(target=self._write_lines, name="gearman-cffi log", daemon=True)
        self._thread.start()

    def write(self, line: bytes) -> bool:
        """Gives a line to the thread."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            return False
        return True

    def close(self) -> None:
        """Waits up to MAX_WAIT seconds until all lines are written. logging calls it when the program ends."""
        self.report_dropped()
        deadline = time.monotonic() + MAX_WAIT
        with suppress(queue.Full):
            self._lines.put(None, timeout=MAX_WAIT)
        self._thread.join(max(0.0, deadline - time.monotonic()))
        super().close()

    def _write_lines(self) -> None:
        writer = StderrWriter()
        while (line := self._lines.get()) is not None:
            with suppress(OSError):  # the reader has gone, or the disk is full
                writer.write(line, None)
