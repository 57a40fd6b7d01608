"""Background jobs that go out together."""

from __future__ import annotations

from array import array
from collections import deque

from gearman_cffi.bulk.reading import Entry

SIZE = 500


class Window:
    """Jobs for a Loader. losses: how many servers went away with them."""

    __slots__ = ("entries", "losses")

    def __init__(self, losses: int = 0) -> None:
        self.entries: list[Entry] = []
        self.losses = losses

    def columns(self) -> tuple[bytes, bytes, bytes, bytes, bytes]:
        """The arguments of Loader.load()."""
        _, kinds, names, keys, workloads = zip(*self.entries, strict=True)
        sizes = array("I", map(len, workloads)).tobytes()
        return bytes(kinds), _with_nul(names), _with_nul(keys), b"".join(workloads), sizes


class Line:
    """Windows that wait for a lane."""

    def __init__(self) -> None:
        self._windows: deque[Window] = deque()

    def __bool__(self) -> bool:
        return bool(self._windows)

    def is_full(self, windows: int) -> bool:
        """Whether so many windows wait that there need be no more."""
        return len(self._windows) > windows or (len(self._windows) == windows and self._last_is_full())

    def extend(self, entries: list[Entry], losses: int = 0) -> None:
        """Takes more jobs, into the last window while there is room."""
        if not self._windows or self._last_is_full() or self._windows[-1].losses != losses:
            self._windows.append(Window(losses))
        self._windows[-1].entries += entries

    def next(self) -> Window | None:
        """The next window, full or not; None where no job waits."""
        return self._windows.popleft() if self._windows else None

    def drain(self) -> list[Entry]:
        """All that waits."""
        entries = [entry for window in self._windows for entry in window.entries]
        self._windows.clear()
        return entries

    def _last_is_full(self) -> bool:
        return len(self._windows[-1].entries) >= SIZE


def _with_nul(texts: tuple[bytes, ...]) -> bytes:
    return b"\0".join((*texts, b""))
