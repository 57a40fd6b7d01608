"""The rows of the servers' answers. Each row has the server that it is from."""

from __future__ import annotations

from dataclasses import dataclass

from gearman_cffi.servers import Server


@dataclass(frozen=True)
class FunctionStatus:
    """A function in a server's `status`.

    Args:
        server: The Server that the row is from.
        function: Its name.
        total: The number of jobs, including the running ones.
        running: The number of running jobs.
        workers: The number of connected workers that have registered the function, including busy ones.
        extra: The columns that this version of the package does not know.

    Example:
            for row in admin.status():
                print(row.function, row.queued)
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
    """A function in a server's `prioritystatus`: the numbers of waiting jobs by priority, and of workers.

    Args:
        server: The Server that the row is from.
        function: Its name.
        high: Waiting jobs of high priority.
        normal: Waiting jobs of normal priority.
        low: Waiting jobs of low priority.
        workers: The number of connected workers that have registered the function.
        extra: The columns that this version of the package does not know.

    Example:
            for row in admin.priority_status():
                print(row.function, row.high, row.normal, row.low)
    """

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

    Args:
        server: The Server that the row is from.
        file_descriptor: The number of the connection at the server.
        address: Where it comes from.
        client_id: Its name, "" if none was set (the server shows "-").
        functions: The functions that it has registered. A name with a space appears as two names, because the server
            separates names by spaces.

    Example:
            for row in admin.workers():
                print(row.address, row.client_id, row.functions)
    """

    server: Server
    file_descriptor: int
    address: str
    client_id: str
    functions: tuple[str, ...]


@dataclass(frozen=True)
class JobInfo:
    """A job in a server's `show jobs`.

    Args:
        server: The Server that the row is from.
        handle: Its handle.
        retries: The number of workers that were lost while they ran the job.
        ignored: Whether it will not run: it was cancelled, or its client has disconnected. The server removes it later.
        queued: The server's flag for a job in its queue; it stays true while the job is running.
        extra: The columns that this version of the package does not know.

    Example:
            for row in admin.show_jobs():
                print(row.handle, row.retries)
    """

    server: Server
    handle: str
    retries: int
    ignored: bool
    queued: bool
    extra: tuple[str, ...] = ()
