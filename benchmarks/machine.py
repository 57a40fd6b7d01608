"""The machine: which CPUs a process may use, what it has used, and what is installed."""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import cffi

import gearman_cffi
from gearman_cffi.testing import Gearmand

ROOT = Path(__file__).resolve().parents[1]
_LIBC = ctypes.CDLL(None, use_errno=True)


@contextmanager
def on_cpus(cpus: frozenset[int]) -> Iterator[None]:
    """Pins the processes that are started in the block to these CPUs."""
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, own)


def cpu_seconds(process: int) -> float:
    """User and system time of a process with all its threads, from its CPU clock, which counts nanoseconds."""
    clock = ctypes.c_int()
    error = _LIBC.clock_getcpuclockid(process, ctypes.byref(clock))
    if error:
        raise OSError(error, os.strerror(error))
    return time.clock_gettime(clock.value)


def resident(process: int) -> int:
    """The resident memory of a process in bytes."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise ProcessLookupError(f"process {process} has ended")


@cache
def missing(tool: str) -> str:
    """Why a tool cannot be used; "" if it can."""
    if shutil.which(tool) is None:
        return f"{tool} is not installed"
    if tool == "php" and "gearman" not in output_of("php", "-m").split():
        return "php has no extension gearman"
    return ""


def output_of(*command: str) -> str:
    """The output of a command; "" if it cannot be run or fails."""
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def description(pinned: int) -> list[str]:
    """The versions and the machine, one per line."""
    commit = output_of("git", "describe", "--always", "--dirty")
    php = "" if missing("php") else output_of("php", "-r", 'echo PHP_VERSION, ", ext-gearman ", phpversion("gearman");')
    with Gearmand() as server:
        gearmand = server.ask("version").split()[-1]
    return [
        f"gearman-cffi {gearman_cffi.__version__}{f' ({commit})' if commit else ''}, "
        f"{platform.python_implementation()} {platform.python_version()}, cffi {cffi.__version__}",
        f"libgearman {output_of('pkg-config', '--modversion', 'gearmand')}, "
        f"gearmand {gearmand}, " + (f"PHP {php}" if php else missing("php")),
        f"Linux {platform.release()} {platform.machine()}, {os.cpu_count()} CPUs ({_model()}), pinned to CPU {pinned}",
    ]


def _model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "model unknown"


def file_of(parts: Sequence[str]) -> str:
    """The path of one of the benchmarks' files."""
    return str(Path(__file__).parent.joinpath(*parts))
