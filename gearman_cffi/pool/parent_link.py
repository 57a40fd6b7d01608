"""A worker process's connection to the pool's parent: file descriptors, which a job may close by mistake."""

from __future__ import annotations

import os

from gearman_cffi.pool import ipc, scoreboard, suspects


class ParentLink:
    """Sends events to the parent and shows it the job that the process runs.

    Code that turns a process into a daemon closes all of its file descriptors, and the next open() reuses the numbers.
    So each is compared with what it was before something is written to it.
    """

    def __init__(self, id: int, concurrency: int, death_pipe: int, events: int, board: int) -> None:
        """id: of this process. concurrency: how many jobs it runs at once, at most.

        death_pipe: the read end of the pipe that the parent's death closes.
        """
        self._id = id
        self._concurrency = concurrency
        self._events = events
        self._board = board
        self._identities = {descriptor: _identity(descriptor) for descriptor in (death_pipe, events, board)}

    def watch(self, descriptor: int) -> None:
        """Adds a file descriptor without which the process must not continue."""
        self._identities[descriptor] = _identity(descriptor)

    def is_intact(self) -> bool:
        """Whether none of the file descriptors has been closed."""
        return all(_identity(descriptor) == identity for descriptor, identity in self._identities.items())

    def send(self, event: str, **details: object) -> None:
        """Sends an event of this process to the parent."""
        if self.is_intact():
            ipc.send_event(self._events, event=event, id=self._id, **details)

    def show_job(self, number: int, job: scoreboard.BusyRecord | None) -> bool:
        """Shows the parent a job that this process runs; None for no job. Returns is_intact().

        number: from 0, different for jobs that run at the same time.
        """
        if not self.is_intact():
            return False
        scoreboard.write(self._board, self._id * self._concurrency + number, job)
        return True

    def deaths_of(self, job: scoreboard.BusyRecord) -> suspects.Deaths:
        """How many processes of the pool have died while they ran this job, as far as the parent has seen it."""
        return suspects.deaths_of(self._board, job) if self.is_intact() else suspects.Deaths()


def _identity(descriptor: int) -> tuple[int, int] | None:
    """Device and inode of an open file; None if the file descriptor is closed."""
    try:
        status = os.fstat(descriptor)
    except OSError:
        return None
    return status.st_dev, status.st_ino
