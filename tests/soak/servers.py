"""The two servers of a soak, each with a proxy in front: one keeps its queue in memory, one in SQLite."""

from __future__ import annotations

import queue
import random
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from gearman_cffi.testing import Gearmand
from tests.soak.jobs import BACKGROUND, FOREGROUND, WATCHED
from tests.soak.proxy import Proxy

NAMES = ("memory", "stored")
ASK_SECONDS = 0.25  # between two requests for the length of the queue


class SoakServer:
    """A gearmand with its proxy. busy is locked while it has a fault."""

    def __init__(self, name: str, folder: Path, chance: random.Random) -> None:
        self.name = name
        self.busy = threading.Lock()
        self._chance = chance
        # It notices when a host has gone with which it has a connection.
        options = ["--keepalive", "--keepalive-idle=1", "--keepalive-interval=1", "--keepalive-count=3"]
        options.append(f"--job-handle-prefix=H:{name}")
        self.is_persistent = name == "stored"
        if self.is_persistent:
            options += ["--queue-type=libsqlite3", f"--libsqlite3-db={folder}/queue.db"]
        self.gearmand = Gearmand(options)

    def __enter__(self) -> SoakServer:
        self.gearmand.start()
        self.proxy = Proxy(self.gearmand.port, self._chance)
        self.proxy.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.proxy.__exit__(kind, error, trace)
        self.gearmand.stop()

    def queued(self, *functions: str) -> int:
        """How many jobs of the functions the server has, running ones included. OSError: it does not answer."""
        total = 0
        for line in self.gearmand.ask("status", 1).splitlines():
            function, _, numbers = line.partition("\t")
            if function in functions:
                total += int(numbers.split("\t")[0])
        return total

    @contextmanager
    def vanished(self) -> Iterator[None]:
        """The host of the server is gone during the block: packets to and from it are dropped.

        Only in a network of its own.
        """
        try:
            self._filter("-I")
            yield
        finally:
            self._filter("-D")

    def _filter(self, option: str) -> None:
        for end in ("--dport", "--sport"):
            rule = ["INPUT", "-p", "tcp", end, str(self.gearmand.port), "-j", "DROP"]
            subprocess.run(["iptables", "-w", option, *rule], check=True)


class QueueWatch(threading.Thread):
    """Asks a server again and again whether it has background jobs. empty: the times when it had none."""

    def __init__(self, server: SoakServer) -> None:
        super().__init__(name=f"queue of {server.name}", daemon=True)
        self.server = server
        self.empty: queue.SimpleQueue[float] = queue.SimpleQueue()
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(ASK_SECONDS):
            asked = time.monotonic()
            with suppress(OSError, ValueError):  # it has a fault
                if not self.server.queued(BACKGROUND):
                    self.empty.put(asked)

    def end(self) -> None:
        """Ends the thread."""
        self._over.set()
        self.join()


def is_idle(server: SoakServer) -> bool:
    """Whether the server has no jobs at all."""
    try:
        return not server.queued(FOREGROUND, BACKGROUND, WATCHED)
    except OSError:
        return False
