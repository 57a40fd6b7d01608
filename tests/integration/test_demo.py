"""examples/demo.py, which script/demo runs: a job with a worker process, as a user sees it."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import wait_until

DEMO = str(Path(__file__).parents[2] / "examples" / "demo.py")


def is_there(pid: int) -> bool:
    """Whether the process exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_into_a_pipe() -> None:
    """Plain lines: each state once, with growing numbers, and then a line with the answer."""
    done = subprocess.run([sys.executable, DEMO], capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "\r" not in done.stdout
    steps = [int(step) for step in re.findall(r"^  running +(\d+)/20 *$", done.stdout, re.MULTILINE)]
    assert steps == sorted(set(steps))
    assert len(steps) > 5
    assert re.search(r"^  done *\n(.*\n)*tset a si siht\n\Z", done.stdout, re.MULTILINE)
    worker = re.search(r"worker process (\d+)", done.stdout)
    assert worker
    wait_until(lambda: not is_there(int(worker[1])), "the worker process has ended")


def test_on_a_terminal() -> None:
    """One line that is overwritten."""
    terminal, other_end = pty.openpty()
    process = subprocess.Popen([sys.executable, DEMO], stdout=other_end, stderr=subprocess.PIPE)
    os.close(other_end)
    output = b""
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # Linux: the other end is closed
            break
        if not piece:
            break
        output += piece
    os.close(terminal)
    assert process.communicate(timeout=20)[1] == b""
    assert process.returncode == 0
    assert output.count(b"\r  [") > 5
    assert re.search(rb"\r  \[#+ +\] running +\d+/20", output)
    assert b"\r  [##############################] done" in output
    assert output.endswith(b"tset a si siht\r\n")


@pytest.mark.parametrize("when", ["waits for jobs", "running", "in the foreground"])
def test_an_interrupt_ends_everything(when: str) -> None:
    """Ctrl-C at any time leaves no traceback and no process."""
    with subprocess.Popen([sys.executable, DEMO], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        seen = ""
        for line in process.stdout:
            seen += line
            if when in line:
                break
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert errors == ""
    worker = re.search(r"worker process (\d+)", seen)
    assert worker
    wait_until(lambda: not is_there(int(worker[1])), "the worker process has ended")


def test_without_gearmand_it_says_what_to_install() -> None:
    done = subprocess.run(
        [sys.executable, DEMO],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        env={**os.environ, "GEARMAND": "no-such-gearmand"},
    )
    assert done.returncode == 1
    assert "gearman-job-server" in done.stderr
    assert "Traceback" not in done.stderr
