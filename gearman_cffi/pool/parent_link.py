"""What a worker process shares with the pool's parent, and what a job may close by mistake."""

from __future__ import annotations

import os

from gearman_cffi.pool import ipc, scoreboard


class ParentLink:
    """The file descriptors that a worker process has inherited from the pool's parent.

    Code that turns a process into a daemon closes all of its file descriptors, and the next open() reuses the numbers.
    So each is compared with what it was before something is written to it.
    """

    def __init__(self, slot: int, parent_death: int, events: int, board: int) -> None:
        """slot: the number of this process; parent_death: the read end of the pipe that the parent's death closes."""
        self._slot = slot
        self._events = events
        self._board = board
        self._identities = {descriptor: _identity(descriptor) for descriptor in (parent_death, events, board)}

    def watch(self, descriptor: int) -> None:
        """Adds a file descriptor without which the process must not go on."""
        self._identities[descriptor] = _identity(descriptor)

    def is_intact(self) -> bool:
        """Whether nobody has closed any of the file descriptors."""
        return all(_identity(descriptor) == was for descriptor, was in self._identities.items())

    def send(self, what: str, **more: object) -> None:
        """Tells the parent that something has happened to this process."""
        if self.is_intact():
            ipc.note(self._events, **{what: self._slot}, **more)

    def show_job(self, job: scoreboard.RunningJob | None) -> None:
        """Shows the parent which job this process runs; None for no job."""
        if self.is_intact():
            scoreboard.write(self._board, self._slot, job)


def _identity(descriptor: int) -> tuple[int, int] | None:
    """Device and inode of an open file; None if the file descriptor is closed."""
    try:
        status = os.fstat(descriptor)
    except OSError:
        return None
    return status.st_dev, status.st_ino
