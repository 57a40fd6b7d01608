"""Asks the servers again and again, for top."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from gearman_cffi.admin import Admin, ServerTimeout
from gearman_cffi.cli.history import Answers
from gearman_cffi.servers import Server


class Poller:
    """Asks the servers in threads, which end with the process: the keys work, and q quits, while a server is slow.

    connect returns an Admin for the servers that it is called with. interval: seconds between two rounds. A server
    that has not answered at the end of a round has an error as its answer, and is not asked again until it answers.
    """

    def __init__(self, connect: Callable[[list[Server]], Admin], servers: Iterable[Server], interval: float) -> None:
        self.servers = list(dict.fromkeys(servers))
        self._connect = connect
        self._interval = interval
        self._answers: queue.SimpleQueue[tuple[float, Answers]] = queue.SimpleQueue()
        threading.Thread(target=self._run, daemon=True).start()

    def take(self) -> tuple[float, Answers] | None:
        """The answers of the next round with their time; None if there are none yet."""
        return None if self._answers.empty() else self._answers.get()

    def _run(self) -> None:
        threads: dict[Server, threading.Thread] = {}
        found: dict[Server, Any] = {}
        while True:
            due = time.monotonic() + self._interval
            for server in self.servers:
                if server not in threads or not threads[server].is_alive():
                    threads[server] = threading.Thread(target=self._ask, args=(server, found), daemon=True)
                    threads[server].start()
            for thread in threads.values():
                thread.join(max(0.0, due - time.monotonic()))
            answers = {one: found.pop(one, ServerTimeout(f"no answer from {one} yet")) for one in self.servers}
            self._answers.put((time.monotonic(), answers))
            time.sleep(max(0.0, due - time.monotonic()))

    def _ask(self, server: Server, found: dict[Server, Any]) -> None:
        found.update(self._connect([server]).gather(Admin.status))
