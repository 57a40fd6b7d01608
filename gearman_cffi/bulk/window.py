"""Background jobs that go out together."""

from __future__ import annotations

from array import array
from collections import deque

from gearman_cffi.bulk.reading import Parts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

SIZE = 500

# The place of its handle in the results, and what is sent for it.
Entry: TypeAlias = tuple[int, Parts]


class Window:
    """Jobs in the form that Loader takes. losses: how many servers went away with them."""

    __slots__ = ("_parts", "_sizes", "entries", "losses")

    def __init__(self, losses: int = 0) -> None:
        self.entries: list[Entry] = []
        self.losses = losses
        self._parts: list[bytes] = []
        self._sizes: list[int] = []

    def extend(self, entries: list[Entry]) -> None:
        """Takes more jobs."""
        parts, sizes = self._parts, self._sizes
        for _, (kind, function, key, workload) in entries:
            name = function.encode()
            parts += (name, b"\0", key, b"\0", workload)
            sizes += (kind, len(name) + 1, len(key) + 1, len(workload))
        self.entries += entries

    def packed(self) -> tuple[int, bytes, bytes]:
        """The arguments of Loader.load()."""
        return len(self.entries), b"".join(self._parts), array("I", self._sizes).tobytes()


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
        self._windows[-1].extend(entries)

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
