"""MemoryLimit: stops a worker that uses too much memory, so that a supervisor starts a new one."""

from __future__ import annotations

import logging
import re
import resource
import sys
from collections.abc import Mapping
from typing import Any

from gearman_cffi.events import EventName, WorkerEvent
from gearman_cffi.messages import short_repr
from gearman_cffi.subscribers.levels import NOTICE, register_notice_level

UNLIMITED = -1
MARGIN = 1.2  # the limit is "almost exceeded" if this many times the memory would exceed it
_MIB = 1024 * 1024
_LIMIT = re.compile(r"(\d+(?:\.\d+)?)\s*([kmg]?)", re.IGNORECASE)
_UNITS = {"": 1, "k": 1024, "m": _MIB, "g": 1024 * _MIB}


class MemoryLimit:
    """Stops the worker after a job if 1.2 times its resident memory exceeds the limit.

    A limit that the worker exceeds when it starts would stop it after its first job. Such a limit is not applied; a
    warning, by default in the log "gearman_cffi", says so once.

    Args:
        limit: Bytes, or a number with k, m or g, such as '128M'; -1, the default, for no limit.
        logger: Logs the limit, and that it was reached.

    Raises:
        ValueError: The limit is invalid.
        TypeError: The limit has a wrong type.

    Example:
            dispatcher.add_subscriber(MemoryLimit("512M", logging.getLogger("worker")))
    """

    def __init__(
        self,
        limit: str | int = UNLIMITED,
        logger: logging.Logger | logging.LoggerAdapter[Any] | None = None,
    ) -> None:
        register_notice_level()
        self._words = str(limit)
        self._limit = to_bytes(limit)
        self._logger = logger
        self._applies = self._limit is not None
        self._has_warned = False

    def get_subscribed_events(self) -> Mapping[str, str]:
        """Names the listeners.

        Returns:
            One logs the limit, one checks the memory.

        Example:
                class Quiet(MemoryLimit):  # neither logs the limit nor warns at the start
                    def get_subscribed_events(self):
                        return {EventName.AFTER_RUN: "on_after_run"}
        """
        return {EventName.AFTER_RUN: "on_after_run", EventName.BEFORE_RUN: "on_before_run"}

    def on_before_run(self, event: WorkerEvent) -> None:
        """Logs the limit, or warns that the worker exceeds it already.

        Args:
            event: The event.

        Example:
                class AfterLoading(MemoryLimit):
                    def on_before_run(self, event):
                        load_model()  # its memory counts as that of the start
                        super().on_before_run(event)
        """
        if self._limit is None:
            return
        used = resident_bytes()
        self._applies = used * MARGIN <= self._limit
        if self._applies:
            self._log("i will stop the worker when the memory limit of %s is exceeded.", self._words)
        elif not self._has_warned:
            self._has_warned = True
            (self._logger or logging.getLogger("gearman_cffi")).warning(
                "the memory limit of %s is not applied: the worker uses %.2fM at its start, and the limit should be "
                "above 1.2 times that",
                self._words,
                used / _MIB,
            )

    def on_after_run(self, event: WorkerEvent) -> None:
        """Stops the worker if it uses too much memory.

        Args:
            event: The event.

        Example:
                class Collecting(MemoryLimit):
                    def on_after_run(self, event):
                        gc.collect()
                        super().on_after_run(event)
        """
        if self._limit is None or not self._applies:
            return
        used = resident_bytes()
        if used * MARGIN > self._limit:
            self._log("Memory limit almost exceeded. Max limit is %s, used %.2fM so far.", self._words, used / _MIB)
            event.worker.destroy_worker()

    def _log(self, message: str, *what: object) -> None:
        if self._logger is not None:
            self._logger.log(NOTICE, message, *what)


def to_bytes(limit: str | int) -> int | None:
    """Returns the limit in bytes; None for no limit. Raises ValueError or TypeError for an invalid limit."""
    if isinstance(limit, bool) or not isinstance(limit, (str, int)):
        raise TypeError(f"a memory limit must be an int or words such as '128M', not {type(limit).__name__}")
    words = str(limit).strip()
    if words == str(UNLIMITED):
        return None
    read = _LIMIT.fullmatch(words)
    size = int(float(read[1]) * _UNITS[read[2].lower()]) if read else 0
    if size <= 0:
        raise ValueError(
            f"invalid memory limit {short_repr(limit)}: write bytes, '128M' or '1g'; {UNLIMITED} means no limit"
        )
    return size


def resident_bytes() -> int:
    """Returns the resident memory of the process; without /proc (macOS) the maximum so far."""
    try:
        with open("/proc/self/statm", "rb") as statm:
            return int(statm.read().split()[1]) * resource.getpagesize()
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
