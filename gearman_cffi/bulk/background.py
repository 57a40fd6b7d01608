"""Jobs that are left with a server."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable

from gearman_cffi.bulk.reading import Entry
from gearman_cffi.bulk.results import Results
from gearman_cffi.bulk.submission import LOST
from gearman_cffi.bulk.window import Line, Window
from gearman_cffi.error_mapping import failure
from gearman_cffi.ext import GearmanClient, ReturnCode
from gearman_cffi.ext.batch import BatchSubmitter, wait_for_any

# How many jobs are taken from the caller's iterable before the servers are looked after again.
SLICE = 100

_SUCCESS, _TIMEOUT = int(ReturnCode.SUCCESS), int(ReturnCode.TIMEOUT)
_IO_WAIT = int(ReturnCode.IO_WAIT)
_NO_ACTIVE_FDS, _COULD_NOT_CONNECT = int(ReturnCode.NO_ACTIVE_FDS), int(ReturnCode.COULD_NOT_CONNECT)


class _Lane:
    """A BatchSubmitter, and the window of jobs that it has."""

    def __init__(self, client: GearmanClient, rotation: int) -> None:
        self._client = client
        self._rotation = rotation
        self.window: Window | None = None
        self.taken = 0  # jobs, in all
        self.loader = BatchSubmitter(client, rotation)

    def load(self, window: Window, timeout_ms: int) -> int:
        """Takes a window and sends what can be sent without waiting; a return code, IO_WAIT if answers are to come."""
        self.window = window
        self.taken += len(window.entries)
        return self.loader.load(*window.columns()) or self.go_on(timeout_ms)

    def go_on(self, timeout_ms: int) -> int:
        """Sends and takes what is possible now."""
        return self.loader.run(waits=False, timeout_ms=timeout_ms)

    def wait(self, timeout_ms: int) -> int:
        """Goes on until all of the window is answered."""
        return self.loader.run(waits=True, timeout_ms=timeout_ms)

    def unload(self, window: Window, rc: int) -> tuple[list[str], list[int]]:
        """What became of the window; what was not answered has failed with rc, and goes on at another server."""
        self.window = None
        handles, codes = self.loader.unload(len(window.entries), rc)
        if rc:
            self._rotation += 1
            self.loader = BatchSubmitter(self._client, self._rotation)
        return handles, codes


class BackgroundSubmission:
    """Submits jobs, taken from the iterable as there is room; results takes the handle of each, or its error.

    servers: how many there are; names: theirs, for the texts of errors. seconds bounds the whole: what is not answered
    in time has failed.
    """

    def __init__(
        self,
        client: GearmanClient,
        servers: int,
        names: str,
        entries: Iterable[Entry],
        seconds: float | None,
        results: Results,
    ) -> None:
        self._coming = iter(entries)
        self._results = results
        self._lanes = [_Lane(client, rotation) for rotation in range(max(1, servers))]
        self._servers = servers
        self._names = names
        self._deadline = None if seconds is None else time.monotonic() + seconds
        # Jobs with a unique key wait for the first lane; the others for any. With one lane there is no difference,
        # and the order of the jobs is kept.
        self._keyed, self._others = Line(), Line()

    def run(self) -> None:
        """Comes back when every job has its handle or its error."""
        while self._left() != 0:
            self._fill_lanes()
            busy = [lane for lane in self._lanes if lane.window]
            if self._prepare():  # while the servers are at it
                for lane in busy:
                    self._look_at(lane, lane.go_on(self._left()))
            elif len(busy) == len(self._lanes) == 1:
                self._look_at(busy[0], busy[0].wait(self._left()))
            elif busy:
                self._step(busy)
            elif not self._keyed and not self._others:
                return
        for lane in self._lanes:
            if lane.window:
                self._take(lane, _TIMEOUT)
        for entry in itertools.chain(self._keyed.drain(), self._others.drain(), self._coming):
            self._fail(entry, _TIMEOUT)

    def _step(self, busy: list[_Lane]) -> None:
        """Takes what has come for one of several lanes; where no window is done, waits for more."""
        for lane in busy:
            self._look_at(lane, lane.go_on(self._left()))
        if all(lane.window for lane in busy):
            rc = wait_for_any([lane.loader for lane in busy], self._left())
            for lane in busy if rc == _NO_ACTIVE_FDS else ():
                self._look_at(lane, lane.wait(self._left()))

    def _left(self) -> int:
        return -1 if self._deadline is None else max(0, int((self._deadline - time.monotonic()) * 1000))

    # ------------------------------------------------------------------------------- windows

    def _prepare(self) -> bool:
        """Takes a slice of the caller's jobs. False where there are no more, or enough of them for now."""
        lanes = len(self._lanes)
        if self._keyed.is_full(1) or self._others.is_full(lanes):
            return False
        entries = list(itertools.islice(self._coming, SLICE))
        keyed = [entry for entry in entries if entry[3]] if lanes > 1 else []
        others = [entry for entry in entries if not entry[3]] if keyed else entries
        if keyed:
            self._keyed.extend(keyed)
        if others:
            self._others.extend(others)
        return bool(entries)

    def _fill_lanes(self) -> None:
        for lane in sorted(self._lanes, key=lambda lane: lane.taken):
            if lane.window is None:
                window = (self._keyed.next() if lane is self._lanes[0] else None) or self._others.next()
                if window is not None:
                    self._look_at(lane, lane.load(window, self._left()))

    def _look_at(self, lane: _Lane, rc: int) -> None:
        if rc != _IO_WAIT:
            self._take(lane, _COULD_NOT_CONNECT if rc == _NO_ACTIVE_FDS else rc)

    def _take(self, lane: _Lane, rc: int) -> None:
        """Takes the results of a window that is done, or has failed."""
        window = lane.window
        assert window is not None
        detail = lane.loader.error() if rc else None
        handles, codes = lane.unload(window, rc)
        self._results.take(window.entries, handles, in_order=not window.losses)
        if not any(codes):
            return
        again: list[Entry] = []
        for entry, code in zip(window.entries, codes, strict=True):
            if code in LOST and window.losses < self._servers - 1:
                again.append(entry)
            elif code != _SUCCESS:
                self._fail(entry, code, detail)
        for line, wanted in ((self._keyed, True), (self._others, False)):
            entries = [entry for entry in again if bool(entry[3]) is wanted]
            if entries:
                line.extend(entries, window.losses + 1)

    def _fail(self, entry: Entry, rc: int, detail: str | None = None) -> None:
        place, _, name, _, _ = entry
        self._results.errors[place] = failure(rc, server=self._names, function=name.decode(), detail=detail)
