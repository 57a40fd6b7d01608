"""What each child is doing, where its parent can read it even after the child's death.

A file without a name, with a slot for each child; a child writes its own, with one system call at the beginning and one
at the end of a job. The parent reads when it has a reason to: nobody is woken by a job.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass

SLOT = 4096  # bytes; a function's name of 512 bytes fits, also where JSON needs six letters for each of its bytes


@dataclass(frozen=True)
class RunningJob:
    """A job that a child has begun. started is time.monotonic() of then, which all processes share."""

    function: str
    handle: str
    started: float


def create() -> int:
    """A new scoreboard; its file descriptor."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("gearman-cffi scoreboard")
    descriptor, name = tempfile.mkstemp()
    os.unlink(name)
    return descriptor


def write(scoreboard: int, slot: int, job: RunningJob | None) -> None:
    """Says what the child of this slot does; None for nothing."""
    record = b"" if job is None else json.dumps([job.function, job.handle, job.started]).encode()
    os.pwrite(scoreboard, record[: SLOT - 1] + b"\n", slot * SLOT)


def read(scoreboard: int, slot: int) -> RunningJob | None:
    """What the child of this slot does, or was doing when it died."""
    record = os.pread(scoreboard, SLOT, slot * SLOT).partition(b"\n")[0].strip(b"\0")
    try:
        function, handle, started = json.loads(record)
    except ValueError:  # nothing, or half of a record that is being written
        return None
    return RunningJob(function, handle, started)
