"""Jobs that are left with a server."""

from __future__ import annotations

import itertools
import time
from array import array
from collections.abc import Iterable
from typing import NamedTuple

from gearman_cffi.bulk.submission import LOST
from gearman_cffi.exceptions import GearmanError
from gearman_cffi.ext import GearmanClient, JobKind, ReturnCode
from gearman_cffi.ext.loading import Loader, wait_for_news
from gearman_cffi.failures import failure

WINDOW = 500

_SUCCESS, _TIMEOUT = int(ReturnCode.SUCCESS), int(ReturnCode.TIMEOUT)
_IO_WAIT = int(ReturnCode.IO_WAIT)
_NO_ACTIVE_FDS, _COULD_NOT_CONNECT = int(ReturnCode.NO_ACTIVE_FDS), int(ReturnCode.COULD_NOT_CONNECT)


class Entry(NamedTuple):
    """A job to submit. place: of its handle in the results; losses: how many servers went away with it."""

    place: int
    kind: JobKind
    function: str
    unique: str | None
    workload: bytes
    losses: int = 0


class _Lane:
    """A Loader, and the window of jobs that it has."""

    def __init__(self, client: GearmanClient, rotation: int) -> None:
        self._client = client
        self._rotation = rotation
        self.window: list[Entry] = []
        self.loader = Loader(client, rotation)

    def load(self, window: list[Entry], timeout_ms: int) -> int:
        """Takes a window and sends what can be sent without waiting; a return code, IO_WAIT if answers are to come."""
        parts: list[bytes] = []
        sizes = array("I")
        for _, kind, function, unique, workload, _ in window:
            name, key = function.encode(), unique.encode() if unique else b""
            parts += (name, b"\0", key, b"\0", workload)
            sizes.extend((kind, len(name) + 1, len(key) + 1, len(workload)))
        self.window = window
        rc = self.loader.load(len(window), b"".join(parts), sizes.tobytes())
        return rc or self.loader.run(waits=False, timeout_ms=timeout_ms)

    def unload(self, rc: int) -> tuple[list[Entry], list[str], list[int]]:
        """What became of the window; what was not answered has failed with rc, and goes on at another server."""
        window, self.window = self.window, []
        handles, codes = self.loader.unload(len(window), rc)
        if rc:
            self._rotation += 1
            self.loader = Loader(self._client, self._rotation)
        return window, handles, codes


class _Submitting:
    """One call: lanes, what is still to be submitted, and the results."""

    def __init__(
        self, client: GearmanClient, servers: int, names: str, entries: Iterable[Entry], seconds: float | None
    ) -> None:
        self._coming = iter(entries)
        self._lanes = [_Lane(client, rotation) for rotation in range(max(1, servers))]
        self._servers = servers
        self._names = names
        self._deadline = None if seconds is None else time.monotonic() + seconds
        # Jobs with a unique key wait for the first lane; the others for any. With one lane there is no difference,
        # and the order of the jobs is kept.
        self._keyed: list[Entry] = []
        self._others: list[Entry] = []
        self.results: dict[int, str | GearmanError] = {}

    def run(self) -> None:
        while self._left() != 0:
            for number, lane in enumerate(self._lanes):
                if not lane.window and (window := self._next_window(first=number == 0)):
                    self._look_at(lane, lane.load(window, self._left()))
            self._prepare()  # while the servers are at it
            busy = [lane for lane in self._lanes if lane.window]
            if not busy and not self._keyed and not self._others:
                return
            if len(self._lanes) == 1 and busy:
                self._look_at(busy[0], busy[0].loader.run(waits=True, timeout_ms=self._left()))
            elif busy:
                self._step(busy)
        for lane in self._lanes:
            if lane.window:
                self._take(lane, _TIMEOUT)
        for entry in itertools.chain(self._keyed, self._others, self._coming):
            self.results[entry.place] = self._failure(entry, _TIMEOUT)

    def _step(self, busy: list[_Lane]) -> None:
        """Takes what has come for one of several lanes; where no window is done, waits for more."""
        for lane in busy:
            self._look_at(lane, lane.loader.run(waits=False, timeout_ms=self._left()))
        if all(lane.window for lane in busy):
            rc = wait_for_news([lane.loader for lane in busy], self._left())
            for lane in busy if rc == _NO_ACTIVE_FDS else ():
                self._look_at(lane, lane.loader.run(waits=True, timeout_ms=self._left()))

    def _left(self) -> int:
        return -1 if self._deadline is None else max(0, int((self._deadline - time.monotonic()) * 1000))

    # ------------------------------------------------------------------------------- windows

    def _prepare(self) -> None:
        """Takes jobs from the caller's iterable, a window's worth for each lane."""
        most = WINDOW * len(self._lanes)
        while len(self._keyed) < WINDOW and len(self._others) < most:
            entry = next(self._coming, None)
            if entry is None:
                return
            is_keyed = len(self._lanes) > 1 and entry.unique
            (self._keyed if is_keyed else self._others).append(entry)

    def _next_window(self, first: bool) -> list[Entry]:
        if not self._keyed and not self._others:
            self._prepare()
        waiting = self._keyed if first and self._keyed else self._others
        window = waiting[:WINDOW]
        del waiting[:WINDOW]
        return window

    def _look_at(self, lane: _Lane, rc: int) -> None:
        if rc != _IO_WAIT:
            self._take(lane, _COULD_NOT_CONNECT if rc == _NO_ACTIVE_FDS else rc)

    def _take(self, lane: _Lane, rc: int) -> None:
        """Takes the results of a window that is done, or has failed."""
        detail = lane.loader.error() if rc else None
        window, handles, codes = lane.unload(rc)
        if not any(codes):
            self.results.update(zip((entry.place for entry in window), handles, strict=True))
            return
        for entry, handle, code in zip(window, handles, codes, strict=True):
            if code == _SUCCESS:
                self.results[entry.place] = handle
            elif code in LOST and entry.losses < self._servers - 1:
                (self._keyed if entry.unique else self._others).append(entry._replace(losses=entry.losses + 1))
            else:
                self.results[entry.place] = self._failure(entry, code, detail)

    def _failure(self, entry: Entry, rc: int, detail: str | None = None) -> GearmanError:
        return failure(rc, server=self._names, function=entry.function, detail=detail)


def submit_in_background(
    client: GearmanClient, servers: int, names: str, entries: Iterable[Entry], seconds: float | None
) -> dict[int, str | GearmanError]:
    """Submits jobs, taken from the iterable as there is room; the handle of each by its place, or its error.

    servers: how many there are; names: theirs, for the texts of errors. seconds bounds the whole: what is not answered
    in time has failed.
    """
    submitting = _Submitting(client, servers, names, entries, seconds)
    submitting.run()
    return submitting.results
