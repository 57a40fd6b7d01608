"""How a worker is told to stop: from other threads, from its own listeners, and by signals."""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn


class StopRequest:
    """A flag that can be raised from any thread and from a signal handler, and waited for.

    threading.Event cannot: a signal handler that sets it while the same thread is about to wait for it
    deadlocks. SimpleQueue.put() is made for that, and a get() in the main thread lets signal handlers run.
    """

    def __init__(self) -> None:
        self.requested = False
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()

    def request(self) -> None:
        """Raises the flag, and ends the wait() that is going on."""
        self.requested = True
        self._wake.put(None)

    def wait(self, seconds: float) -> None:
        """Returns when the time is over or the flag is raised."""
        if not self.requested:
            with suppress(queue.Empty):
                self._wake.get(timeout=seconds)

    def clear(self) -> None:
        """Lowers the flag."""
        self.requested = False
        self._wake = queue.SimpleQueue()


@contextmanager
def stopped_by_signals(numbers: Sequence[int], stop: Callable[[], None]) -> Iterator[None]:
    """While the block runs, the first of these signals calls stop(), and the second raises.

    The second SIGINT raises KeyboardInterrupt, another second signal SystemExit with the code that a shell
    would show, wherever the main thread is: a job that is being done is left unanswered. Does nothing outside the
    main thread, where Python takes no signals, and leaves alone what was ignored (nohup) or set by C code.
    """
    seen = False

    def on_signal(number: int, frame: FrameType | None) -> None:
        nonlocal seen
        if seen:
            _end_now(number)
        seen = True
        stop()

    earlier: dict[int, Any] = {}
    try:
        if threading.current_thread() is threading.main_thread():
            for number in numbers:
                handler = signal.getsignal(number)
                if handler not in (signal.SIG_IGN, None):
                    earlier[number] = handler
                    signal.signal(number, on_signal)
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


def _end_now(number: int) -> NoReturn:
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + number)
