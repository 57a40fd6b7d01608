"""The options of a pool and of its processes."""

from __future__ import annotations

import json
import os
import random
import signal
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum
from pathlib import Path

from gearman_cffi.checks import check_namespace
from gearman_cffi.handlers import check_concurrency
from gearman_cffi.pool.target import Target
from gearman_cffi.serializers.by_name import BY_NAME
from gearman_cffi.servers import ServerCollection

ANY_FUNCTION = "*"
# Blocked in a new process until it has its own handlers.
BLOCKED_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)


class Preload(Enum):
    """Where the user's module is imported."""

    AUTO = "auto"  # in the fork server, if forking is safe then
    ALWAYS = "always"  # in the fork server
    NEVER = "never"  # in each worker process


def usable_cpus() -> int:
    """The number of CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


@dataclass(frozen=True)
class PoolOptions:
    """The options of a pool.

    target: the program.
    servers, serializer (a name of serializers.BY_NAME), namespace, concurrency, threads, client_id, idle_interval,
        connect_timeout: None for those of the program.
    processes, dedicated: how many processes serve all functions, and how many more serve only the function named.
    concurrency, threads: how many jobs each process runs at once, and how many of them may be those of plain handlers.
    max_jobs, max_runtime (seconds), memory_limit (bytes): a process exits after the job in which it reaches one.
    splay: lower each of these limits at random by up to this share.
    job_timeouts: seconds by function; "*" for all functions that are not listed.
    shutdown_timeout: seconds to wait at shutdown for running jobs, and for a process without a job that is to exit;
        None for no limit.
    burst: end when the queues are empty.
    ready_file: exists while the pool serves its functions.
    preload: where the module is imported.
    reload_directories: reload if a Python file in one of them changes.
    Raises ValueError for options that contradict each other.
    """

    target: Target
    servers: ServerCollection | None = None
    processes: int = field(default_factory=usable_cpus)
    dedicated: Mapping[str, int] = field(default_factory=dict)
    concurrency: int | None = None
    threads: int | None = None
    max_jobs: int | None = None
    max_runtime: float | None = None
    memory_limit: int | None = None
    splay: float = 0.1
    job_timeouts: Mapping[str, float] = field(default_factory=dict)
    shutdown_timeout: float | None = 60.0
    burst: bool = False
    client_id: str | None = None
    namespace: str | None = None
    serializer: str | None = None
    idle_interval: float | None = None
    connect_timeout: float | None = None
    ready_file: Path | None = None
    preload: Preload = Preload.AUTO
    reload_directories: tuple[Path, ...] = ()
    log_level: str = "info"
    log_format: str = "text"

    def __post_init__(self) -> None:
        if not 0 <= self.splay < 1:
            raise ValueError(f"invalid splay {self.splay}: it must be at least 0 and below 1")
        if self.processes < 0 or any(number < 1 for number in self.dedicated.values()):
            raise ValueError(
                f"invalid numbers of processes: {self.processes}, dedicated {dict(self.dedicated)}; use 0 or more, and "
                "1 or more for a dedicated function"
            )
        check_concurrency(self.concurrency)
        check_concurrency(self.threads, "threads")
        if not self.roles():
            raise ValueError("the pool has no process: set processes to 1 or more, or dedicate processes to a function")
        check_namespace(self.namespace)
        if self.serializer is not None and self.serializer not in BY_NAME:
            raise ValueError(f"unknown serializer {self.serializer!r}: use one of {', '.join(BY_NAME)}")
        if self.ready_file is not None and not self.ready_file.parent.is_dir():
            raise ValueError(f"invalid ready file {self.ready_file}: its directory does not exist")

    def roles(self) -> list[str | None]:
        """For each process the function that it serves; None for all functions."""
        alone = [name for name, number in self.dedicated.items() for _ in range(number)]
        return [None] * self.processes + alone

    def named_functions(self) -> set[str]:
        """The functions that an option names, and that must have a handler."""
        return {*self.dedicated, *self.job_timeouts} - {ANY_FUNCTION}

    def lower_at_random(self, limit: float) -> float:
        """The limit, lowered at random by up to the share splay."""
        return limit * (1 - random.uniform(0, self.splay))

    def job_timeout(self, function: str) -> float | None:
        """Seconds that a job of the function may take; None for no limit."""
        return job_timeout(self.job_timeouts, function)


def most_jobs(concurrency: int | None, threads: int | None) -> int:
    """How many jobs a process runs at once, at most, with these options; None for an option that is not given."""
    return concurrency or threads or 1


def job_timeout(timeouts: Mapping[str, float], function: str) -> float | None:
    """Seconds that a job of the function may take; None for no limit."""
    return timeouts.get(function, timeouts.get(ANY_FUNCTION))


@dataclass(frozen=True)
class ProcessOptions:
    """The options of one worker process, which it gets as JSON.

    left_out: functions that it does not serve. concurrency: of the options or the program; None if the parent knows
    neither. exit_seconds: how long other jobs may take when one has asked the
    process to exit.
    """

    id: int
    servers: str | None
    function: str | None
    left_out: tuple[str, ...]
    concurrency: int | None
    threads: int | None
    job_timeouts: Mapping[str, float]
    exit_seconds: float | None
    max_jobs: int | None
    memory_limit: int | None
    burst: bool
    client_id: str | None
    namespace: str | None
    serializer: str | None
    idle_interval: float | None
    connect_timeout: float | None
    log_level: str
    log_format: str

    @classmethod
    def of_pool(
        cls, pool: PoolOptions, id: int, concurrency: int | None, function: str | None, left_out: tuple[str, ...]
    ) -> ProcessOptions:
        """The options of the pool for a process, with its own limits."""
        return cls(
            id=id,
            servers=None if pool.servers is None else str(pool.servers),
            function=function,
            left_out=left_out,
            concurrency=concurrency,
            threads=pool.threads,
            job_timeouts=pool.job_timeouts,
            exit_seconds=pool.shutdown_timeout,
            max_jobs=None if pool.max_jobs is None else max(1, round(pool.lower_at_random(pool.max_jobs))),
            memory_limit=None if pool.memory_limit is None else round(pool.lower_at_random(pool.memory_limit)),
            burst=pool.burst,
            client_id=pool.client_id,
            namespace=pool.namespace,
            serializer=pool.serializer,
            idle_interval=pool.idle_interval,
            connect_timeout=pool.connect_timeout,
            log_level=pool.log_level,
            log_format=pool.log_format,
        )

    @property
    def most_jobs(self) -> int:
        """How many jobs the process runs at once, at most."""
        return most_jobs(self.concurrency, self.threads)

    def to_json(self) -> str:
        """The options as text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> ProcessOptions:
        """The options from the text of to_json()."""
        return cls(**json.loads(text))
