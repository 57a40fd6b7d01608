"""What the pool's parent waits for: signals, messages, and changed files."""

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

_HANDLED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


class EventLoop:
    """A context manager that collects the signals that arrive during its block, in order.

    Signals that were ignored before (SIGINT in a background job of a shell, SIGHUP under nohup) stay ignored. SIGHUP
    from a closed terminal counts as SIGTERM. A changed Python file in one of the directories counts as SIGHUP; that
    needs watchfiles.
    """

    def __init__(self, directories: Sequence[Path] = ()) -> None:
        self._directories = directories
        self._previous_handlers: dict[int, Any] = {}
        self._had_terminal = _is_terminal()

    def __enter__(self) -> EventLoop:
        self._wakeup, self._wakeup_end = os.pipe()
        for end in (self._wakeup, self._wakeup_end):
            os.set_blocking(end, False)
        self._previous_wakeup = signal.set_wakeup_fd(self._wakeup_end, warn_on_full_buffer=False)
        for number in _HANDLED:
            if number == signal.SIGCHLD or signal.getsignal(number) is not signal.SIG_IGN:
                self._previous_handlers[number] = signal.signal(number, lambda *_: None)
        self._ended = threading.Event()
        if self._directories:
            threading.Thread(target=self._watch_files, name="gearman-cffi reload", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        signal.set_wakeup_fd(self._previous_wakeup)
        for number, handler in self._previous_handlers.items():
            signal.signal(number, handler)

    def wait(self, descriptors: Sequence[int], seconds: float | None) -> None:
        """Waits for a signal or a readable descriptor, at most that long; seconds None for no limit."""
        poll = select.poll()
        for descriptor in (self._wakeup, *descriptors):
            poll.register(descriptor, select.POLLIN)
        poll.poll(None if seconds is None else seconds * 1000 + 1)

    def take_signals(self) -> list[int]:
        """The signals that have arrived since the last call."""
        numbers: list[int] = []
        with suppress(BlockingIOError):
            while piece := os.read(self._wakeup, 512):
                numbers += piece
        return [self._translate(number) for number in numbers]

    def _translate(self, number: int) -> int:
        terminal_closed = number == signal.SIGHUP and self._had_terminal and not _is_terminal()
        return signal.SIGTERM if terminal_closed else number

    def _watch_files(self) -> None:
        import watchfiles  # an optional extra

        logging.getLogger("watchfiles").setLevel(logging.WARNING)  # the pool logs the reload itself
        changes = watchfiles.watch(
            *self._directories, watch_filter=watchfiles.PythonFilter(), stop_event=self._ended, debounce=200
        )
        for _ in changes:
            os.write(self._wakeup_end, bytes([signal.SIGHUP]))


def _is_terminal() -> bool:
    try:
        return os.isatty(0)
    except OSError:
        return False
