"""SIGHUP and --reload: new code, one process at a time, without a pause."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from gearman_cffi import Client
from gearman_cffi.testing import Gearmand
from tests.pool.commands import TASKS, WorkerCommand
from tests.pool.test_process_deaths import count_done, run_jobs
from tests.support import is_served, wait_until

NEW = TASKS.replace("2 * job", "3 * job")


@pytest.mark.parametrize("preload", ["--preload", "--no-preload"])
def test_under_load(gearmand: Gearmand, tmp_path: Path, preload: str) -> None:
    """No job fails, and a worker is always registered; afterwards all processes run the new code."""
    with WorkerCommand(tmp_path, gearmand, "-p3", preload) as command:
        before = command.await_ready().workers()
        client = Client(gearmand.address, timeout=20)
        assert client.execute_job("double", 21) == 42
        thread, answers = run_jobs(gearmand, 300)
        wait_until(lambda: count_done(tmp_path) > 10, "jobs are done")
        (tmp_path / "tasks.py").write_text(NEW)
        command.send(signal.SIGHUP)
        while "all processes run the new code" not in command.log:
            assert is_served(gearmand, "nap")
        thread.join(40)
        assert answers == list(range(300))
        wait_until(lambda: not set(before) & set(command.workers()), "the old processes have exited")
        assert {client.execute_job("double", 21) for _ in range(20)} == {63}
        assert len(command.workers()) == 3


def test_broken_code(gearmand: Gearmand, tmp_path: Path) -> None:
    """If the new code cannot be imported, the log says so and the old code serves, until the new code is fixed."""
    with WorkerCommand(tmp_path, gearmand, "-p2") as command:
        before = set(command.await_ready().workers())
        (tmp_path / "tasks.py").write_text("import nowhere\n")
        command.send(signal.SIGHUP)
        command.await_log("reload failed, keeping the old code")
        assert "ModuleNotFoundError: No module named 'nowhere'" in command.log
        assert set(command.workers()) == before
        (tmp_path / "tasks.py").write_text(NEW)
        command.send(signal.SIGHUP)
        command.await_log("all processes run the new code")
        wait_until(lambda: not before & set(command.workers()), "the old processes have exited")
        assert Client(gearmand.address, timeout=20).execute_job("double", 2) == 6


@pytest.mark.parametrize("preload", ["--preload", "--no-preload"])
def test_code_that_cannot_be_used(gearmand: Gearmand, tmp_path: Path, preload: str) -> None:
    """If processes with the new code cannot start, the old code serves, and they are not started again."""
    with WorkerCommand(tmp_path, gearmand, "-p2", preload) as command:
        before = set(command.await_ready().workers())
        (tmp_path / "tasks.py").write_text(f"{TASKS}\njobs.get_job('pid').time_limit = 0.5")
        for reloads in (1, 2):
            command.send(signal.SIGHUP)
            command.await_log("reload failed, keeping the old code", reloads)
        assert command.log.count("time_limit must be at least 1 second") == 2
        assert set(command.workers()) == before
        assert Client(gearmand.address, timeout=20).execute_job("double", 2) == 4
        (tmp_path / "tasks.py").write_text(NEW)
        command.send(signal.SIGHUP)
        command.await_log("all processes run the new code")
        wait_until(lambda: not before & set(command.workers()), "the old processes have exited")
        assert Client(gearmand.address, timeout=20).execute_job("double", 2) == 6
        assert "restarting it in" not in command.log


def test_changed_files(gearmand: Gearmand, tmp_path: Path) -> None:
    """--reload reloads if a file changes."""
    with WorkerCommand(tmp_path, gearmand, "-p1", "--reload", "--reload-dir", str(tmp_path)) as command:
        command.await_ready()

        written = 0.0

        def reloaded() -> bool:
            nonlocal written
            if time.monotonic() - written > 1:  # again, because watching may start after the first change
                written = time.monotonic()
                (tmp_path / "tasks.py").write_text(NEW)
            return "all processes run the new code" in command.log

        wait_until(reloaded, "it has reloaded")


def test_twice_at_once(gearmand: Gearmand, tmp_path: Path) -> None:
    """A second SIGHUP or a SIGTERM during a reload does no harm."""
    with WorkerCommand(tmp_path, gearmand, "-p2") as command:
        command.await_ready()
        for _ in range(3):
            command.send(signal.SIGHUP)
        command.await_log("all processes run the new code")
        wait_until(lambda: len(command.workers()) == 2, "the old processes have exited")
        command.send(signal.SIGHUP)
        command.send(signal.SIGTERM)
        assert command.end(5) == 0
