"""Packets of jobs that wait until their server takes them."""

from __future__ import annotations

from collections.abc import Callable

from gearman_cffi.ext import GearmanJob, ReturnCode


class Outbox:
    """Says what becomes of packets that are queued, because the server of their job does not read."""

    def __init__(self) -> None:
        self._jobs: list[tuple[GearmanJob, Callable[[int], None]]] = []

    def add(self, job: GearmanJob, on_end: Callable[[int], None]) -> None:
        """The last packet of the job is queued. on_end: called with a return code when it was sent, or is lost."""
        self._jobs.append((job, on_end))

    def check(self) -> None:
        """Calls on_end for those that are sent or lost by now."""
        for entry in self._jobs.copy() if self._jobs else ():
            job, on_end = entry
            rc = job._queued_rc()
            if rc != ReturnCode.IO_WAIT:
                self._jobs.remove(entry)
                on_end(rc)

    def give_up(self) -> None:
        """Calls on_end for all of them: they are lost."""
        while self._jobs:
            _, on_end = self._jobs.pop()
            on_end(ReturnCode.LOST_CONNECTION)
