"""The lanes of a Client in one event loop, and what happens to their jobs after a server is lost."""

from __future__ import annotations

import asyncio
import os
from asyncio import AbstractEventLoop

from gearman_cffi._libgearman import ConcurrentUseError
from gearman_cffi.aio.addresses import Addresses, is_numeric, look_up
from gearman_cffi.aio.lane import Address, AsyncLane
from gearman_cffi.aio.rounds import Rounds
from gearman_cffi.aio.submission import Submission
from gearman_cffi.client import OUTCOMES
from gearman_cffi.error_mapping import failure
from gearman_cffi.exceptions import GearmanError
from gearman_cffi.ext import JobKind, ReturnCode
from gearman_cffi.servers import Server, ServerCollection

# libgearman searches all tasks of a client for each packet (Q28): so many jobs are outstanding on a lane, if there may
# be more lanes. Beyond both limits the lanes take more.
LANE_JOBS = 100
MOST_LANES = 50
# A lane without a job for this time, in seconds, is closed, unless it is the only one.
IDLE_SECONDS = 30.0
# How long a server that does not answer is left out, and one that refuses connections, if there are others.
SILENT_SECONDS = 30.0
REFUSED_SECONDS = 1.0
CLOSED = "the client was closed"
# A server, and whether a status is asked for. Such requests have lanes of their own. Beside jobs libgearman counts
# one by key as a job (Q23), and takes one for the first job of its connection, if that has no handle yet (Q47).
Route = tuple[Address, bool]
_LOST = frozenset({ReturnCode.LOST_CONNECTION, ReturnCode.ERRNO})


