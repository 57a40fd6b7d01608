"""Functions for the start and the end of a process that raise, exit, or hang; and when they are called."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gearman_cffi import Client
from gearman_cffi.testing import Gearmand
from tests.pool.commands import TASKS, WorkerCommand
from tests.support import INSTALLED, wait_until

PROGRAM = f"""{TASKS}
from gearman_cffi import Application, EventName

app = Application(jobs)

def hang():
    open("hangs", "w").close()
    while True:
        time.sleep(0.01)

def note(text):
    with open("notes", "a") as notes:
        notes.write(f"{{text}}\\n")
"""


def program(directory: Path, server: Gearmand, more: str, *options: str, **variables: Any) -> WorkerCommand:
    """The command with the program and these lines."""
    return WorkerCommand(
        directory, server, "-p1", *options, tasks=f"{PROGRAM}\n{more}\n", target="tasks:app", **variables
    )


def test_a_hook_that_hangs_at_shutdown(gearmand: Gearmand, tmp_path: Path) -> None:
    """The log names it, and the exit code says that something failed."""
    with program(tmp_path, gearmand, "app.on_stop(hang)", "--shutdown-timeout=0.3") as command:
        command.await_ready()
        command.send(signal.SIGTERM)
        assert command.end() == 1
        assert "on_stop tasks.hang() has not returned" in command.log


@pytest.mark.parametrize("when", ["on_start", "on_stop"])
def test_a_hook_that_is_interrupted(gearmand: Gearmand, tmp_path: Path, when: str) -> None:
    """The second signal names it and ends it."""
    with program(tmp_path, gearmand, f"app.{when}(hang)") as command:
        if when == "on_stop":
            command.await_ready()
            command.send(signal.SIGINT)
        wait_until((tmp_path / "hangs").exists, "it hangs")
        if when == "on_start":
            command.send(signal.SIGINT)
            command.await_log("SIGINT: shutting down, waiting for on_start tasks.hang() of process ")
        command.send(signal.SIGINT)
        assert command.end() == 1
        assert f"SIGINT again: interrupting {when} tasks.hang() of process " in command.log


def test_a_hook_that_hangs_in_a_process_that_is_replaced(gearmand: Gearmand, tmp_path: Path) -> None:
    options = ("--shutdown-timeout=0.3", "--max-jobs=1")
    with program(tmp_path, gearmand, "app.on_stop(hang)", *options) as command:
        Client(gearmand.address, timeout=20).execute_job("double", 1)
        command.await_log("it did not exit within 0.3 s (on_stop tasks.hang() has not returned)")


RAISES = """
@app.on_start
def connect():
    if not os.path.exists("database"):
        {}
"""


@pytest.mark.parametrize(
    ("statement", "said", "preload"),
    [
        ("raise SystemExit('no database')", "SystemExit: no database", "--preload"),
        ("raise ValueError('no database')", "ValueError: no database", "--no-preload"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt", "--preload"),
        ("raise GeneratorExit('no database')", "GeneratorExit: no database", "--preload"),
    ],
)
def test_a_start_that_fails(gearmand: Gearmand, tmp_path: Path, statement: str, said: str, preload: str) -> None:
    """The log has what was raised, with the traceback, and the process starts again."""
    with program(tmp_path, gearmand, RAISES.format(statement), preload) as command:
        command.await_log(f"on_start tasks.connect() failed: {said}", 2)
        assert "in connect" in command.log
        assert "restarting it in" in command.log
        (tmp_path / "database").touch()
        command.await_ready()


def test_a_start_that_always_fails_in_a_burst(gearmand: Gearmand, tmp_path: Path) -> None:
    """The command ends after a few attempts."""
    with program(tmp_path, gearmand, RAISES.format("raise ValueError('no database')"), "--burst") as command:
        assert command.end() == 1
        assert command.log.count("on_start tasks.connect() failed: ValueError") == 5
        assert "5 processes have died before they were ready: shutting down, because of burst" in command.log


@pytest.mark.parametrize("statement", ["raise SystemExit('not flushed')", "raise ValueError('not flushed')"])
def test_an_end_that_fails(gearmand: Gearmand, tmp_path: Path, statement: str) -> None:
    """The log has what was raised, the other functions are called, and the exit code says that something failed."""
    more = f"app.on_stop(lambda: note('closed'))\n@app.on_stop\ndef flush():\n    {statement}"
    with program(tmp_path, gearmand, more) as command:
        command.await_ready()
        command.send(signal.SIGTERM)
        assert command.end() == 1
        assert "on_stop tasks.flush() failed: " in command.log
        assert "not flushed (tasks.py:" in command.log
    assert (tmp_path / "notes").read_text() == "closed\n"


def test_an_end_that_fails_in_a_burst(gearmand: Gearmand, tmp_path: Path) -> None:
    """The command ends."""
    with program(tmp_path, gearmand, "app.on_stop(lambda: 1 / 0)", "--burst") as command:
        assert command.end() == 1
        assert command.log.count("ZeroDivisionError: division by zero (") == 1


ORDER = """
app.on_start(lambda: note("on_start"))
app.on_stop(lambda: note("on_stop"))
for name in EventName:
    if name not in (EventName.IO_WAIT, EventName.WORK, EventName.NO_JOBS):
        app.dispatcher.add_listener(name, lambda event: note(str(event.name)))
@jobs.handler()
def one(job): note("the job")
"""


def test_the_order(gearmand: Gearmand, tmp_path: Path) -> None:
    """The functions are called at the same points in a pool and in one process."""
    with program(tmp_path, gearmand, ORDER) as command:
        command.await_ready()
        Client(gearmand.address, timeout=20).execute_job("one", 1)
        command.send(signal.SIGTERM)
        assert command.end() == 0
    in_a_pool = (tmp_path / "notes").read_text().splitlines()
    (tmp_path / "notes").unlink()
    alone = subprocess.Popen(
        [sys.executable, "-c", f"from tasks import app; app.run(servers={gearmand.address!r})"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(INSTALLED), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    try:
        Client(gearmand.address, timeout=20).execute_job("one", 1)
    finally:
        alone.send_signal(signal.SIGTERM)
        alone.wait(20)
    assert (tmp_path / "notes").read_text().splitlines() == in_a_pool
    assert in_a_pool == [
        "on_start",
        "worker.before_run",
        "worker.server_on_connect",
        "worker.server_on_connected",
        "worker.on_before_register_functions",
        "worker.on_after_register_functions",
        "worker.function.before_execute",
        "the job",
        "worker.function.after_execute",
        "worker.after_run",
        "worker.on_before_destroy",
        "on_stop",
    ]
