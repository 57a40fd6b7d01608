"""Stops a worker from other threads, from its own listeners, and by signals.

The worker's signal handlers are for its own process. A process that a job forks, as multiprocessing does, must not
inherit them: it would ignore the SIGTERM that multiprocessing sends to end it. A signal that arrives between the fork
and the first Python code in the new process would get lost too. So the forked process has the previous handlers from
its very beginning.
"""

from __future__ import annotations

import os
import queue
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, NoReturn


class StopRequest:
    """A flag that any thread and any signal handler can set, and that a thread can wait for.

    threading.Event deadlocks if a signal handler sets it while the same thread is about to wait for it.
    SimpleQueue.put() is safe there, and get() in the main thread lets signal handlers run.
    """

    def __init__(self) -> None:
        self.requested = False
        self._wakeup: queue.SimpleQueue[None] = queue.SimpleQueue()

    def request(self) -> None:
        """Sets the flag and ends a running wait()."""
        self.requested = True
        self._wakeup.put(None)

    def wait(self, seconds: float) -> None:
        """Returns when the flag is set, at the latest after this time."""
        if not self.requested:
            with suppress(queue.Empty):
                self._wakeup.get(timeout=seconds)

    def clear(self) -> None:
        """Clears the flag."""
        self.requested = False
        self._wakeup = queue.SimpleQueue()


class OwnHandler:
    """A signal handler for this process only; a forked process has the handler `in_child` in its place."""

    __slots__ = ("_handler", "in_child")

    def __init__(self, handler: Callable[[int, FrameType | None], object], in_child: Any) -> None:
        """in_child: another handler, or signal.SIG_DFL."""
        self._handler = handler
        self.in_child: Any = in_child.in_child if isinstance(in_child, OwnHandler) else in_child

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Calls the handler."""
        self._handler(number, frame)


class _ForkHooks(threading.local):
    """Removes OwnHandlers from forked processes. Python calls the methods around each fork of a thread."""

    def __init__(self) -> None:
        self._mask: set[int] | None = None

    def before(self) -> None:
        """Blocks the signals that would end the new process once it is without its OwnHandlers."""
        ends = [number for number, handler in _own_handlers() if handler.in_child == signal.SIG_DFL]
        self._mask = set(signal.pthread_sigmask(signal.SIG_BLOCK, ends)) if ends else None

    def after_in_parent(self) -> None:
        """Unblocks the signals."""
        mask, self._mask = self._mask, None
        if mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    def after_in_child(self) -> None:
        """Removes the handlers, then unblocks the signals."""
        for number, handler in _own_handlers():
            signal.signal(number, handler.in_child)
        self.after_in_parent()


def _own_handlers() -> list[tuple[int, OwnHandler]]:
    handlers = [(number, signal.getsignal(number)) for number in range(1, signal.NSIG)]
    return [(number, handler) for number, handler in handlers if isinstance(handler, OwnHandler)]


_fork_hooks = _ForkHooks()
os.register_at_fork(
    before=_fork_hooks.before,
    after_in_parent=_fork_hooks.after_in_parent,
    after_in_child=_fork_hooks.after_in_child,
)


@contextmanager
def stopped_by_signals(numbers: Sequence[int], stop: Callable[[], None]) -> Iterator[None]:
    """While the block runs, the first of these signals calls stop(), and the second raises an exception.

    The second SIGINT raises KeyboardInterrupt, another second signal SystemExit with the exit code that a shell shows.
    Has no effect outside the main thread, where Python handles no signals. Signals that are ignored (nohup) or that
    C code handles are left alone. Forked processes have the previous handlers.
    """
    is_second = False

    def on_signal(number: int, frame: FrameType | None) -> None:
        nonlocal is_second
        if is_second:
            _exit(number)
        is_second = True
        stop()

    previous: dict[int, Any] = {}
    try:
        if threading.current_thread() is threading.main_thread():
            for number in numbers:
                handler = signal.getsignal(number)
                if handler not in (signal.SIG_IGN, None):
                    previous[number] = handler
                    signal.signal(number, OwnHandler(on_signal, in_child=handler))
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _exit(number: int) -> NoReturn:
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + number)
