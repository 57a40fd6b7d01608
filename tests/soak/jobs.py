"""The jobs of a soak: the workload of each, the right answer, and what a worker does."""

from __future__ import annotations

import os
import time
import zlib

FOREGROUND, BACKGROUND = "soak", "soak-background"
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


class Worker:
    """Does jobs, and notes each in the file `done` of a folder before it answers."""

    def __init__(self, folder: str) -> None:
        self._file = os.open(os.path.join(folder, "done"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def begin(self, work: bytes) -> float:
        """Returns how long the job takes, in seconds."""
        return zlib.crc32(work[:30]) % 5 / 1000

    def end(self, work: bytes) -> bytes:
        """Notes the job. Returns its answer."""
        name = work.partition(b" ")[0]
        os.write(self._file, b"%s %.6f\n" % (name, time.monotonic()))
        return answer(work)
