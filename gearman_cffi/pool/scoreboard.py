"""Which job each worker process runs, readable for the parent even after the death of the process.

The scoreboard is a file without a name, with a record for each process. A process writes its own record with one system
call at the start and one at the end of a job. The parent reads it when it needs to: a job wakes nobody.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass

RECORD_SIZE = 4096  # bytes; enough for a function name of 512 bytes, each of which JSON may write as six


@dataclass(frozen=True)
class BusyRecord:
    """A job that a process runs. started_at is a time of time.monotonic(), which all processes share."""

    function: str
    handle: str
    started_at: float


def create() -> int:
    """Creates a scoreboard. Returns its file descriptor."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("gearman-cffi scoreboard")
    descriptor, name = tempfile.mkstemp()
    os.unlink(name)
    return descriptor


def write(scoreboard: int, id: int, job: BusyRecord | None) -> None:
    """Writes what the process with this id runs; None for no job."""
    record = b"" if job is None else json.dumps([job.function, job.handle, job.started_at]).encode()
    os.pwrite(scoreboard, record[: RECORD_SIZE - 1] + b"\n", id * RECORD_SIZE)


def read(scoreboard: int, id: int) -> BusyRecord | None:
    """What the process with this id runs, or was running when it died."""
    record = os.pread(scoreboard, RECORD_SIZE, id * RECORD_SIZE).partition(b"\n")[0].strip(b"\0")
    try:
        function, handle, started_at = json.loads(record)
    except ValueError:  # no job, or a record that is just being written
        return None
    return BusyRecord(function, handle, started_at)