class Lanes:
    """Opens lanes as they are needed. Used in one event loop and one process only."""

    def __init__(self, loop: AbstractEventLoop, servers: ServerCollection, connect_ms: int) -> None:
        """connect_ms: how long opening a connection may take; -1 for no limit."""
        self.loop = loop
        self.process = os.getpid()
        self._servers = servers
        self._connect_ms = connect_ms
        self._known: list[Server] = []  # for which there are addresses
        self._addresses: Addresses = []  # of each server
        self._is_stale = True  # names are to be looked up before the next call
        self._lookup = asyncio.Lock()
        self._rounds = Rounds(loop)
        self._lanes: dict[Route, list[AsyncLane]] = {}
        self._current: dict[Route, AsyncLane] = {}  # the lane that gets the next one
        self._left_out: dict[Address, float] = {}  # until when
        self._retired: set[AsyncLane] = set()  # that have jobs outstanding, and get no more
        self._is_sweeping = False
        self.is_closed = False

    @property
    def is_ready(self) -> bool:
        """Whether add() can be called: all host names are known."""
        return not self._is_stale and len(self._known) == len(self._servers)

    async def prepare(self, seconds: float | None) -> None:
        """Looks host names up. Raises JobTimeout after these seconds, otherwise what look_up() raises."""
        try:
            await asyncio.wait_for(self._look_up(), seconds)
        except asyncio.TimeoutError:
            raise failure(ReturnCode.TIMEOUT, server=str(self._servers), detail="name lookup") from None

    async def _look_up(self) -> None:
        async with self._lookup:
            if not self.is_ready:
                known = self._servers.get_servers()
                addresses = await look_up(self.loop, ServerCollection(known))
                self._known, self._addresses, self._is_stale = known, addresses, False

    def submit(self, submission: Submission, seconds: float | None) -> None:
        """Submits a job. seconds: ends it with TIMEOUT after that time; None for no limit."""
        if seconds is not None:
            submission.seconds = seconds
            submission.timer = self.loop.call_later(seconds, self.expire, submission)
        self.add(submission)

    def add(self, submission: Submission) -> None:
        """Submits a job without a limit. If the lanes are closed, it ends with LOST_CONNECTION."""
        if self.is_closed:
            submission.end(ReturnCode.LOST_CONNECTION, CLOSED)
        else:
            self._lane_for(submission).add(submission)

    def expire(self, submission: Submission) -> None:
        """Ends a job that has no answer in time."""
        lane = submission.lane
        if lane is not None:
            lane.receive()  # the loop may have come back long after the answer
        if submission.rc is not None:
            return
        self.abandon(submission)
        if lane is not None and len(self._addresses) > 1 and not lane.is_closed and lane.is_silent():
            self._left_out[lane.address] = self.loop.time() + SILENT_SECONDS
            self._retire(lane)
        submission.end(ReturnCode.TIMEOUT)

    def abandon(self, submission: Submission) -> None:
        """Forgets a job that may have ended already."""
        lane = submission.lane
        timer, submission.timer = submission.timer, None
        if timer is not None:
            timer.cancel()
        if lane is None:
            return
        if self.process == os.getpid():
            lane.abandon(submission)
        if lane.orphans >= LANE_JOBS:  # the server does not answer them
            self._retire(lane)

    def forget(self) -> None:
        """Closes all connections, in another process or when the loop does not run any more.

        Nobody waits for the outstanding jobs. Raises ConcurrentUseError if the loop runs in another thread.
        """
        if self.process == os.getpid():
            if self.loop.is_running():
                raise ConcurrentUseError(
                    "this client belongs to another event loop; give each event loop its own client"
                )
            self._close_lanes()

    def close(self) -> None:
        """Closes all connections. Outstanding jobs end with LOST_CONNECTION."""
        self.is_closed = True
        for submission in self._close_lanes():
            submission.end(ReturnCode.LOST_CONNECTION, CLOSED)

    def closed_error(self) -> GearmanError:
        """Returns the exception for what cannot be submitted any more."""
        return failure(ReturnCode.LOST_CONNECTION, server=str(self._servers), detail=CLOSED)

    def _close_lanes(self) -> list[Submission]:
        lanes = [lane for group in self._lanes.values() for lane in group]
        lanes.extend(self._retired)
        self._lanes.clear()
        self._current.clear()
        self._retired.clear()
        return [submission for lane in lanes for submission in lane.close()]

    # ------------------------------------------------------------------------------------ lanes

    def _lane_for(self, submission: Submission) -> AsyncLane:
        route = self._address_for(submission), submission.kind >= JobKind.JOB_STATUS
        lane = self._current.get(route)
        if lane is not None and lane.load < LANE_JOBS:
            return lane
        group = self._lanes.setdefault(route, [])
        lane = min(group, key=_load, default=None)
        if lane is None or (lane.load >= LANE_JOBS and len(group) < MOST_LANES):
            lane = self._open(route[0], submission, group)
        self._current[route] = lane
        return lane

    def _address_for(self, submission: Submission) -> Address:
        """The first address in the order of servers that is not left out; if all are, one that was not tried."""
        first = submission.rotation % len(self._addresses)
        if not self._left_out and not submission.tried:
            return self._addresses[first][0]
        servers = self._addresses[first:] + self._addresses[:first]
        untried = [address for server in servers for address in server if address not in submission.tried]
        now = self.loop.time()
        self._left_out = {address: until for address, until in self._left_out.items() if until > now}
        return next((address for address in untried if address not in self._left_out), untried[0])

    def _open(self, address: Address, submission: Submission, group: list[AsyncLane]) -> AsyncLane:
        lane = AsyncLane(self.loop, self._rounds, address, self._connect_ms_of(submission), self._on_lost)
        group.append(lane)
        if len(group) > 1 and not self._is_sweeping:
            self._is_sweeping = True
            self.loop.call_later(IDLE_SECONDS, self._sweep)
        return lane

    def _connect_ms_of(self, submission: Submission) -> int:
        """One server must not take the time of the others."""
        untried = sum(map(len, self._addresses)) - len(submission.tried)
        share = -1 if submission.seconds is None or untried < 2 else int(submission.seconds * 1000 / untried) + 1
        return min((limit for limit in (self._connect_ms, share) if limit >= 0), default=-1)

    def _sweep(self) -> None:
        """Closes lanes that had no job since the last sweep, but not the first ones."""
        for group in self._lanes.values():
            for lane in group[1:]:
                if lane.was_idle_since_last_look():
                    self._retire(lane)
        self._is_sweeping = any(len(group) > 1 for group in self._lanes.values())
        if self._is_sweeping:
            self.loop.call_later(IDLE_SECONDS, self._sweep)

    def _retire(self, lane: AsyncLane) -> None:
        """Gives it no more jobs, and closes it when it has none."""
        for route, group in self._lanes.items():
            if lane in group:
                group.remove(lane)
                if self._current.get(route) is lane:
                    del self._current[route]
        self._retired.add(lane)
        lane.close_when_idle(self._retired.discard)

    # ----------------------------------------------------------------------------- lost servers

    def _on_lost(self, lane: AsyncLane, lost: list[Submission], unsent: list[Submission]) -> None:
        self._retire(lane)
        for submission in unsent:
            self._add_later(submission)
        self._is_stale = not all(is_numeric(server.host) for server in self._known)
        if lane.could_not_connect:
            self._left_out[lane.address] = self.loop.time() + (SILENT_SECONDS if lane.is_late else REFUSED_SECONDS)
        for submission in lost:
            if submission.rc == ReturnCode.COULD_NOT_CONNECT:
                submission.tried += (lane.address,)
                if len(submission.tried) < sum(map(len, self._addresses)):
                    self._add_later(submission)
                    continue
            if self._may_retry(submission):
                self._retry(submission)
            else:
                self._give_up(submission)

    def _add_later(self, submission: Submission) -> None:
        submission.rc = None
        self._lane_for(submission).add(submission, at_once=False)

    @staticmethod
    def _may_retry(submission: Submission) -> bool:
        if submission.with_handle:
            return submission.retries > 0 and submission.rc in _LOST
        return submission.retries > 0 and submission.rc == ReturnCode.LOST_CONNECTION and not submission.handle

    def _retry(self, submission: Submission) -> None:
        submission.retries -= 1
        submission.rotation += submission.with_handle
        submission.first_loss = submission.first_loss or (submission.rc or 0, submission.detail)
        submission.handle, submission.tried = "", ()
        self._add_later(submission)

    @staticmethod
    def _give_up(submission: Submission) -> None:
        """A second attempt that the server has not accepted says nothing about the first one."""
        rc, detail = submission.rc or 0, submission.detail
        if submission.first_loss and rc not in OUTCOMES and not submission.handle:
            rc, detail = submission.first_loss
        submission.end(rc, detail)


def _load(lane: AsyncLane) -> int:
    return lane.load
