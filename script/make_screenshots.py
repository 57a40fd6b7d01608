"""Writes docs/images/submit.svg and top.svg: what the commands show on a terminal, taken from tmux.

usage: python script/make_screenshots.py        (needs tmux and gearmand)
"""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from gearman_cffi import Client, Job, JobCollection, Worker
from gearman_cffi.testing import Gearmand

IMAGES = Path(__file__).resolve().parent.parent / "docs/images"
COLUMNS, LINES = 92, 16
FONT_FACES = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)  # of another site

jobs = JobCollection()


@jobs.handler("resize")
def resize(job: Job) -> str:
    """A job with progress."""
    for done in range(40):
        time.sleep(0.1)
        job.send_status(done + 1, 40)
    return "40 pictures resized"


@jobs.handler("mail")
def mail(job: Job) -> None:
    """A job that takes a while."""
    time.sleep(2)


def screenshot(name: str, command: str, is_shown: Callable[[str], bool], address: str) -> None:
    """Runs a command in a terminal until the screen shows what it should, and writes the screen to a file."""
    with tempfile.TemporaryDirectory() as folder:
        tmux = ["tmux", "-S", f"{folder}/tmux", "-f", "/dev/null"]
        environment = os.environ | {"GEARMAN_SERVERS": address, "LANG": "C.UTF-8", "COLORTERM": "truecolor"}
        size = ["-x", str(COLUMNS), "-y", str(LINES)]
        subprocess.run([*tmux, "-u", "new-session", "-d", *size, "bash --norc"], env=environment, check=True)
        try:
            subprocess.run(
                [*tmux, "send-keys", f"PS1='$ '; PATH={Path(sys.executable).parent}:$PATH", "Enter"], check=True
            )
            subprocess.run([*tmux, "send-keys", "clear", "Enter"], check=True)
            time.sleep(0.5)
            subprocess.run([*tmux, "send-keys", command, "Enter"], check=True)
            deadline = time.monotonic() + 30
            while not is_shown(screen := _screen(tmux)) and time.monotonic() < deadline:
                time.sleep(0.1)
        finally:
            subprocess.run([*tmux, "kill-server"], check=True)
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(screen.rstrip().replace(address, "127.0.0.1:4730")), soft_wrap=True)
    svg = console.export_svg(title=shlex.split(command)[0], theme=MONOKAI, unique_id=name)
    (IMAGES / f"{name}.svg").write_text(FONT_FACES.sub("", svg), "utf-8")


def _screen(tmux: list[str]) -> str:
    return subprocess.run([*tmux, "capture-pane", "-e", "-p"], capture_output=True, text=True, check=True).stdout


def main() -> None:
    """Starts a server and workers, and takes the pictures."""
    with Gearmand() as server:
        workers = [Worker(server.address, jobs) for _ in range(3)]
        threads = [threading.Thread(target=worker.run) for worker in workers]
        for thread in threads:
            thread.start()
        try:
            screenshot("submit", "gearman-cffi submit resize holiday", lambda screen: "26/40" in screen, server.address)
            client = Client(server.address, timeout=10)
            client.execute_jobs_in_background([Job("mail", number) for number in range(40)])
            client.execute_jobs_in_background([Job("report", number) for number in range(7)])
            end = time.monotonic() + 12  # seconds in which the queues change
            screenshot("top", "gearman-cffi top --interval 1", lambda screen: time.monotonic() > end, server.address)
        finally:
            for worker in workers:
                worker.stop()
            for thread in threads:
                thread.join()


if __name__ == "__main__":
    main()
