"""prometheus_client's multiprocess mode under a pool whose children come and go.

That mode keeps a file for each process id, for ever: a counter must not fall when a process ends. Children are
therefore known by the numbers of their slots, which are taken again, and go on with the file of the one before.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
SWITCH = "GEARMAN_CFFI_POOL_METRICS"  # set for the pool's own processes: the directory alone may be the user's matter


def environment(directory: str | None) -> dict[str, str]:
    """What the pool's processes find in their environment; directory None: no metrics."""
    return {} if directory is None else {DIRECTORY: directory, SWITCH: "1"}


class Identity:
    """Who a process is to prometheus_client. To be made before the user's module defines metrics."""

    def __init__(self) -> None:
        self._name = "template"
        self.is_wanted = SWITCH in os.environ
        if self.is_wanted:
            from prometheus_client import values

            values.ValueClass = values.MultiProcessValue(lambda: self._name)  # type: ignore[no-untyped-call]

    def become(self, id: int) -> None:
        """This process is the child with this number."""
        self._name = str(id)


def forget(directory: str | None, id: int) -> None:
    """A child has ended: gauges that say what living processes have do not hold any more."""
    if directory is not None:
        for file in Path(directory).glob(f"gauge_live*_{id}.db"):
            with suppress(FileNotFoundError):
                file.unlink()
