"""The jobs of a soak: the workload of each, the right answer, and what a worker does."""

from __future__ import annotations

import functools
import os
import time
import zlib

FOREGROUND, BACKGROUND, WATCHED = "soak", "soak-background", "soak-watched"
STATUSES = range(1, 6)  # what a worker sends for a watched job
SIZES = (0,) * 8 + (100,) * 8 + (10_000,) * 3 + (200_000,)  # bytes that follow the name of a job


def workload(name: str) -> bytes:
    """The workload of a job. The name decides its size."""
    key = name.encode()
    sum_ = zlib.crc32(key)
    size = SIZES[sum_ % len(SIZES)]
    return key + b" " + (b"%x" % sum_ * (size // 8 + 1))[:size]


def answer(work: bytes) -> bytes:
    """The right answer to a workload."""
    return b"done " + work


def duration(work: bytes) -> float:
    """How long a job takes, in seconds."""
    return zlib.crc32(work[:30]) % 5 / 1000


def finish(work: bytes) -> bytes:
    """Notes that a job is done. Returns its answer."""
    name = work.partition(b" ")[0]
    os.write(_done(), b"%s %.6f\n" % (name, time.monotonic()))
    return answer(work)


@functools.cache
def _done() -> int:
    """The file `done` in the folder of the soak."""
    return os.open(os.path.join(os.environ["SOAK_FOLDER"], "done"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
