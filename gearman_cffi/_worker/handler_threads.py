"""Threads that run plain handlers."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable

_JOIN_SECONDS = 5.0


class HandlerThreads:
    """Starts a thread when all others are busy. Only one thread may use an object of this class.

    The threads are daemons: a process that must end at once does not wait for their jobs.
    """

    def __init__(self) -> None:
        self._tasks: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._busy = 0

    def submit(self, task: Callable[[], None]) -> None:
        """Runs the task in a thread. The task must not raise; release() follows when it is done."""
        self._busy += 1
        if self._busy > len(self._threads):
            name = f"gearman-handler-{len(self._threads) + 1}"
            thread = threading.Thread(target=self._run, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()
        self._tasks.put(task)

    def release(self) -> None:
        """A task is done."""
        self._busy -= 1

    def close(self) -> None:
        """Ends the threads, each when its task is done. Waits for those that have none."""
        for _ in self._threads:
            self._tasks.put(None)
        deadline = time.monotonic() + _JOIN_SECONDS
        while not self._busy and self._threads:
            self._threads.pop().join(max(0.0, deadline - time.monotonic()))

    def _run(self) -> None:
        while True:
            task = self._tasks.get()
            if task is None:
                return
            task()
            del task  # so that it is freed before the next one comes
