"""Watching a job while it runs, in an event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from gearman_cffi.aio.lanes import Lanes
from gearman_cffi.aio.submission import Submission
from gearman_cffi.exceptions import GearmanError
from gearman_cffi.ext import ReturnCode
from gearman_cffi.job_update import JobUpdate

Start = Callable[[Submission], Awaitable[Lanes]]


class AsyncJobWatch:
    """An asynchronous iterator over the updates of one job; await result() for its result.

    The first update or result() that is awaited submits the job. result() skips the updates that were not iterated
    over. The job is abandoned by aclose(), and when the last reference to this object is gone.

    Example:
            watch = client.watch_job("resize", name)
            async for update in watch:
                print(update.fraction)
            print(await watch.result())
    """

    def __init__(
        self,
        submission: Submission,
        start: Start,
        outcome: Callable[[Submission], Any],
    ) -> None:
        """start: submits it. outcome: returns the answer, or raises."""
        self._submission = submission
        self._start = start
        self._outcome = outcome
        self._lanes: Lanes | None = None  # from its submission to its end
        self._submitting = asyncio.Lock()
        self._state = _Watched()
        submission.on_update = self._state.add  # no reference to self: the last one outside abandons the job
        submission.on_end = self._state.end

    @property
    def handle(self) -> str:
        """The job's handle; "" until the server has accepted the job."""
        return self._submission.handle

    def __aiter__(self) -> AsyncJobWatch:
        return self

    async def __anext__(self) -> JobUpdate:
        """Waits for the next update. Stops when the job has ended; result() raises if it failed.

        Stops at the timeout too, and drops the updates that have come and were not iterated over.
        """
        await self._submit()
        state = self._state
        while not state.updates and not state.is_done:
            await state.wait()
        if self._submission.rc == ReturnCode.TIMEOUT or not state.updates:
            raise StopAsyncIteration
        return state.updates.popleft()

    async def result(self) -> Any:
        """Waits until the job has ended.

        Returns:
            The result, unserialized.

        Raises:
            GearmanError: What execute_job() raises.

        Example:
                watch = client.watch_job("resize", name)
                try:
                    print(await watch.result())
                except JobError as error:
                    print("the worker has failed", watch.handle, error)
        """
        await self._submit()
        while not self._state.is_done:
            await self._state.wait()
        if self._state.error is not None:
            raise self._state.error
        return self._outcome(self._submission)

    async def aclose(self) -> None:
        """Abandons the job if it has not ended. Then result() raises a GearmanError, and there are no more updates.

        Example:
                watch = client.watch_job("resize", name)
                async for update in watch:
                    if update.kind is UpdateKind.WARNING:
                        await watch.aclose()
        """
        if self._state.is_done:
            return
        lanes, self._lanes = self._lanes, None
        if lanes is not None:
            lanes.abandon(self._submission)
        text = "the watch of the job was closed before the job ended"
        function = self._submission.function.decode("utf-8", "replace")
        self._state.fail(GearmanError(text, function=function, handle=self.handle or None))

    def _is_submitted(self) -> bool:
        return self._lanes is not None or self._state.is_done

    async def _submit(self) -> None:
        """Submits the job once. If the caller is cancelled meanwhile, another one that waits does it."""
        if self._is_submitted():
            return
        async with self._submitting:
            if not self._is_submitted():
                try:
                    self._lanes = await self._start(self._submission)
                except GearmanError as error:
                    self._state.fail(error)

    def __del__(self) -> None:
        lanes = self._lanes
        if lanes is None or self._state.is_done or lanes.loop.is_closed():
            return
        lanes.loop.call_soon_threadsafe(lanes.abandon, self._submission)


class _Watched:
    """What has come for the job, and who waits for it."""

    def __init__(self) -> None:
        self.updates: deque[JobUpdate] = deque()
        self.is_done = False
        self.error: GearmanError | None = None
        self._changed = asyncio.Event()

    def add(self, update: JobUpdate) -> None:
        self.updates.append(update)
        self._wake_up()

    def end(self, submission: Submission) -> None:
        self.is_done = True
        self._wake_up()

    def fail(self, error: GearmanError) -> None:
        self.is_done = True
        self.error = error
        self.updates.clear()
        self._wake_up()

    async def wait(self) -> None:
        """Waits for the next change."""
        await self._changed.wait()

    def _wake_up(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
