"""A lane: a separate connection to the servers, and the jobs that are outstanding on it."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Generic

from gearman_cffi.bulk.window import WINDOW_JOBS, J
from gearman_cffi.connection_pool import Original
from gearman_cffi.ext import GearmanClient
from gearman_cffi.ext.batch import BatchSubmitter, wait_for_any


class Lane(ABC, Generic[J]):
    """A connection, and the jobs that are outstanding on it.

    The methods that do something return a return code: IO_WAIT if all is well, any other for finish(). has_progressed
    is set if something came or ended.
    """

    def __init__(self) -> None:
        self.has_progressed = False
        self.stepped_at = 0.0  # when the last step began

    @property
    @abstractmethod
    def outstanding(self) -> int:
        """How many jobs are submitted and not answered."""

    @property
    def load(self) -> int:
        """The scheduler chooses the lane where this is lowest."""
        return self.outstanding

    @property
    @abstractmethod
    def deadline(self) -> float | None:
        """The earliest deadline of the outstanding jobs."""

    @property
    def room(self) -> int:
        """How many jobs the lane takes now. The scheduler limits how many are outstanding in all."""
        return WINDOW_JOBS

    @abstractmethod
    def add(self, jobs: Sequence[J], deadline: float | None) -> None:
        """Takes jobs, which step() submits."""

    @abstractmethod
    def step(self, timeout_ms: int, poll: bool) -> int:
        """Sends and receives what is possible now. timeout_ms bounds the opening of a connection.

        poll: look whether something has come; without it, only what a wait has found is received.
        """

    @abstractmethod
    def wait(self, timeout_ms: int) -> int:
        """Waits until something comes."""

    @abstractmethod
    def step_unconnected(self, timeout_ms: int) -> int:
        """A step if no server is connected: tries all of them."""

    @abstractmethod
    def finish(self, rc: int) -> list[tuple[J, int]]:
        """Ends what is outstanding; returns the jobs that have failed, with their return codes.

        rc is the return code for jobs without an answer. Unless it is SUCCESS, the lane makes a new connection, and
        tries another server first.
        """

    @abstractmethod
    def expire(self, now: float) -> list[tuple[J, int]]:
        """Ends the jobs whose deadline has passed; returns them as finish() does."""

    @abstractmethod
    def fail(self, job: J, rc: int, detail: str | None) -> None:
        """Ends a job with the error for a return code. detail is error() at the time of the failure."""

    def error(self) -> str | None:
        """Returns libgearman's text for the last failure."""
        return None

    def close(self) -> None:
        """Closes the connection. Without this, it is closed with its last reference."""


class ServerLane(Lane[J]):
    """A lane to real servers. client has the connection."""

    client: GearmanClient | BatchSubmitter

    def __init__(self, original: Original, rotation: int, servers: str) -> None:
        super().__init__()
        self._original = original
        self._rotation = rotation
        self._servers = servers
        self._connect()

    @abstractmethod
    def _connect(self) -> None:
        """Makes a new client, like the original one."""

    def error(self) -> str | None:
        """Returns libgearman's text for the last failure."""
        return self.client.error() or None

    def _reconnect(self) -> None:
        self.close()
        self._rotation += 1
        self._connect()


def wait_for_lanes(lanes: Sequence[Lane[J]], timeout_ms: int) -> int:
    """Waits until something comes on one of the lanes. NO_ACTIVE_FDS if one of them is not connected."""
    return wait_for_any([lane.client for lane in lanes if isinstance(lane, ServerLane)], timeout_ms)


def milliseconds_until(deadline: float | None) -> int:
    """Returns the time until then, at least 1 before it and 0 after it; -1 for no deadline."""
    if deadline is None:
        return -1
    left = deadline - time.monotonic()
    return 0 if left <= 0 else int(left * 1000) + 1
