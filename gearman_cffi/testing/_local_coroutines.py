"""Runs the coroutines of handlers for LocalGearman, whose calls wait for them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextvars import copy_context
from typing import Any

_Execute = Callable[[], Coroutine[Any, Any, Any]]


class LocalCoroutines:
    """An event loop in a thread, and another one for each job that is run while the first one is waited for.

    The caller's thread may have a running event loop itself: that of a test.
    """

    def __init__(self) -> None:
        self._idle: list[LoopThread] = []

    def run(self, execute: _Execute) -> Any:
        """Runs the coroutine in the caller's context. Returns its result, or raises what it raises."""
        loop = self._idle.pop() if self._idle else LoopThread()
        try:
            return loop.run(execute)
        finally:
            self._idle.append(loop)

    def close(self) -> None:
        """Ends the threads."""
        while self._idle:
            self._idle.pop().close()


class LoopThread:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="local-gearman-event-loop", daemon=True)
        self._thread.start()

    def run(self, execute: _Execute) -> Any:
        """Runs a coroutine, and waits for it. If the wait is interrupted, it is cancelled."""
        outcome: Future[Any] = Future()
        tasks: list[asyncio.Task[None]] = []

        async def run_it() -> None:
            try:
                outcome.set_result(await execute())
            except BaseException as error:
                outcome.set_exception(error)

        def start() -> None:
            tasks.append(self._loop.create_task(run_it()))

        self._loop.call_soon_threadsafe(start, context=copy_context())
        try:
            return outcome.result()
        except BaseException:
            self._loop.call_soon_threadsafe(lambda: [task.cancel() for task in tasks])
            raise

    def close(self) -> None:
        """Ends the thread. What handlers have left running is dropped."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
