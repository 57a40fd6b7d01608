"""What top shows of the functions, and in which order; the keys change it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from gearman_cffi.cli.history import Line
from gearman_cffi.cli.keyboard import CLOSED, SUSPEND


class Sort(Enum):
    """The order of the functions. The largest numbers and the first names come first."""

    QUEUED = "queued"
    RUNNING = "running"
    WORKERS = "workers"
    AVAILABLE = "available"
    CHANGE = "change"
    FUNCTION = "function"
    SERVER = "server"


_KEYS: dict[Sort, Callable[[Line], object]] = {
    Sort.QUEUED: lambda line: (-line.status.queued, -line.status.running, not line.status.workers),
    Sort.RUNNING: lambda line: -line.status.running,
    Sort.WORKERS: lambda line: -line.status.workers,
    Sort.AVAILABLE: lambda line: -line.available,
    Sort.CHANGE: lambda line: -(line.rate or 0.0),
    Sort.FUNCTION: lambda line: 0,
    Sort.SERVER: lambda line: str(line.status.server),
}


class Action(Enum):
    """What a key asks of the program."""

    REDRAW = "redraw"
    QUIT = "quit"
    SUSPEND = "suspend"


@dataclass
class View:
    """The state that the keys change. filter: a part of the function's name, in any case."""

    sort: Sort = Sort.QUEUED
    filter: str = ""
    hides_idle: bool = False
    is_reversed: bool = False
    is_paused: bool = False
    shows_help: bool = False
    is_typing: bool = False  # the filter
    offset: int = 0  # of the first function on the screen
    page: int = 1  # functions on the screen

    def select(self, lines: list[Line]) -> list[Line]:
        """The lines to show, in order."""
        found = [line for line in lines if self._matches(line)]
        found.sort(key=lambda line: (line.status.function, str(line.status.server)))
        found.sort(key=_KEYS[self.sort])  # type: ignore[arg-type]  # each key can be compared with itself
        return found[::-1] if self.is_reversed else found

    def _matches(self, line: Line) -> bool:
        if self.hides_idle and not line.status.total:
            return False
        return self.filter.casefold() in line.status.function.casefold()

    def press(self, key: str) -> Action:
        """Changes the state as the key says."""
        if key == CLOSED:
            return Action.QUIT
        if key == SUSPEND:
            return Action.SUSPEND
        if self.is_typing:
            self._type(key)
        elif self.shows_help:
            self.shows_help = False
        elif key == "q":
            return Action.QUIT
        else:
            self._command(key)
        return Action.REDRAW

    def _type(self, key: str) -> None:
        if key == "enter":
            self.is_typing = False
        elif key == "escape":
            self.filter, self.is_typing = "", False
        elif key == "backspace":
            self.filter = self.filter[:-1]
        elif len(key) == 1 and key.isprintable():
            self.filter += key
        self.offset = 0

    def _command(self, key: str) -> None:
        moves = {"up": -1, "k": -1, "down": 1, "j": 1, "page up": -self.page, "page down": self.page}
        if key in moves:
            self.offset = max(0, self.offset + moves[key])
        elif key == "s":
            order = list(Sort)
            self.sort = order[(order.index(self.sort) + 1) % len(order)]
        elif key == "r":
            self.is_reversed = not self.is_reversed
        elif key == "/":
            self.is_typing = True
        elif key == "escape":
            self.filter = ""
        elif key == "i":
            self.hides_idle = not self.hides_idle
        elif key in ("p", " "):
            self.is_paused = not self.is_paused
        elif key in ("?", "h"):
            self.shows_help = True
