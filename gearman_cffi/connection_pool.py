"""The connections of a Client. Each belongs to one call at a time, so that threads may share the Client."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TypeVar
from weakref import WeakSet

from gearman_cffi.connection import NO_TIMEOUT, Connection, ConnectionLimits
from gearman_cffi.exceptions import JobTimeout
from gearman_cffi.ext import ForkedUseError, GearmanClient
from gearman_cffi.servers import ServerCollection

_Copy = TypeVar("_Copy")

# A connection that no call has used for so long is closed in a later call, unless it is the only one.
IDLE_SECONDS = 60.0
# How long a call waits before it looks whether the process has forked, or a connection was lost with its call.
_LOOK_SECONDS = 1.0


class ConnectionPool:
    """At most max_connections connections of one process. They are opened when a call finds none that is free.

    supplied: a GearmanClient of the caller, which is the first connection; the others are copies of it.

    borrow() and release() need no lock if a connection is free: list.pop() and list.append() are atomic. The lock is
    never waited for in a forked child, where the thread that has it does not exist.
    """

    def __init__(
        self,
        servers: ServerCollection,
        limits: ConnectionLimits,
        max_connections: int,
        supplied: GearmanClient | None = None,
    ) -> None:
        self.process = os.getpid()
        self._servers = servers
        self._limits = limits
        self._supplied = None if supplied is None else Connection(servers, limits, supplied)
        self._max_connections = max_connections
        self._free: list[Connection] = []  # a stack: those that are not needed stay at its bottom
        self._open: WeakSet[Connection] = WeakSet()  # an exception of a signal handler may lose one that a call uses
        self._waiting: deque[SimpleQueue[Connection]] = deque()
        self._lock = threading.RLock()  # a signal handler may use the client
        self._template: Connection | None = None  # never connects; the others are copies
        self._original: Original | None = None
        self._is_closed = False

    def renewed(self, supplied: GearmanClient | None = None) -> ConnectionPool:
        """Returns a new pool with the same settings."""
        return ConnectionPool(self._servers, self._limits, self._max_connections, supplied)

    def close(self) -> None:
        """Closes the connections that are free; the others are closed when their calls end."""
        self._is_closed = True
        self._free.clear()

    def borrow(self, timeout_ms: int) -> Connection:
        """Returns a connection with all servers that are in the collection now; the caller must release() it.

        Raises JobTimeout if none gets free in time, NoServers if the collection is empty, ConnectionFailed if no host
        name can be resolved.
        """
        try:
            connection = self._wait(timeout_ms) if self._waiting else self._free.pop()
        except IndexError:
            connection = self._wait(timeout_ms)
        try:
            connection.prepare()
        except BaseException:
            self.release(connection)
            raise
        return connection

    def release(self, connection: Connection) -> None:
        """Takes a connection back, and gives it to the call that has waited longest."""
        now = connection.idle_since = time.monotonic()
        self._free.append(connection)
        if self._waiting and self.process == os.getpid():
            self._serve()
        if self._is_closed:
            self._free.clear()
        elif len(self._free) > 1:
            self._close_idle(now - IDLE_SECONDS)

    def original(self) -> Original:
        """Returns a connection to make copies of, with all servers that are in the collection now.

        Raises as borrow(), but never waits for another call.
        """
        with self._lock:
            if self._original is None:
                self._original = Original(self._get_template().copy())
            original = self._original
        original.prepare()
        return original

    def _close_idle(self, before: float) -> None:
        with suppress(IndexError):  # another thread has taken the last one
            while self._free[0].idle_since < before and len(self._free) > 1:
                del self._free[0]

    # ----------------------------------------------------------------------------- opening and waiting

    def _wait(self, timeout_ms: int) -> Connection:
        """Opens a connection, or waits for one that is released."""
        place: SimpleQueue[Connection] = SimpleQueue()
        with self._lock:
            connection = None if self._waiting else self._free_or_new()
            if connection is not None:
                return connection
            self._waiting.append(place)
        deadline = None if timeout_ms == NO_TIMEOUT else time.monotonic() + timeout_ms / 1000
        try:
            while True:
                self._serve()
                left = _LOOK_SECONDS if deadline is None else deadline - time.monotonic()
                with suppress(Empty):
                    return place.get(timeout=max(0.0, min(left, _LOOK_SECONDS)))
                if self.process != os.getpid():
                    raise ForkedUseError("this call of the client began before the fork; call it again")
                if left <= 0:
                    raise self._none_free()
        finally:
            if self.process == os.getpid():
                self._leave(place)

    def _serve(self) -> None:
        """Gives free connections to the calls that wait, in the order in which they came."""
        with self._lock:
            while self._waiting and (connection := self._free_or_new()) is not None:
                self._waiting.popleft().put(connection)

    def _leave(self, place: SimpleQueue[Connection]) -> None:
        """Ends a wait. A connection that has come too late goes to another call."""
        with self._lock, suppress(ValueError):
            self._waiting.remove(place)
        with suppress(Empty):
            self.release(place.get_nowait())

    def _none_free(self) -> JobTimeout:
        return JobTimeout(
            f"other threads have used all connections of the client for the whole timeout of the call "
            f"(max_connections={self._max_connections}); nothing was submitted",
            server=str(self._servers),
        )

    def _free_or_new(self) -> Connection | None:
        """Returns a connection; None if all are in use, and there must be no more."""
        template = self._get_template()
        with suppress(IndexError):
            return self._free.pop()
        if len(self._open) >= self._max_connections:
            return None
        connection = template.copy()
        self._open.add(connection)
        return connection

    def _get_template(self) -> Connection:
        """Returns the template: without servers, or a copy of what was supplied."""
        if self._template is None:
            if self._supplied is None:
                self._template = Connection(self._servers, self._limits)
            else:
                self._supplied.prepare()
                self._template = self._supplied.copy()
                self._open.add(self._supplied)
                self._free.append(self._supplied)
                self._supplied = None
        return self._template


class Original:
    """A connection that is only copied: bulk calls make connections of their own like it, in any thread."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.RLock()

    def prepare(self) -> None:
        """Does what Connection.prepare() does."""
        with self._lock:
            self._connection.prepare()

    def copied(self, make: Callable[[GearmanClient], _Copy]) -> _Copy:
        """Calls make(client) while no other thread copies the client, and returns what it returns."""
        with self._lock:
            return make(self._connection.client)
