"""stderr, which may be a pipe or a terminal that nobody reads, or closed."""

from __future__ import annotations

import os
import select
import stat
import time

STDERR = 2
# Opens the same pipe or terminal once more: O_NONBLOCK belongs to the open file, which other programs share.
_AGAIN = f"/dev/fd/{STDERR}", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY


def open_closed_streams() -> None:
    """Opens /dev/null as each of stdin, stdout and stderr that is closed, so that no other file gets its number."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)


class StderrWriter:
    """Writes pieces of text, with a bound for the wait. A piece that was begun is finished before the next one."""

    def __init__(self) -> None:
        self._rest = b""
        self._waited_in_vain = False

    def write(self, piece: bytes, seconds: float | None) -> bool:
        """Writes a piece, and waits at most that long for room; None for no limit.

        After a wait in vain it does not wait again until there is room. Returns False if nothing of the piece was
        written. Raises OSError if it cannot be written at all.
        """
        if self._waited_in_vain and not _await_room(0):
            return False
        self._waited_in_vain = False
        deadline = None if seconds is None else time.monotonic() + seconds
        if not self._write_rest(deadline):
            return False
        self._rest = piece
        if self._write_rest(deadline) or len(self._rest) < len(piece):
            return True
        self._rest = b""
        return False

    def _write_rest(self, deadline: float | None) -> bool:
        while self._rest:
            try:
                self._rest = self._rest[_write_what_fits(self._rest) :]
            except BlockingIOError:
                if not _await_room(None if deadline is None else deadline - time.monotonic()):
                    self._waited_in_vain = True
                    return False
            except OSError:
                self._rest = b""
                raise
        return True


def _write_what_fits(piece: bytes) -> int:
    """Writes a part of the piece. Returns the number of bytes. Raises BlockingIOError if there is no room."""
    mode = os.fstat(STDERR).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode):
        try:
            again = os.open(*_AGAIN)
        except OSError:  # another user's, or a system without /dev/fd
            pass
        else:
            try:
                return os.write(again, piece)
            finally:
                os.close(again)
    if not _await_room(0):
        raise BlockingIOError
    return os.write(STDERR, piece)  # waits if another process takes the room first


def _await_room(seconds: float | None) -> bool:
    """Waits until stderr takes PIPE_BUF bytes. Returns False if that lasts too long."""
    poll = select.poll()
    poll.register(STDERR, select.POLLOUT)
    return bool(poll.poll(None if seconds is None else max(0.0, seconds) * 1000))
