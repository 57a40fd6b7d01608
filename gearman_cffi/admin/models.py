"""The rows of the servers' answers. Each row has the server that it is from."""

from __future__ import annotations

from dataclasses import dataclass

from gearman_cffi.servers import Server


@dataclass(frozen=True)
class FunctionStatus:
    """A function in a server's `status`.

    total is the number of jobs, including the running ones; workers is the number of connected workers that have
    registered the function, including busy ones. extra are the columns that this version does not know.
    """

    server: Server
    function: str
    total: int
    running: int
    workers: int
    extra: tuple[str, ...] = ()

    @property
    def queued(self) -> int:
        """The number of waiting jobs."""
        return max(0, self.total - self.running)


@dataclass(frozen=True)
class PriorityStatus:
    """A function in a server's `prioritystatus`: the numbers of waiting jobs by priority, and of workers."""

    server: Server
    function: str
    high: int
    normal: int
    low: int
    workers: int
    extra: tuple[str, ...] = ()

    @property
    def queued(self) -> int:
        """The number of waiting jobs."""
        return self.high + self.normal + self.low


@dataclass(frozen=True)
class WorkerInfo:
    """A connection in a server's `workers`: a worker, or a client, which has no functions.

    client_id is "" if none was set (the server shows "-"). A function name with a space appears as two names, because
    the server separates names by spaces.
    """

    server: Server
    file_descriptor: int
    address: str
    client_id: str
    functions: tuple[str, ...]


@dataclass(frozen=True)
class JobInfo:
    """A job in a server's `show jobs`.

    retries counts the workers that were lost while they ran the job. An ignored job will not run: it was cancelled, or
    its client has disconnected; the server removes it later. queued is the server's flag for a job in its queue; it
    stays true while the job is running.
    """

    server: Server
    handle: str
    retries: int
    ignored: bool
    queued: bool
    extra: tuple[str, ...] = ()
