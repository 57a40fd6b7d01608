"""Finds the processes that a soak has started, whoever is their parent now: by what they have in their environment."""

from __future__ import annotations

import os
from pathlib import Path

MARK = "SOAK_RUN"


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
