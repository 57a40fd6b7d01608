"""prometheus_client's multiprocess mode in a pool whose processes come and go.

In that mode each process id has a file that is never deleted, because a counter must not fall when a process ends.
The pool uses its own numbers (0, 1, ...) instead of process ids: a new process continues the file of an earlier one.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
SWITCH = "GEARMAN_CFFI_POOL_METRICS"  # set by the pool alone; the user may set the directory for other reasons


def environment(directory: str | None) -> dict[str, str]:
    """The environment variables of the pool's processes. directory None: no metrics."""
    return {} if directory is None else {DIRECTORY: directory, SWITCH: "1"}


class MetricsIdentity:
    """The id of this process in prometheus_client. Must exist before the user's module defines metrics."""

    def __init__(self) -> None:
        self._name = "forkserver"
        self.is_enabled = SWITCH in os.environ
        if self.is_enabled:
            from prometheus_client import values  # an optional extra

            values.ValueClass = values.MultiProcessValue(lambda: self._name)  # type: ignore[no-untyped-call]

    def set_id(self, id: int) -> None:
        """This process is the worker process with this id."""
        self._name = str(id)


def remove_live_gauges(directory: str | None, id: int) -> None:
    """Removes the gauges that only count while their process runs, after the process with this id has ended."""
    if directory is not None:
        for file in Path(directory).glob(f"gauge_live*_{id}.db"):
            with suppress(FileNotFoundError):
                file.unlink()
