"""MaxRuntime: stops a worker after some time, so that a supervisor starts a new one."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from gearman_cffi.durations import to_span
from gearman_cffi.events import EventName, WorkerEvent
from gearman_cffi.subscribers.levels import NOTICE, register_notice_level

_FORMAT = "%d.%m.%Y %H:%M:%S"


class MaxRuntime:
    """Stops the worker when this object is older than max_runtime. A forked process counts from its start.

    The time is checked after each job and when the worker is idle (every idle_interval of the worker), never during a
    job.

    Args:
        max_runtime: A timedelta, seconds, or words as in dmank: '+2 hours', '90 minutes', '1 day 12 hours'.
        logger: Logs the limit, and that it was reached.

    Raises:
        ValueError: The limit is invalid.
        TypeError: The limit has a wrong type.

    Example:
            dispatcher.add_subscriber(MaxRuntime("+2 hours"))
            dispatcher.add_subscriber(MaxRuntime(timedelta(minutes=90), logging.getLogger("worker")))
    """

    def __init__(
        self,
        max_runtime: str | float | timedelta = "+2 hours",
        logger: logging.Logger | logging.LoggerAdapter[Any] | None = None,
    ) -> None:
        register_notice_level()
        self._words = str(max_runtime)
        self._seconds = to_span(max_runtime).total_seconds()
        self._logger = logger
        self._start()

    def get_subscribed_events(self) -> Mapping[str, str]:
        """Names the listeners.

        Returns:
            One logs the limit, two check the time.

        Example:
                class AfterJobsOnly(MaxRuntime):  # an idle worker goes on
                    def get_subscribed_events(self):
                        return {EventName.AFTER_RUN: "on_after_run"}
        """
        return {
            EventName.BEFORE_RUN: "on_before_run",
            EventName.AFTER_RUN: "on_after_run",
            EventName.NO_JOBS: "on_no_jobs",
        }

    def on_before_run(self, event: WorkerEvent) -> None:
        """Logs the limit.

        Args:
            event: The event.

        Example:
                class Shift(MaxRuntime):
                    def on_before_run(self, event):
                        super().on_before_run(event)
                        logger.info("the shift of %s begins", os.getpid())
        """
        if os.getpid() != self._pid:
            self._start()
        self._log("If the max runtime of %s is exceeded, i will stop the worker.", self._words)

    def on_after_run(self, event: WorkerEvent) -> None:
        """Stops the worker if max_runtime has passed.

        Args:
            event: The event.

        Example:
                class Shift(MaxRuntime):
                    def on_after_run(self, event):
                        if datetime.now().hour not in range(8, 18):  # never stops in office hours
                            super().on_after_run(event)
        """
        self._check_time(event)

    def on_no_jobs(self, event: WorkerEvent) -> None:
        """Stops the worker if max_runtime has passed.

        Args:
            event: The event.

        Example:
                class Shift(MaxRuntime):
                    def on_no_jobs(self, event):
                        event.worker.destroy_worker()  # when there is nothing to do, it stops early
        """
        self._check_time(event)

    def _start(self) -> None:
        self._pid = os.getpid()
        self._started_at = datetime.now()
        self._started = time.monotonic()  # independent of changes of the clock

    def _check_time(self, event: WorkerEvent) -> None:
        if time.monotonic() - self._started <= self._seconds:
            return
        self._log(
            "Max Runtime exceeded. Started at %s, checked last at %s. Maxruntime is %s",
            self._started_at.strftime(_FORMAT),
            datetime.now().strftime(_FORMAT),
            self._words,
        )
        event.worker.destroy_worker()

    def _log(self, message: str, *what: str) -> None:
        if self._logger is not None:
            self._logger.log(NOTICE, message, *what)
