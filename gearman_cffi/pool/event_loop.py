"""What the pool's loop waits for: signals, messages, and changed files."""

from __future__ import annotations

import logging
import os
import select
import signal
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

_TAKEN = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


class Signals:
    """While the block runs, signals arrive here, in order and each of them.

    What is ignored (SIGINT in a shell's background, SIGHUP under nohup) stays ignored. The SIGHUP of a terminal that is
    closed counts as SIGTERM. A change below directories, which needs watchfiles, counts as SIGHUP.
    """

    def __init__(self, directories: Sequence[Path] = ()) -> None:
        self._directories = directories
        self._earlier: dict[int, Any] = {}
        self._had_terminal = _is_terminal()

    def __enter__(self) -> Signals:
        self._wake, self._wake_end = os.pipe()
        for end in (self._wake, self._wake_end):
            os.set_blocking(end, False)
        self._earlier_wake = signal.set_wakeup_fd(self._wake_end, warn_on_full_buffer=False)
        for number in _TAKEN:
            if number == signal.SIGCHLD or signal.getsignal(number) is not signal.SIG_IGN:
                self._earlier[number] = signal.signal(number, lambda *_: None)
        self._ended = threading.Event()
        if self._directories:
            threading.Thread(target=self._watch, name="gearman-cffi reload", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        signal.set_wakeup_fd(self._earlier_wake)
        for number, handler in self._earlier.items():
            signal.signal(number, handler)

    def wait(self, streams: Sequence[int], seconds: float | None) -> None:
        """Returns when a signal has arrived, a stream can be read, or the time is over."""
        poll = select.poll()
        for stream in (self._wake, *streams):
            poll.register(stream, select.POLLIN)
        poll.poll(None if seconds is None else seconds * 1000 + 1)

    def arrived(self) -> list[int]:
        """The signals since the last call."""
        numbers: list[int] = []
        with suppress(BlockingIOError):
            while piece := os.read(self._wake, 512):
                numbers += piece
        return [self._meant(number) for number in numbers]

    def _meant(self, number: int) -> int:
        closed = number == signal.SIGHUP and self._had_terminal and not _is_terminal()
        return signal.SIGTERM if closed else number

    def _watch(self) -> None:
        import watchfiles

        logging.getLogger("watchfiles").setLevel(logging.WARNING)  # what it tells at info is told here in our words
        changes = watchfiles.watch(
            *self._directories, watch_filter=watchfiles.PythonFilter(), stop_event=self._ended, debounce=200
        )
        for _ in changes:
            os.write(self._wake_end, bytes([signal.SIGHUP]))


def _is_terminal() -> bool:
    try:
        return os.isatty(0)
    except OSError:
        return False
