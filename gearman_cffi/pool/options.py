"""What a pool is told, and what it tells its processes."""

from __future__ import annotations

import json
import os
import random
import signal
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any

from gearman_cffi.serializers.by_name import BY_NAME
from gearman_cffi.servers import ServerCollection

ANY_FUNCTION = "*"
AUTO, ALWAYS, NEVER = "auto", "always", "never"  # when a template imports and forks
BLOCKED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)  # until a child has its handlers


class ExitCode(IntEnum):
    """How the command `gearman-cffi worker` ends. A usage error is 2, as everywhere."""

    OK = 0  # told to stop, and every job that was begun is done; or, with burst, the queues are empty
    FAILED = 1  # something unforeseen
    NOT_LOADED = 3  # the object cannot be imported, is no handler, or names no function
    UNREACHABLE = 4  # with burst: no server
    CUT_SHORT = 8  # told to stop, and at least one job was ended in the middle


def usable_cpus() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


@dataclass(frozen=True)
class PoolOptions:
    """All that a pool needs to know.

    target is "module:object". processes serve all functions, dedicated[name] more only that one. max_jobs,
    max_runtime (s) and memory_limit (bytes) end a process after its job, each lowered at random by up to
    splay of itself. job_timeouts: seconds by function, "*" for those that have none of their own. shutdown_timeout:
    seconds for the jobs that are being done when the pool is told to stop, and for a process without a job that is to
    leave; None for ever. preload: import once and
    fork; None where that is safe. reload_directories: watched for changes. serializer is a name in serializers.BY_NAME.
    """

    target: str
    servers: ServerCollection = field(default_factory=ServerCollection.from_environment)
    processes: int = field(default_factory=usable_cpus)
    dedicated: Mapping[str, int] = field(default_factory=dict)
    max_jobs: int | None = None
    max_runtime: float | None = None
    memory_limit: int | None = None
    splay: float = 0.1
    job_timeouts: Mapping[str, float] = field(default_factory=dict)
    shutdown_timeout: float | None = 60.0
    burst: bool = False
    client_id: str | None = None
    serializer: str = "php"
    idle_interval: float = 5.0
    ready_file: Path | None = None
    preload: bool | None = None
    reload_directories: tuple[Path, ...] = ()
    log_level: str = "info"
    log_format: str = "text"

    def __post_init__(self) -> None:
        if not 0 <= self.splay < 1:
            raise ValueError(f"splay is a share from 0 to below 1, not {self.splay}")
        if self.processes < 0 or any(number < 1 for number in self.dedicated.values()):
            raise ValueError("numbers of processes must be above 0")
        if not self.roles():
            raise ValueError("a pool needs at least one process")
        if self.serializer not in BY_NAME:
            raise ValueError(f"unknown serializer {self.serializer!r}: use one of {', '.join(BY_NAME)}")
        if self.ready_file is not None and not self.ready_file.parent.is_dir():
            raise ValueError(f"the folder of the ready file does not exist: {self.ready_file}")

    def roles(self) -> list[str | None]:
        """For each process the function that it serves; None for all."""
        alone = [name for name, number in self.dedicated.items() for _ in range(number)]
        return [None] * self.processes + alone

    def named_functions(self) -> set[str]:
        """Those that there must be handlers for."""
        return {*self.dedicated, *self.job_timeouts} - {ANY_FUNCTION}

    def splayed(self, limit: float) -> float:
        """A limit, lowered at random."""
        return limit * (1 - random.uniform(0, self.splay))

    def job_timeout(self, function: str) -> float | None:
        """Seconds that a job of the function may take, None for ever."""
        return self.job_timeouts.get(function, self.job_timeouts.get(ANY_FUNCTION))


@dataclass(frozen=True)
class ChildOptions:
    """What a child process is told; it travels as JSON."""

    id: int
    servers: str
    function: str | None
    without: tuple[str, ...]
    max_jobs: int | None
    memory_limit: int | None
    burst: bool
    client_id: str | None
    serializer: str
    idle_interval: float
    log_level: str
    log_format: str

    @classmethod
    def of(cls, pool: PoolOptions, id: int, function: str | None, without: tuple[str, ...] = ()) -> ChildOptions:
        """Those of the pool for a child, with limits of its own. without: functions not to serve."""

        def lowered(limit: int | None, least: Callable[[int], int] = lambda value: max(1, value)) -> int | None:
            return None if limit is None else least(round(pool.splayed(limit)))

        return cls(
            id=id,
            servers=str(pool.servers),
            function=function,
            without=without,
            max_jobs=lowered(pool.max_jobs),
            memory_limit=lowered(pool.memory_limit),
            burst=pool.burst,
            client_id=pool.client_id,
            serializer=pool.serializer,
            idle_interval=pool.idle_interval,
            log_level=pool.log_level,
            log_format=pool.log_format,
        )

    def to_json(self) -> str:
        """As text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> ChildOptions:
        """From to_json()'s text."""
        known: dict[str, Any] = json.loads(text)
        return cls(**known)
