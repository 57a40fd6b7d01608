"""Children that die, and the process that they are forked from: no job is lost."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from pathlib import Path

from gearman_cffi import Client, Job
from gearman_cffi.testing import Gearmand
from tests.pool.commands import TASKS, WorkerCommand, descendants_of_one
from tests.support import wait_until

# A module whose template dies as soon as it has been imported; it dies where it is the template, not in its children.
DYING = (
    TASKS
    + """
import signal
signal.signal(signal.SIGALRM, lambda *_: os._exit(9))
signal.setitimer(signal.ITIMER_REAL, 0.05)
"""
)


def run_jobs(server: Gearmand, number: int) -> tuple[threading.Thread, list[object]]:
    """A client in a thread runs this many jobs; their answers, or their exceptions."""
    answers: list[object] = []

    def run() -> None:
        jobs = [Job("nap", one) for one in range(number)]
        answers.extend(Client(server.address, timeout=40).execute_jobs(jobs, on_error="return"))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, answers


def done(directory: Path) -> int:
    file = directory / "done"
    return len(file.read_text().splitlines()) if file.exists() else 0


def test_killed_children(gearmand: Gearmand, tmp_path: Path) -> None:
    """200 jobs while ten children are killed in the middle of theirs: every job is answered."""
    with WorkerCommand(tmp_path, gearmand, "-p4") as command:
        command.await_ready()
        thread, answers = run_jobs(gearmand, 200)
        for killed in range(10):
            wait_until(lambda least=15 * killed: done(tmp_path) > least and command.children(), "jobs are done")  # type: ignore[misc]
            with suppress(ProcessLookupError):
                os.kill(command.children()[0], signal.SIGKILL)
        thread.join(40)
        assert answers == list(range(200))
        assert command.log.count("died by SIGKILL") == 10
        assert "in the middle of job H:" in command.log


def test_restarts_wait_longer_each_time(gearmand: Gearmand, tmp_path: Path) -> None:
    """A child that dies again and again is not started in a tight loop."""
    tasks = (
        "import os\nfrom gearman_cffi import FunctionHandler\njobs = FunctionHandler('die', lambda job: os._exit(7))"
    )
    Client(gearmand.address).execute_in_background("die", 1)
    with WorkerCommand(tmp_path, gearmand, "-p1", tasks=tasks) as command:
        command.await_log("another one starts in", 4)
        waits = [float(line.split()[-2]) for line in command.log.splitlines() if "another one starts" in line]
        assert waits[0] <= 0.1 < waits[2] < waits[3]
        assert "ended with exit code 7 in the middle of job H:" in command.log
        command.send(signal.SIGTERM)
        assert command.end(5) == 0


def test_template_killed(gearmand: Gearmand, tmp_path: Path) -> None:
    """Its children work on until the children of a new one have taken their places."""
    with WorkerCommand(tmp_path, gearmand, "-p3") as command:
        command.await_ready()
        before = set(command.children())
        thread, answers = run_jobs(gearmand, 200)
        wait_until(lambda: done(tmp_path) > 10, "jobs are done")
        os.kill(descendants_of_one(command.process.pid)[0], signal.SIGKILL)
        command.await_log("all processes have the new code")
        thread.join(40)
        assert answers == list(range(200))
        assert len(set(command.children()) - before) == 3
        command.send(signal.SIGTERM)
        assert command.end(5) == 0


def test_templates_that_die_again_and_again(gearmand: Gearmand, tmp_path: Path) -> None:
    """Each is waited for longer than the one before; jobs are done meanwhile, by whoever is there."""
    with WorkerCommand(tmp_path, gearmand, "-p2") as command:
        command.await_ready()
        (tmp_path / "tasks.py").write_text(DYING)
        os.kill(descendants_of_one(command.process.pid)[0], signal.SIGKILL)
        command.await_log("the process that starts the others", 4)
        waits = [float(line.split()[-2]) for line in command.log.splitlines() if "the process that starts" in line]
        assert waits[0] <= 0.1 < waits[2] < waits[3]
        assert Client(gearmand.address, timeout=20).execute_job("double", 21) == 42
        command.send(signal.SIGTERM)
        assert command.end(5) == 0


def test_code_that_is_broken_when_the_template_dies(gearmand: Gearmand, tmp_path: Path) -> None:
    """The import is tried again, with longer waits, while there are children that work; then it ends."""
    with WorkerCommand(tmp_path, gearmand, "-p1") as command:
        before = command.await_ready().children()
        (tmp_path / "tasks.py").write_text("import nowhere")
        os.kill(descendants_of_one(command.process.pid)[0], signal.SIGKILL)
        command.await_log("the import is tried again in", 3)
        waits = [float(line.split()[-2]) for line in command.log.splitlines() if "is tried again" in line]
        assert waits == sorted(waits)
        assert Client(gearmand.address, timeout=20).execute_job("pid", 1) == before[0]
        os.kill(before[0], signal.SIGKILL)
        assert command.end() == 3
