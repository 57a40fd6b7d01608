"""What servers answer, as values. Each row knows the server that it came from."""

from __future__ import annotations

import typing  # noqa: F401 (dataclasses looks into sys.modules for it, and fails while another thread imports it)
from dataclasses import dataclass

from gearman_cffi.servers import Server


@dataclass(frozen=True)
class FunctionStatus:
    """A function in a server's `status`.

    total is how many jobs the server has, the running ones among them; workers is how many connected workers can do
    the function, busy or not. extra are columns that this version does not know.
    """

    server: Server
    function: str
    total: int
    running: int
    workers: int
    extra: tuple[str, ...] = ()

    @property
    def queued(self) -> int:
        """Jobs that no worker has yet."""
        return max(0, self.total - self.running)


@dataclass(frozen=True)
class PriorityStatus:
    """A function in a server's `prioritystatus`: the jobs that no worker has yet, by priority, and its workers."""

    server: Server
    function: str
    high: int
    normal: int
    low: int
    workers: int
    extra: tuple[str, ...] = ()

    @property
    def queued(self) -> int:
        """Jobs that no worker has yet."""
        return self.high + self.normal + self.low


@dataclass(frozen=True)
class WorkerInfo:
    """A connection in a server's `workers`: a worker, or a client, which has no functions.

    client_id is "" where none was set (the server shows "-"). Where names of functions have blanks in them the
    server's answer does not tell where one ends; they come as several.
    """

    server: Server
    file_descriptor: int
    address: str
    client_id: str
    functions: tuple[str, ...]


@dataclass(frozen=True)
class JobInfo:
    """A job in a server's `show jobs`.

    retries is how often a worker was lost over it; ignored says that nobody waits for it any more and that it is only
    not yet swept up (it was cancelled, or its client is gone). queued is the server's word for a job that it holds: it
    stays true while a worker is at it.
    """

    server: Server
    handle: str
    retries: int
    ignored: bool
    queued: bool
    extra: tuple[str, ...] = ()
