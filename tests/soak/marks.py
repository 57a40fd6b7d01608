"""The processes that a soak has started. Each has a mark in its environment, whoever its parent is now."""

from __future__ import annotations

import ctypes
import os
import signal
from pathlib import Path

MARK = "SOAK_RUN"
PR_SET_PDEATHSIG = 1  # of <sys/prctl.h>


def die_with_parent() -> None:
    """Has this process killed when the process that has started it ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def marked(name: str, value: str) -> list[int]:
    """The ids of the processes that have this variable, without this process."""
    wanted = f"{name}={value}".encode()
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            environment = (folder / "environ").read_bytes()
        except OSError:  # it has ended, or belongs to another user
            continue
        if wanted in environment.split(b"\0"):
            found.append(int(folder.name))
    return found


def describe(process: int) -> str:
    """The id and the command of a process."""
    try:
        command = Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        command = "ended meanwhile"
    return f"{process} ({command.strip()[:120]})"
