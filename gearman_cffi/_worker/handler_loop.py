"""The event loop that runs the coroutines of handlers, in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from gearman_cffi._worker.running_job import RunningJob
from gearman_cffi.ext.worker import PROCESS_EXITS
from gearman_cffi.messages import escape

MAX_BLOCKED_SECONDS = 1.0  # after this time a loop that does not answer is reported
_log = logging.getLogger("gearman_cffi.worker")


class HandlerLoop:
    """An event loop in a thread.

    finish: called in that thread with the job, its result and its error, when a coroutine has ended. on_exit: called
    with SystemExit or KeyboardInterrupt that a task or a callback of a handler has raised.
    """

    def __init__(
        self,
        finish: Callable[[RunningJob, Any, BaseException | None], None],
        on_exit: Callable[[BaseException], None],
    ) -> None:
        self._finish = finish
        self._on_exit = on_exit
        self._is_closing = False
        self._jobs: set[RunningJob] = set()  # used in the worker's own thread
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="gearman-event-loop", daemon=True)
        self._thread.start()
        self._asked_at: float | None = None  # whether the loop still runs its callbacks
        self._has_warned = False

    @property
    def thread_id(self) -> int | None:
        """The identifier of its thread."""
        return self._thread.ident

    def submit(self, job: RunningJob, timeout: float | None) -> None:
        """Runs the job's handler. timeout: seconds after which its coroutine is cancelled, and the job fails."""
        self._jobs.add(job)
        self._loop.call_soon_threadsafe(self._start, job, timeout)

    def release(self, job: RunningJob) -> None:
        """The job is done."""
        self._jobs.discard(job)

    @property
    def is_busy(self) -> bool:
        """Whether it has jobs that are not done."""
        return bool(self._jobs)

    def close(self, seconds: float) -> None:
        """Cancels what still runs, and ends the loop. Waits for both, but no longer than this time."""
        self._is_closing = True
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(seconds)

    # ----------------------------------------------------------------------------------- in its thread

    def _start(self, job: RunningJob, timeout: float | None) -> None:
        job.task = task = job.context.run(self._loop.create_task, self._execute(job))
        task.add_done_callback(partial(self._end, job))
        if timeout is not None:
            timer = self._loop.call_later(timeout, job.cancel, task, timeout)
            task.add_done_callback(lambda _: timer.cancel())

    async def _execute(self, job: RunningJob) -> tuple[Any, BaseException | None]:
        """Returns the result and the error. SystemExit that a task raises would end the loop."""
        try:
            return await job.execute(), None
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            return None, error

    def _end(self, job: RunningJob, task: asyncio.Task[tuple[Any, BaseException | None]]) -> None:
        """Also for a task that was cancelled before its first step."""
        job.task = None
        result, error = (None, job.timeout_error) if task.cancelled() else task.result()
        self._finish(job, result, error)

    def _run(self) -> None:
        while not self._is_closing:
            try:
                self._loop.run_forever()
            except PROCESS_EXITS as error:
                self._on_exit(error)
        try:
            self._loop.run_until_complete(_cancel_other_tasks())
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
        except PROCESS_EXITS as error:
            self._on_exit(error)
        finally:
            self._loop.close()

    # ---------------------------------------------------------------------- from the worker's own thread

    def check(self) -> None:
        """Logs which handler blocks the loop. To be called at least every MAX_BLOCKED_SECONDS while it is busy."""
        if not self._jobs:
            return
        now = time.monotonic()
        if self._asked_at is None:
            self._asked_at, self._has_warned = now, False
            self._loop.call_soon_threadsafe(self._answer)
        elif now - self._asked_at >= MAX_BLOCKED_SECONDS and not self._has_warned:
            self._has_warned = True
            self._warn(now - self._asked_at)

    def _answer(self) -> None:
        self._asked_at = None

    def _warn(self, seconds: float) -> None:
        frame = sys._current_frames().get(self._thread.ident or 0)
        if frame is None:
            return
        place = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno} in {frame.f_code.co_name}"
        job = self._job_of(frame)
        who = str(job) if job is not None else f"a task of one of the jobs {', '.join(sorted(map(str, self._jobs)))}"
        _log.warning(
            "%s blocks the event loop for %.1f s (%s): the other coroutines of this process wait. Use await, "
            "asyncio.to_thread(), or a plain function, which runs in a thread",
            escape(who),
            seconds,
            escape(place),
        )

    def _job_of(self, frame: FrameType | None) -> RunningJob | None:
        """The job whose coroutine runs in this stack; None for other tasks and callbacks."""
        while frame is not None:
            if frame.f_code is HandlerLoop._execute.__code__:
                job: RunningJob = frame.f_locals["job"]
                return job
            frame = frame.f_back
        return None


async def _cancel_other_tasks() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
