"""The scheduler: spreads the jobs of a bulk call over lanes, keeps their deadlines, and resubmits what was lost."""

from __future__ import annotations

import itertools
import math
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Generic

from gearman_cffi.bulk.lane import Lane, milliseconds_until, wait_for_lanes
from gearman_cffi.bulk.window import WINDOW_BYTES, J, WindowQueue
from gearman_cffi.ext import ReturnCode

# The return codes of a lost server. Its unanswered jobs are submitted again if there is another server.
_LOST = frozenset({ReturnCode.LOST_CONNECTION, ReturnCode.ERRNO})
# Jobs are taken from the caller in slices: at most so many, and for so long, before the lanes are stepped again.
_SLICE_JOBS = 200
_SLICE_SECONDS = 0.005
# How long a step may take when no time is left, in ms.
_GRACE_MS = 20


class Scheduler(Generic[J]):
    """Runs the jobs of a call. Jobs are taken from the iterable when there is room for them.

    window: the limit of jobs that are taken and not answered. retries: how often a job is submitted again after its
    server was lost. timeout bounds the whole run, job_timeout each job from its submission, in seconds.
    """

    def __init__(
        self,
        lanes: Sequence[Lane[J]],
        jobs: Iterable[J],
        *,
        window: int,
        retries: int,
        timeout: float | None = None,
        job_timeout: float | None = None,
    ) -> None:
        self._lanes = lanes
        self._jobs = iter(jobs)
        self._is_exhausted = False
        self._most_bytes = WINDOW_BYTES * len(lanes)  # of queued workloads
        self._window = window
        self._retries = retries
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._job_timeout = job_timeout
        self._losses: Counter[int] = Counter()  # by the positions of the jobs
        # Jobs with a unique key go to the first lane, as a single submission would; the others go to any.
        self._keyed: WindowQueue[J] = WindowQueue()
        self._others: WindowQueue[J] = WindowQueue()
        self._routes = ((self._keyed, lanes[:1]), (self._others, lanes))

    def run(self) -> None:
        """Returns when all jobs have ended."""
        while self.step():
            pass

    def step(self) -> bool:
        """Submits jobs and receives answers; waits if there is nothing else to do. False if all jobs have ended."""
        has_room = self._take()
        if self._is_exhausted and not self._busy() and not self._keyed and not self._others:
            return False
        for lane in self._lanes:
            lane.has_progressed = False
        self._submit()
        busy = self._busy()
        for lane in busy:
            self._step_lane(lane, poll=has_room)
        if busy and not has_room and not any(lane.has_progressed for lane in self._lanes):
            self._wait(busy)
        return True

    def close(self) -> None:
        """Closes the connections."""
        for lane in self._lanes:
            lane.close()

    def _busy(self) -> list[Lane[J]]:
        return [lane for lane in self._lanes if lane.outstanding]

    # ------------------------------------------------------------------------- taking and submitting

    def _take(self) -> bool:
        """Takes jobs from the caller. True if there is room for more, so that it is too early to wait.

        Takes none if a lane has room for queued jobs: its server would be idle while more are encoded.
        """
        if any(queue and any(lane.room for lane in lanes) for queue, lanes in self._routes):
            return True
        bytes_left = self._most_bytes - self._keyed.size - self._others.size
        if self._is_exhausted or bytes_left <= 0:
            return False
        room = self._window - len(self._keyed) - len(self._others) - sum(lane.outstanding for lane in self._lanes)
        count = max(0, min(room, _SLICE_JOBS))
        until = time.monotonic() + _SLICE_SECONDS
        jobs: list[J] = []
        is_late = False
        for job in itertools.islice(self._jobs, count):
            jobs.append(job)
            bytes_left -= len(job.workload)
            is_late = time.monotonic() > until
            if is_late or bytes_left <= 0:
                break
        else:
            self._is_exhausted = len(jobs) < count
        self._queue(jobs)
        return is_late or (room > _SLICE_JOBS and bytes_left > 0 and not self._is_exhausted)

    def _queue(self, jobs: list[J]) -> None:
        if len(self._lanes) == 1:
            self._others.extend(jobs)
        else:
            self._keyed.extend([job for job in jobs if job.key])
            self._others.extend([job for job in jobs if not job.key])

    def _submit(self) -> None:
        """Gives the queued jobs to the lanes that have the least to do."""
        deadline = self._deadline
        if deadline is None and self._job_timeout is not None:
            deadline = time.monotonic() + self._job_timeout
        is_late = self._deadline is not None and time.monotonic() >= self._deadline
        for queue, lanes in self._routes:
            while queue and is_late:
                for job in queue.take(len(queue)):
                    lanes[0].fail(job, ReturnCode.TIMEOUT, None)
            while queue and (free := [lane for lane in lanes if lane.room]):
                lane = min(free, key=lambda lane: lane.load)
                share = math.ceil(len(queue) / len(free))
                lane.add(queue.take(min(share, lane.room)), deadline)

    # -------------------------------------------------------------------------------------- answers

    def _step_lane(self, lane: Lane[J], poll: bool) -> None:
        """Receives answers before it ends late jobs: the caller may have come back long after an answer came."""
        left = milliseconds_until(lane.deadline)
        before, lane.stepped_at = lane.stepped_at, time.monotonic()
        self._settle(lane, lane.step(left or _GRACE_MS, poll or left == 0))
        if left == 0:
            self._expire(lane, before if lane.has_progressed else lane.stepped_at)

    def _wait(self, busy: Sequence[Lane[J]]) -> None:
        deadlines = [lane.deadline for lane in busy]
        left = milliseconds_until(min((one for one in deadlines if one is not None), default=None))
        if left == 0:
            return
        if len(busy) == 1:
            self._settle(busy[0], busy[0].wait(left))
        elif wait_for_lanes(busy, left) == ReturnCode.NO_ACTIVE_FDS:
            for lane in busy:
                self._settle(lane, lane.step_unconnected(left))

    def _settle(self, lane: Lane[J], rc: int) -> None:
        """Takes the results of a lane after a return code."""
        if rc == ReturnCode.IO_WAIT:
            return
        if rc == ReturnCode.TIMEOUT and lane.deadline is not None:
            self._expire(lane, time.monotonic())
            return
        detail = lane.error() if rc else None
        lane.has_progressed = True
        for job, code in lane.finish(rc):
            if code in _LOST and self._losses[job.position] < self._retries:
                self._losses[job.position] += 1
                self._queue([job])
            else:
                lane.fail(job, code, detail)

    def _expire(self, lane: Lane[J], now: float) -> None:
        detail = lane.error()
        for job, code in lane.expire(now):
            lane.fail(job, code, detail)
