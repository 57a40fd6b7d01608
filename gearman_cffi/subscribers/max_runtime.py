"""MaxRuntime: ends a worker in time, for a supervisor to start a fresh one."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from gearman_cffi.durations import to_span
from gearman_cffi.events import EventName, WorkerEvent
from gearman_cffi.subscribers.levels import NOTICE, name_notice

_FORMAT = "%d.%m.%Y %H:%M:%S"


class MaxRuntime:
    """Ends the worker when it has run for longer than max_runtime.

    max_runtime: a timedelta, seconds, or words as dmank takes them: '+2 hours', '90 minutes', '1 day 12 hours'.
    Anything else raises ValueError or TypeError here (dmank ends the worker after its first job). The clock
    starts when this object is made. It is looked at after each job and whenever the worker is idle
    (every idle_interval of the worker), never during a job. Without a logger nothing is said.
    """

    def __init__(
        self,
        max_runtime: str | float | timedelta = "+2 hours",
        logger: logging.Logger | logging.LoggerAdapter[Any] | None = None,
    ) -> None:
        name_notice()
        self._words = str(max_runtime)
        self._seconds = to_span(max_runtime).total_seconds()
        self._logger = logger
        self._started_at = datetime.now()
        self._started = time.monotonic()  # which no change of the clock moves

    def get_subscribed_events(self) -> Mapping[str, str]:
        """before_run for a message, after_run and on_no_jobs to look at the clock."""
        return {
            EventName.BEFORE_RUN: "on_before_run",
            EventName.AFTER_RUN: "on_after_run",
            EventName.NO_JOBS: "on_no_jobs",
        }

    def on_before_run(self, event: WorkerEvent) -> None:
        """Says what the limit is."""
        self._say("If the max runtime of %s is exceeded, i will stop the worker.", self._words)

    def on_after_run(self, event: WorkerEvent) -> None:
        """Looks at the clock."""
        self._end_in_time(event)

    def on_no_jobs(self, event: WorkerEvent) -> None:
        """Looks at the clock."""
        self._end_in_time(event)

    def _end_in_time(self, event: WorkerEvent) -> None:
        if time.monotonic() - self._started <= self._seconds:
            return
        self._say(
            "Max Runtime exceeded. Started at %s, checked last at %s. Maxruntime is %s",
            self._started_at.strftime(_FORMAT),
            datetime.now().strftime(_FORMAT),
            self._words,
        )
        event.worker.destroy_worker()

    def _say(self, message: str, *what: str) -> None:
        if self._logger is not None:
            self._logger.log(NOTICE, message, *what)
