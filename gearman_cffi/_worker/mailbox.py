"""Messages from the threads and coroutines that run handlers to the thread that speaks to the servers."""

from __future__ import annotations

import socket
from collections import deque
from contextlib import suppress
from typing import Generic, TypeVar

M = TypeVar("M")


class Mailbox(Generic[M]):
    """A queue whose reader waits for a descriptor, together with the connections to the servers.

    put() wakes the reader up only if it waits. A deque is safe for threads.
    """

    def __init__(self) -> None:
        self._messages: deque[M] = deque()
        self._reading_end, self._writing_end = socket.socketpair()
        self._reading_end.setblocking(False)
        self._writing_end.setblocking(False)
        self._is_read_later = False

    def put(self, message: M) -> None:
        """Adds a message. Any thread may call it."""
        self._messages.append(message)
        if self._is_read_later:
            self.wake_up()

    def wake_up(self) -> None:
        """Ends the wait of the reader, or the next one. Any thread and any signal handler may call it."""
        with suppress(OSError):  # it is full, or closed
            self._writing_end.send(b"\0")

    def take(self) -> M | None:
        """Returns the oldest message; None if there is none. For the reader."""
        try:
            return self._messages.popleft()
        except IndexError:
            return None

    def begin_wait(self) -> bool:
        """For the reader: whether to wait for the descriptor, because there is no message. end_wait() follows."""
        self._is_read_later = True  # before the check: a message is seen here, or wakes the reader up
        return not self._messages

    def end_wait(self) -> None:
        """The reader has waited."""
        self._is_read_later = False
        with suppress(BlockingIOError):
            self._reading_end.recv(4096)

    def fileno(self) -> int:
        """The descriptor that can be read after put() or wake_up()."""
        return self._reading_end.fileno()

    def close(self) -> None:
        """Closes the descriptors. Messages that come later are not read."""
        self._is_read_later = False
        self._reading_end.close()
        self._writing_end.close()
