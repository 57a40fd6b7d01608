"""The resources of an idle pool: time to readiness, and memory of each process beyond the first."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from gearman_cffi.testing import Gearmand
from tests.pool.commands import WorkerCommand


def own_kibibytes(process: int) -> int:
    """The private memory of a process in bytes."""
    fields = (line.split() for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()[1:])
    return sum(int(field[1]) for field in fields if field[0] in ("Private_Clean:", "Private_Dirty:"))


def test_eight_idle_processes(gearmand: Gearmand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bounds are generous: about 0.4 s and 3.6 MiB were measured on an idle machine."""
    monkeypatch.delenv("COVERAGE_PROCESS_START", raising=False)  # coverage needs as much memory again
    began = time.monotonic()
    with WorkerCommand(tmp_path, gearmand, "-p8") as command:
        command.await_ready()
        seconds = time.monotonic() - began
        own = [own_kibibytes(child) for child in command.workers()]
    print(f"ready after {seconds:.2f} s; KiB for each process: {own}")
    assert len(own) == 8
    assert max(own) < 6 * 1024
    assert seconds < 5
