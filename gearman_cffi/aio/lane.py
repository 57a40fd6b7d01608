"""A lane: a libgearman client, whose descriptors the event loop watches, and the jobs that are outstanding on it."""

from __future__ import annotations

import math
import select
from asyncio import AbstractEventLoop, TimerHandle
from collections.abc import Callable, Iterable

from gearman_cffi._libgearman import NativeLoopClient, TaskEvent, capabilities
from gearman_cffi.aio.rounds import Rounds
from gearman_cffi.aio.submission import Submission
from gearman_cffi.ext import ReturnCode
from gearman_cffi.job_update import JobUpdate, UpdateKind

Address = tuple[str, int]
_IO_WAIT, _SUCCESS = int(ReturnCode.IO_WAIT), int(ReturnCode.SUCCESS)
_REJECTIONS = frozenset({ReturnCode.JOB_QUEUE_FULL, ReturnCode.QUEUE_ERROR, ReturnCode.SERVER_ERROR})
_KINDS = {
    TaskEvent.CREATED: UpdateKind.CREATED,
    TaskEvent.STATUS: UpdateKind.STATUS,
    TaskEvent.DATA: UpdateKind.DATA,
    TaskEvent.WARNING: UpdateKind.WARNING,
}


class AsyncLane:
    """Submits jobs over a connection of its own, and ends them as answers come.

    address: of its server, numeric. connect_ms: how long opening the connection may take; -1 for no limit.
    on_lost: called with the lane when it cannot be used any more, with the jobs that have ended without an answer,
    whose rc and detail say why, and with those that were not sent.
    """

    def __init__(
        self,
        loop: AbstractEventLoop,
        rounds: Rounds,
        address: Address,
        connect_ms: int,
        on_lost: Callable[[AsyncLane, list[Submission], list[Submission]], object],
    ) -> None:
        self._loop = loop
        self._rounds = rounds
        self._on_lost = on_lost
        self._outstanding: dict[int, Submission] = {}
        self._new: list[Submission] = []  # of these, what libgearman does not have yet
        self._last_number = 0
        self._will_send = False
        self._is_blocked = False  # what libgearman has cannot be sent yet
        self._watched: dict[int, tuple[int, int]] = {}  # descriptor: events, serial
        self.orphans = 0  # abandoned jobs of which libgearman awaits packets
        self._looked_at = 0
        self._on_idle: Callable[[AsyncLane], object] | None = None
        self.is_closed = False
        self.address = address
        self.could_not_connect = False
        self.is_late = False  # opening the connection took too long
        self._opens_until = math.inf if connect_ms < 0 else loop.time() + connect_ms / 1000
        self._native = NativeLoopClient(*address)
        self._native.set_connect_timeout(connect_ms)
        self._timer: TimerHandle | None = None  # for opening a connection in time

    @property
    def load(self) -> int:
        """How many jobs libgearman has."""
        return len(self._outstanding) + self.orphans

    def was_idle_since_last_look(self) -> bool:
        """Whether no job was outstanding since the last call."""
        before, self._looked_at = self._looked_at, self._last_number
        return before == self._last_number and not self._outstanding

    def add(self, submission: Submission, at_once: bool = True) -> None:
        """Submits a job. Jobs that are added in the same iteration of the loop are sent together.

        at_once: sends it now if it is the only one.
        """
        self._last_number = submission.number = self._last_number + 1
        submission.lane = self
        self._outstanding[submission.number] = submission
        self._new.append(submission)
        if at_once and len(self._outstanding) == 1:
            self._send()
        elif not self._will_send:
            self._will_send = True
            self._loop.call_soon(self._send)

    def abandon(self, submission: Submission) -> None:
        """Forgets a job. It is not sent any more, unless libgearman is sending it; its answer is dropped."""
        del self._outstanding[submission.number]
        submission.lane = None
        if submission in self._new:
            self._new.remove(submission)
        else:
            submission.handle = self._native.abandon(submission.number) or submission.handle
            self.orphans = self._native.orphans
        self._check_idle()

    def receive(self) -> int:
        """Receives what has come. Returns how many jobs have ended."""
        before = len(self._outstanding)
        if self._is_blocked and self._native.is_opening and len(self._new) == before:
            self._on_lost(self, [], self._take_new())  # the job to connect for was abandoned: it is not sent
        else:
            self._turn(True)
        return before - len(self._outstanding)

    def is_silent(self) -> bool:
        """Call this when a job has no answer in time: whether the server does not answer, and new jobs need another."""
        return self._native.is_silent()

    def close_when_idle(self, on_idle: Callable[[AsyncLane], object]) -> None:
        """Closes the connections when no job is outstanding, and calls on_idle(self) then."""
        self._on_idle = on_idle
        self._check_idle()

    def close(self) -> list[Submission]:
        """Closes the connections. Returns the jobs that were outstanding."""
        if self.is_closed:
            return []
        self.is_closed = True
        self._watch(())
        self._set_timer(-1)
        self._native.close()
        outstanding = list(self._outstanding.values())
        self._outstanding.clear()
        return outstanding

    # ------------------------------------------------------------------------------------- turns

    def _send(self) -> None:
        """Passes new jobs to libgearman, which cannot cancel one: not more than it can send, and one to connect for."""
        self._will_send = False
        if not self._new or self._is_blocked or self.is_closed:
            return
        most = len(self._new) if self._watched else 1
        new, self._new = self._new[:most], self._new[most:]
        if capabilities.submits_newest_first:
            new.reverse()
        for submission in new:
            self._start(submission)
        self._turn(False)

    def _start(self, submission: Submission) -> None:
        rc = self._native.start(
            submission.number,
            submission.kind,
            submission.function,
            submission.key,
            submission.workload or None,
            submission.epoch,
            submission.on_update is not None,
        )
        if rc:
            self._outstanding.pop(submission.number).end(rc, self._native.error())

    def _on_ready(self) -> None:
        self._rounds.receive(self)

    def _turn(self, is_ready: bool) -> None:
        native = self._native
        if self.is_closed:
            return
        rc = native.turn(is_ready)
        if native.descriptors_changed:
            self._watch(native.descriptors())
            self._set_timer(native.wait_ms)
        if rc in (_IO_WAIT, _SUCCESS):
            self._take()
            self._send()
        else:
            self._lose(rc)

    def _set_timer(self, wait_ms: int) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
        if wait_ms >= 0:
            self._timer = self._loop.call_later(wait_ms / 1000, self._on_time)

    def _on_time(self) -> None:
        self._turn(True)
        if self._timer is not None and not self.is_closed:
            self._set_timer(self._native.wait_ms)

    def _take(self) -> None:
        """Ends the jobs whose answers have come."""
        native = self._native
        for number, event, handle, numerator, denominator, data in native.updates():
            watched = self._outstanding[number]
            watched.handle = handle
            if watched.on_update is not None:
                watched.on_update(JobUpdate(_KINDS[TaskEvent(event)], handle, numerator, denominator, data))
        lost = []
        for number, code, data, handle, status in native.ended():
            submission = self._outstanding.pop(number)
            submission.data, submission.handle, submission.status = data, handle or submission.handle, status
            if code == ReturnCode.LOST_CONNECTION:
                submission.rc, submission.detail = code, native.error()
                lost.append(submission)
            elif code in _REJECTIONS:
                submission.handle = ""
                submission.end(code, handle)
            else:
                submission.end(code)
        if self.orphans:
            self.orphans = native.orphans
        if lost:
            self._on_lost(self, lost, [])
        self._check_idle()

    def _check_idle(self) -> None:
        if self._on_idle is not None and not self._outstanding and not self.is_closed:
            self.close()
            self._on_idle(self)

    def _lose(self, rc: int) -> None:
        native = self._native
        self.could_not_connect = rc == ReturnCode.COULD_NOT_CONNECT
        self.is_late = self.could_not_connect and self._loop.time() >= self._opens_until - 0.01
        detail = native.error()
        lost = []
        for number, code, data, handle, _ in native.ended():
            submission = self._outstanding.pop(number)
            submission.data = data
            submission.handle = handle
            submission.rc, submission.detail = code, detail
            lost.append(submission)
        unsent = self._take_new()
        if self.could_not_connect:
            for submission in unsent:
                submission.rc, submission.detail = rc, detail
            lost, unsent = lost + unsent, []
        self._on_lost(self, lost, unsent)

    def _take_new(self) -> list[Submission]:
        """Returns the jobs that libgearman does not have, which are outstanding no more."""
        new, self._new = self._new, []
        for submission in new:
            del self._outstanding[submission.number]
        return new

    # ------------------------------------------------------------------------------- descriptors

    def _watch(self, descriptors: Iterable[tuple[int, int, int]]) -> None:
        """Watches these descriptors, and no others. A closed one may have come back as that of another connection."""
        wanted = {fd: (events, serial) for fd, events, serial in descriptors if events}
        is_sending = any(events & select.POLLOUT for events, _ in wanted.values())
        self._is_blocked = is_sending or self._native.is_opening
        for fd, (events, serial) in list(self._watched.items()):
            if fd not in wanted or wanted[fd][1] != serial:
                del self._watched[fd]
                self._change(fd, events, 0)
        for fd, (events, serial) in wanted.items():
            before = self._watched.get(fd, (0, serial))[0]
            self._watched[fd] = events, serial
            self._change(fd, before, events)

    def _change(self, fd: int, before: int, events: int) -> None:
        loop, changed = self._loop, before ^ events
        if loop.is_closed():
            return
        try:
            if changed & select.POLLIN:
                loop.add_reader(fd, self._on_ready) if events & select.POLLIN else loop.remove_reader(fd)
            if changed & select.POLLOUT:
                loop.add_writer(fd, self._on_ready) if events & select.POLLOUT else loop.remove_writer(fd)
        except OSError:  # of a descriptor that was closed, which the loop forgets all the same
            if events:
                raise
