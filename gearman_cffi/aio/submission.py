"""A job that was submitted, until it ends."""

from __future__ import annotations

from asyncio import Future, TimerHandle
from collections.abc import Callable
from typing import TYPE_CHECKING

from gearman_cffi.error_mapping import failure
from gearman_cffi.exceptions import GearmanError
from gearman_cffi.ext import JobKind, ReturnCode
from gearman_cffi.job_encoder import EncodedJob
from gearman_cffi.job_update import JobUpdate

if TYPE_CHECKING:
    from gearman_cffi.aio.lane import AsyncLane


class Submission:
    """A job, or a request for the status of one.

    on_end is called once, with the Submission, when rc, data and detail are set. on_update: called with each update.
    retries: how often it is submitted again after its server was lost; with_handle: even if the server had accepted
    it. handle: of the job, "" until a server has accepted it or if nobody has asked.
    """

    __slots__ = (
        "data",
        "detail",
        "epoch",
        "first_loss",
        "function",
        "handle",
        "key",
        "kind",
        "lane",
        "number",
        "on_end",
        "on_update",
        "rc",
        "retries",
        "rotation",
        "seconds",
        "status",
        "timer",
        "tried",
        "waiter",
        "with_handle",
        "workload",
    )

    def __init__(self, kind: int, function: bytes, key: bytes = b"", workload: bytes = b"", epoch: int = 0) -> None:
        self.kind = kind
        self.function = function  # of a request for a status: the handle or the key
        self.key = key
        self.workload = workload
        self.epoch = epoch  # the Unix time before which it is not run; 0 for none
        self.rotation = 0  # how many of the servers are tried last
        self.tried: tuple[tuple[str, int], ...] = ()  # the addresses that could not be connected to
        self.seconds: float | None = None  # the limit for it
        self.retries = 1
        self.with_handle = False
        self.first_loss: tuple[int, str | None] | None = None
        self.on_end: Callable[[Submission], object]
        self.waiter: Future[None] | None = None  # of wake_up()
        self.on_update: Callable[[JobUpdate], object] | None = None
        self.timer: TimerHandle | None = None
        self.lane: AsyncLane | None = None  # while it is outstanding
        self.number = 0  # in its lane
        self.rc: int | None = None  # a return code, when it has ended
        self.data = b""
        self.handle = ""
        self.detail: str | None = None
        self.status = (False, False, 0, 0)

    @classmethod
    def of(cls, encoded: EncodedJob) -> Submission:
        """Returns a new one for a job."""
        return cls(encoded.kind, encoded.function, encoded.key, encoded.workload, encoded.epoch)

    def end(self, rc: int, detail: str | None = None) -> None:
        """Ends it with a return code. detail: libgearman's text."""
        self.lane = None
        self.rc = rc
        self.detail = detail
        timer, self.timer = self.timer, None
        if timer is not None:
            timer.cancel()
        self.on_end(self)

    def wake_up(self) -> None:
        """An on_end for whoever awaits the waiter. The task that does may have been cancelled."""
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)

    def error(self, servers: str) -> GearmanError | None:
        """Returns the exception for its return code; None if it succeeded."""
        return self.failure(servers) if self.rc else None

    def failure(self, servers: str) -> GearmanError:
        """Returns the exception for its return code."""
        name = self.function.decode("utf-8", "replace")
        asks_by_handle, asks = self.kind == JobKind.JOB_STATUS, self.kind >= JobKind.JOB_STATUS
        return failure(
            self.rc or 0,
            server=servers,
            function=None if asks else name,
            handle=name if asks_by_handle else self.handle,
            detail=self.detail,
            exception=self.data if self.rc == ReturnCode.WORK_EXCEPTION else None,
        )
