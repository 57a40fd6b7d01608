"""Jobs whose answers are waited for."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice

from gearman_cffi.bulk.lane import Lane
from gearman_cffi.bulk.submission import LOST, Submission
from gearman_cffi.ext import GearmanClient, ReturnCode
from gearman_cffi.ext.batch import wait_for_any

WINDOW = 200
# For how long jobs are taken before they are sent, in s.
_PATIENCE = 0.005
# For a step where no time is left, in ms.
_MOMENT = 20


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
                new, are_last = _take(coming, room)
                self._add(new, deadline, lifetime)
                if are_last and not self._over and not self._busy():
                    return
                self.go_on(waits=are_last or not room)
                while self._over:
                    yield self._over.popleft()
        finally:
            self.close()

    def begin(self, submission: Submission, seconds: float | None) -> None:
        """Submits one job; what comes for it is taken by go_on()."""
        submission.losses = self._servers  # its updates may have been shown: it is not submitted again
        self._add([submission], None if seconds is None else time.monotonic() + seconds, None)

    def go_on(self, waits: bool = True) -> None:
        """Sends and takes what is possible now; where nothing has come, waits for more."""
        if self._over:
            return
        busy = self._busy()
        for lane in busy:
            self._step(lane, waits)
        if waits and not self._over and not any(lane.has_news for lane in busy):
            self._wait()

    def close(self) -> None:
        """Drops the connections."""
        for lane in self._lanes:
            lane.close()

    def _busy(self) -> list[Lane]:
        return [lane for lane in self._lanes if lane.outstanding]

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

    def _step(self, lane: Lane, waits: bool) -> None:
        """What has come is taken before anything is late: the caller, or its iterable, may have been away for long."""
        left = _left(lane.outstanding.values())
        before, lane.stepped = lane.stepped, time.monotonic()
        lane.has_news = False
        if left == 0 or not waits:
            wait_for_any([lane.client], 0)  # libgearman reads only where a wait has told that there is something
        self._look_at(lane, lane.step(left or _MOMENT))
        if left == 0:
            self._end_late([lane], before if lane.has_news else lane.stepped)

    def _look_at(self, lane: Lane, rc: int) -> None:
        """After a step of a lane: what it could not do fails, or goes to another server where the first has gone."""
        if rc == ReturnCode.SUCCESS:
            return
        if rc == ReturnCode.TIMEOUT:
            self._end_late([lane], time.monotonic())
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
            self._end_late(busy, time.monotonic())
        elif wait_for_any([lane.client for lane in busy], left) == ReturnCode.NO_ACTIVE_FDS:
            for lane in busy:
                self._look_at(lane, lane.step_unconnected(left))

    def _end_late(self, lanes: list[Lane], then: float) -> None:
        """Ends what was late then. libgearman cannot withdraw a task: an answer that comes later is dropped."""
        for lane in lanes:
            for submission in list(lane.outstanding.values()):
                if submission.deadline is not None and submission.deadline <= then:
                    lane.fail(submission, ReturnCode.TIMEOUT)


def _take(coming: Iterator[Submission], room: int) -> tuple[list[Submission], bool]:
    """As many as there is room for, or fewer where they come slowly; and whether there are no others."""
    new = []
    until = time.monotonic() + _PATIENCE
    for submission in islice(coming, room):
        new.append(submission)
        if time.monotonic() > until:
            return new, False
    return new, len(new) < room


def _left(submissions: Iterable[Submission]) -> int:
    """The time to the first deadline, in ms, at least 1 before it; -1 where there is none."""
    deadlines = [submission.deadline for submission in submissions if submission.deadline is not None]
    if not deadlines:
        return -1
    left = min(deadlines) - time.monotonic()
    return 0 if left <= 0 else int(left * 1000) + 1
