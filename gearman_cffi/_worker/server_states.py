"""Which of several servers can be reached, while others can."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from gearman_cffi._worker.connection import NonWarningWorker
from gearman_cffi.ext import GearmanWorker
from gearman_cffi.servers import Server, ServerCollection

if TYPE_CHECKING:
    from logging import Logger

_INTERVAL = 0.5  # seconds between two look-ups of the servers' names, as long as the same number is connected
Report = Callable[[str, bool], None]  # gets the address of a server, and whether it can be reached


class ServerStates:
    """What a worker knows of each of its servers. It reports what it learns first, and each change."""

    def __init__(self, servers: ServerCollection, report: Report) -> None:
        self._servers = servers
        self._report = report
        self._known: dict[Server, bool] = {}
        self._connected = 0
        self._looked_at = 0.0

    def check(self, worker: GearmanWorker) -> None:
        """To be called when a search for a job has come to all servers."""
        if len(self._servers) < 2 or not isinstance(worker, NonWarningWorker):
            return
        connected = worker._count_connected()
        if not connected:
            return  # the worker reports that
        if connected < len(self._servers):  # the look-ups of names take time, and a busy worker is here after each job
            now = time.monotonic()
            if connected == self._connected and now < self._looked_at + _INTERVAL:
                return
            self._looked_at = now
        self._connected = connected
        for server in self._servers:
            is_reachable = connected >= len(self._servers) or worker._is_reachable(server.host, server.port)
            if is_reachable is not None and is_reachable is not self._known.get(server):
                self._known[server] = is_reachable
                self._report(str(server), is_reachable)


class ServerLog:
    """Logs that a server is lost, and that it is back."""

    def __init__(self, get_logger: Callable[[], Logger]) -> None:
        self._get_logger = get_logger
        self._lost: set[str] = set()

    def record(self, server: str, is_reachable: bool) -> None:
        """Notes what a worker has learned. Logs it if it is new."""
        if is_reachable and server in self._lost:
            self._lost.remove(server)
            self._get_logger().info("connected to %s again", server)
        elif not is_reachable and server not in self._lost:
            self._lost.add(server)
            self._get_logger().warning("cannot connect to %s, retrying; the other servers are used", server)
