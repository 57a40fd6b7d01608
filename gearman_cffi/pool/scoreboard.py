"""Which jobs each worker process runs, readable for the parent even after the death of the process.

The scoreboard is a file without a name. Its first record is for suspects.py; then it has as many for each process as
that may run jobs at once. A process writes a record with one system call at the start and one at the end of a job. The
parent reads them when it needs to: a job wakes nobody.
"""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from dataclasses import astuple, dataclass
from typing import Any

RECORD_SIZE = 4096  # bytes; enough for a function name of 512 bytes, each of which JSON may write as six


@dataclass(frozen=True)
class BusyRecord:
    """A job that a process runs. started_at is a time of time.monotonic(), which all processes share."""

    function: str
    handle: str
    started_at: float
    is_coroutine: bool = False
    unique: str = ""

    def log_attributes(self) -> dict[str, Any]:
        """The extra= of a log call about the job."""
        return {"gearman_function": self.function, "gearman_handle": self.handle, "gearman_unique": self.unique}

    def __str__(self) -> str:
        return f"{self.handle} ({self.function})"


def create() -> int:
    """Creates a scoreboard. Returns its file descriptor."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("gearman-cffi scoreboard")
    descriptor, name = tempfile.mkstemp()
    os.unlink(name)
    return descriptor


def write(scoreboard: int, place: int, job: BusyRecord | None) -> None:
    """Writes a job into a place; None for no job. The places of the process with an id begin at id * concurrency."""
    record = b"" if job is None else json.dumps(astuple(job)).encode()
    os.pwrite(scoreboard, record[: RECORD_SIZE - 1] + b"\n", (place + 1) * RECORD_SIZE)


def read(scoreboard: int, id: int, concurrency: int) -> list[BusyRecord]:
    """The jobs that the process with this id runs, or was running when it died."""
    size = concurrency * RECORD_SIZE
    records = os.pread(scoreboard, size, id * size + RECORD_SIZE)
    jobs = []
    for start in range(0, len(records), RECORD_SIZE):
        record = records[start : start + RECORD_SIZE].partition(b"\n")[0].strip(b"\0")
        with suppress(ValueError):  # no job, or a record that is just being written
            jobs.append(BusyRecord(*json.loads(record)))
    return jobs
