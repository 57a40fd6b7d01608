"""A progress bar on a terminal."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar


class Progress:
    """A bar on stderr from the first status update on. Shows nothing if stderr is not a terminal."""

    def __init__(self, description: str) -> None:
        self._description = description
        self._console = Console(stderr=True)
        self._bar: Bar | None = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, numerator: int, denominator: int) -> None:
        """Shows a status of the job; a denominator of 0 is an unknown total."""
        if not self._console.is_terminal:
            return
        if self._bar is None:
            self._bar = Bar(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=self._console,
                redirect_stdout=False,
                redirect_stderr=False,
                transient=True,
            )
            self._task = self._bar.add_task(self._description, total=None)
            self._bar.start()
        self._bar.update(self._task, completed=numerator, total=denominator or None, refresh=True)

    def write_around(self, write: Callable[[], None]) -> None:
        """Calls write() while the bar is hidden."""
        if self._bar is None:
            write()
            return
        self._bar.stop()
        write()
        self._bar.start()
