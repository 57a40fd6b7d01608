"""Instructions per job, counted by valgrind in user space. They do not depend on the load of the machine.

They are reported, and have no goals: more instructions do not have to cost more time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.bench import Bench, Load, Sample
from benchmarks.programs import Program, ProgramError
from benchmarks.works.work import Peer, Work, peers, rows_of

SHORT, LONG = 1_000, 3_000
PREFIX = "instructions-"


def works(bench: Bench) -> Iterator[Work]:
    """Yields the works of this module."""
    worker = peers(bench)[0].worker
    paths: dict[str, tuple[str, Callable[[Peer, int, Path], object]]] = {
        "background-no-key": (
            "background submission without a unique key, client",
            lambda peer, jobs, file: bench.client(_counted(peer.client, file), Load("background-no-key", jobs)),
        ),
        "background": (
            "background submission with a unique key, client",
            lambda peer, jobs, file: bench.client(_counted(peer.client, file), Load("background", jobs)),
        ),
        "echo": (
            "foreground echo with a unique key, client",
            lambda peer, jobs, file: bench.client(_counted(peer.client, file), Load("echo", jobs), worker),
        ),
        "drain": (
            "draining a queue, worker",
            lambda peer, jobs, file: bench.drain(_counted(peer.worker, file), jobs),
        ),
    }
    for name, (title, run) in paths.items():
        yield Work(
            f"{PREFIX}{name}",
            f"Instructions in user space: {title}",
            ("instructions",),
            rows_of(peers(bench), lambda peer, run=run: _per_job(bench, peer, run), "valgrind"),  # type: ignore[misc]
            rounds=1,
        )


def _per_job(bench: Bench, peer: Peer, run: Callable[[Peer, int, Path], object]) -> Sample:
    """Compares two runs of different length, so that start, warm-up and end do not count."""
    counts = []
    lengths = [100, 300] if bench.quick else [SHORT, LONG]
    for jobs in lengths:
        file = bench.folder / f"callgrind.{jobs}"
        run(peer, jobs, file)
        counts.append(_total(file))
        file.unlink()
    return {"instructions": (counts[1] - counts[0]) / (lengths[1] - lengths[0])}


def _counted(program: Program, file: Path) -> Program:
    return program.under("valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={file}")


def _total(file: Path) -> int:
    for line in file.read_text().splitlines():
        if line.startswith(("summary:", "totals:")):
            return int(line.split()[1])
    raise ProgramError(f"callgrind wrote no total to {file.name}")
