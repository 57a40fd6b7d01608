"""Jobs whose answers are waited for."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice

from gearman_cffi.bulk.lane import Lane
from gearman_cffi.bulk.submission import LOST, Submission
from gearman_cffi.ext import GearmanClient, ReturnCode
from gearman_cffi.ext.loading import wait_for_news

WINDOW = 200


class Batch:
    """Submits and waits, for one call of a Client, so that a caller may use the Client between two answers.

    window: how many jobs are outstanding at most. servers: how many there are; names: theirs, for the texts of errors.
    """

    def __init__(self, client: GearmanClient, servers: int, names: str, window: int = WINDOW) -> None:
        self._window = window
        self._over: deque[Submission] = deque()
        count = max(1, min(servers, window))
        self._servers = servers
        self._lanes = [Lane(client, rotation, names, self._over.append) for rotation in range(count)]

    def run(self, submissions: Iterable[Submission], seconds: float | None, each: bool = False) -> Iterator[Submission]:
        """Yields the submissions as they end, and takes no more of them than the window has room for.

        seconds bounds the whole run, or with each every submission by itself. Those that did not end in time, or
        whose server went away, have an error.
        """
        coming = iter(submissions)
        deadline = None if seconds is None or each else time.monotonic() + seconds
        lifetime = seconds if each else None
        try:
            while True:
                room = self._window - sum(len(lane.outstanding) for lane in self._lanes)
                self._add(list(islice(coming, room)), deadline, lifetime)
                if not self._over and not self._busy():
                    return
                self._step()
                while self._over:
                    yield self._over.popleft()
        finally:
            self._close()

    def rounds(self, submission: Submission, seconds: float | None) -> Iterator[None]:
        """Submits one job, and comes back after each round of packets until it has ended."""
        submission.losses = self._servers  # its updates may have been shown: it is not submitted again
        try:
            self._add([submission], None if seconds is None else time.monotonic() + seconds, None)
            while not submission.is_done:
                self._step()
                yield
        finally:
            self._close()

    def _busy(self) -> list[Lane]:
        return [lane for lane in self._lanes if lane.outstanding]

    def _close(self) -> None:
        for lane in self._lanes:
            lane.close()

    # -------------------------------------------------------------------------------- one round

    def _add(self, new: list[Submission], deadline: float | None, lifetime: float | None) -> None:
        for submission in new:
            submission.deadline = time.monotonic() + lifetime if lifetime is not None else deadline
            if submission.error is not None:
                submission.is_done = True
                self._over.append(submission)
        self._spread([submission for submission in new if submission.error is None])

    def _spread(self, tasks: list[Submission]) -> None:
        """Gives tasks to the lanes with the least to do; those with a unique key to the first."""
        if len(self._lanes) == 1:
            self._lanes[0].add(tasks)
            return
        shares: list[list[Submission]] = [[] for _ in self._lanes]
        loads = [len(lane.outstanding) for lane in self._lanes]
        for task in tasks:
            number = loads.index(min(loads)) if not task.key else 0
            shares[number].append(task)
            loads[number] += 1
        for lane, share in zip(self._lanes, shares, strict=True):
            lane.add(share)

    def _step(self) -> None:
        """Takes what has come; where nothing has, waits for more."""
        if self._over:
            return
        busy = self._busy()
        for lane in busy:
            lane.has_news = False
            self._look_at(lane, lane.step(_left(lane.outstanding.values())))
        if not self._over and not any(lane.has_news for lane in busy):
            self._wait()

    def _look_at(self, lane: Lane, rc: int) -> None:
        """After a step of a lane: what it could not do fails, or goes to another server where the first has gone."""
        if rc == ReturnCode.SUCCESS:
            return
        if rc == ReturnCode.TIMEOUT:
            self._end_late([lane])
            return
        again = []
        for submission in list(lane.outstanding.values()):
            if rc in LOST and submission.losses < self._servers - 1:
                again.append(submission)
            else:
                lane.fail(submission, rc)
        lane.give_up()
        for submission in again:
            submission.start_again()
        lane.add(again)
        lane.has_news = lane.has_news or bool(again)

    def _wait(self) -> None:
        busy = self._busy()
        if not busy:
            return
        left = _left(one for lane in busy for one in lane.outstanding.values())
        if left == 0:
            self._end_late(busy)
        elif wait_for_news([lane.client for lane in busy], left) == ReturnCode.NO_ACTIVE_FDS:
            for lane in busy:
                self._look_at(lane, lane.step_unconnected(left))

    def _end_late(self, lanes: list[Lane]) -> None:
        """libgearman cannot withdraw a task: an answer that comes later is dropped."""
        now = time.monotonic()
        for lane in lanes:
            for submission in list(lane.outstanding.values()):
                if submission.deadline is not None and submission.deadline <= now:
                    lane.fail(submission, ReturnCode.TIMEOUT)


def _left(submissions: Iterable[Submission]) -> int:
    """The time to the first deadline, in ms, at least 1 before it; -1 where there is none."""
    deadlines = [submission.deadline for submission in submissions if submission.deadline is not None]
    if not deadlines:
        return -1
    left = min(deadlines) - time.monotonic()
    return 0 if left <= 0 else int(left * 1000) + 1
