"""How a worker is told to stop: from other threads, from its own listeners, and by signals.

A worker's signal handlers mean its own process. What its jobs fork (multiprocessing does) inherits them, and has no
use for them: the worker is not its own. Python also forgets, in a new process, the signals that came before it could
run a handler of Python's. Both would take from multiprocessing, which ends its processes by SIGTERM and waits
for that, what it waits for. So in a forked process the worker's handlers are not there, from its beginning on.
"""

from __future__ import annotations

import os
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


class OwnHandler:
    """A signal handler for this process alone; in one that is forked, without is in its place."""

    __slots__ = ("_handler", "without")

    def __init__(self, handler: Callable[[int, FrameType | None], object], without: Any) -> None:
        """without: another handler, or signal.SIG_DFL."""
        self._handler = handler
        self.without: Any = without.without if isinstance(without, OwnHandler) else without

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Python calls it."""
        self._handler(number, frame)


class _Fork(threading.local):
    """The fork that this thread makes. Python calls these methods, whoever forks."""

    def __init__(self) -> None:
        self._mask: set[int] | None = None

    def begins(self) -> None:
        """Blocks what will end the new process as soon as the handlers are gone from it."""
        ends = [number for number, handler in _own_handlers() if handler.without == signal.SIG_DFL]
        self._mask = set(signal.pthread_sigmask(signal.SIG_BLOCK, ends)) if ends else None

    def is_over(self) -> None:
        """For both processes."""
        mask, self._mask = self._mask, None
        if mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    def has_made_this_process(self) -> None:
        """Takes the handlers away."""
        for number, handler in _own_handlers():
            signal.signal(number, handler.without)
        self.is_over()


def _own_handlers() -> list[tuple[int, OwnHandler]]:
    handlers = [(number, signal.getsignal(number)) for number in range(1, signal.NSIG)]
    return [(number, handler) for number, handler in handlers if isinstance(handler, OwnHandler)]


_fork = _Fork()
os.register_at_fork(before=_fork.begins, after_in_parent=_fork.is_over, after_in_child=_fork.has_made_this_process)


@contextmanager
def stopped_by_signals(numbers: Sequence[int], stop: Callable[[], None]) -> Iterator[None]:
    """While the block runs, the first of these signals calls stop(), and the second raises.

    The second SIGINT raises KeyboardInterrupt, another second signal SystemExit with the code that a shell
    would show, wherever the main thread is: a job that is being done is left unanswered. Does nothing outside the
    main thread, where Python takes no signals, and leaves alone what was ignored (nohup) or set by C code. In processes
    that are forked meanwhile the earlier handlers are in place.
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
                    signal.signal(number, OwnHandler(on_signal, without=handler))
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


def _end_now(number: int) -> NoReturn:
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + number)
