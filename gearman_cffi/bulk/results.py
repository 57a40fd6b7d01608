"""What became of background jobs."""

from __future__ import annotations

from gearman_cffi.bulk.reading import Entry
from gearman_cffi.exceptions import GearmanError


class Results:
    """The handles and the errors of one call's jobs, by their places."""

    __slots__ = ("errors", "handles")

    def __init__(self) -> None:
        self.handles: list[str] = []  # of each job that was taken; "" where there is none
        self.errors: dict[int, GearmanError] = {}

    def take(self, entries: list[Entry], handles: list[str], in_order: bool) -> None:
        """The handles of some jobs. in_order: these are as they were taken, though some may have been left out."""
        first, end = entries[0][0], entries[-1][0] + 1
        if in_order and end - first == len(entries):
            self.handles[first:end] = handles
        else:
            for entry, handle in zip(entries, handles, strict=True):
                self.handles[entry[0]] = handle

    def raise_first(self) -> None:
        """Raises the error of the first job that has one."""
        if self.errors:
            raise self.errors[min(self.errors)]

    def all(self) -> list[str | GearmanError]:
        """In the order of the jobs: the handle of each, or its error."""
        results: list[str | GearmanError] = [*self.handles]
        for place, error in self.errors.items():
            results[place] = error
        return results
