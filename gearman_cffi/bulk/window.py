"""Background jobs that go out together."""

from __future__ import annotations

from array import array
from collections import deque
from operator import itemgetter

from gearman_cffi.bulk.reading import Entry

SIZE = 500
# At most as many bytes of workloads go into a window, unless it is those of one job.
BYTES = 1 << 22

_workload_of = itemgetter(4)


class Window:
    """Jobs for a BatchSubmitter. losses: how many servers went away with them; size: that of their workloads."""

    __slots__ = ("entries", "losses", "size")

    def __init__(self, losses: int = 0) -> None:
        self.entries: list[Entry] = []
        self.losses = losses
        self.size = 0

    def has_room(self, size: int = 1) -> bool:
        """Whether more jobs can go into it, with so many bytes of workloads."""
        return len(self.entries) < SIZE and self.size + size <= BYTES

    def columns(self) -> tuple[bytes, bytes, bytes, bytes, bytes]:
        """The arguments of BatchSubmitter.load()."""
        _, kinds, names, keys, workloads = zip(*self.entries, strict=True)
        sizes = array("Q", map(len, workloads)).tobytes()
        return bytes(kinds), _with_nul(names), _with_nul(keys), b"".join(workloads), sizes


class Line:
    """Windows that wait for a lane."""

    def __init__(self) -> None:
        self._windows: deque[Window] = deque()

    def __bool__(self) -> bool:
        return bool(self._windows)

    def is_full(self, windows: int) -> bool:
        """Whether so many windows wait that there need be no more."""
        return len(self._windows) > windows or (len(self._windows) == windows and not self._windows[-1].has_room())

    def extend(self, entries: list[Entry], losses: int = 0) -> None:
        """Takes more jobs, into the last window while there is room."""
        size = sum(map(len, map(_workload_of, entries)))
        if size <= BYTES:
            self._put(entries, size, losses)
        else:
            for entry in entries:
                self._put([entry], len(_workload_of(entry)), losses)

    def next(self) -> Window | None:
        """The next window, full or not; None where no job waits."""
        return self._windows.popleft() if self._windows else None

    def drain(self) -> list[Entry]:
        """All that waits."""
        entries = [entry for window in self._windows for entry in window.entries]
        self._windows.clear()
        return entries

    def _put(self, entries: list[Entry], size: int, losses: int) -> None:
        windows = self._windows
        if not windows or not windows[-1].has_room(size) or windows[-1].losses != losses:
            windows.append(Window(losses))
        windows[-1].entries += entries
        windows[-1].size += size


def _with_nul(texts: tuple[bytes, ...]) -> bytes:
    return b"\0".join((*texts, b""))
