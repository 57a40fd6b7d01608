"""Limits of processes and jobs."""

from __future__ import annotations

from pathlib import Path

import pytest

from gearman_cffi import Client
from gearman_cffi.testing import Gearmand
from tests.pool.commands import TASKS, WorkerCommand
from tests.support import queued, wait_until


def test_max_jobs(gearmand: Gearmand, tmp_path: Path) -> None:
    with WorkerCommand(tmp_path, gearmand, "-p1", "--max-jobs=2", "--splay=0"):
        client = Client(gearmand.address, timeout=20)
        pids = [client.execute_job("pid", 1) for _ in range(6)]
    assert [pids.count(one) for one in dict.fromkeys(pids)] == [2, 2, 2]


def test_memory_limit(gearmand: Gearmand, tmp_path: Path) -> None:
    """A process that uses too much memory exits after its job, and the log says why."""
    with WorkerCommand(tmp_path, gearmand, "-p1", "--memory-limit=100M", "--splay=0") as command:
        client = Client(gearmand.address, timeout=20)
        pids = [client.execute_job("grow", size) for size in (1, 1, 120, 1)]
        assert pids[0] == pids[1] == pids[2] != pids[3]
        command.await_log("MiB of memory, more than 100.0 MiB (--memory-limit")


def test_max_runtime(gearmand: Gearmand, tmp_path: Path) -> None:
    """An idle process exits too."""
    with WorkerCommand(tmp_path, gearmand, "-p1", "--max-runtime=0.5", "--splay=0") as command:
        first = command.await_ready().workers()
        wait_until(lambda: command.workers() not in (first, []), "another process is there")
        command.await_log("it has run for")


THREAD = """

@jobs.handler()
def leaves_a_thread(job):
    threading.Thread(target=time.sleep, args=(600,)).start()
    return os.getpid()
"""


@pytest.mark.parametrize("limit", ["--max-jobs=1", "--max-runtime=1"])
def test_a_process_that_does_not_exit(gearmand: Gearmand, tmp_path: Path, limit: str) -> None:
    """A thread of a job keeps a process alive. After --shutdown-timeout it is killed and replaced."""
    tasks = f"import threading\n{TASKS}{THREAD}"
    with WorkerCommand(tmp_path, gearmand, "-p1", limit, "--splay=0", "--shutdown-timeout=0.3", tasks=tasks) as command:
        client = Client(gearmand.address, timeout=20)
        first = client.execute_job("leaves_a_thread", 1)
        assert client.execute_job("pid", 1) != first or limit == "--max-runtime=1"
        command.await_log(f"killing process {first}: it did not exit within")
        wait_until(lambda: first not in command.workers(), "it is gone")
        assert client.execute_job("pid", 1) != first
        assert "restarting it in" not in command.log


def test_a_running_job_is_not_interrupted(gearmand: Gearmand, tmp_path: Path) -> None:
    """A process that reached a limit finishes its job, however long that takes."""
    go = tmp_path / "go"
    options = ("-p2", "--max-runtime=0.3", "--splay=0", "--shutdown-timeout=0.2")
    with WorkerCommand(tmp_path, gearmand, *options) as command:
        Client(gearmand.address).execute_in_background("wait_for", str(go))
        wait_until(Path(f"{go}.began").exists, "the job has begun")
        command.await_log("exits: it has run for", 4)  # the idle process, again and again
        go.touch()
        wait_until(lambda: queued(gearmand, "wait_for") == 0, "the job is done")
        assert "killing" not in command.log
        command.await_log("wait_for H:test:1: done in")


def test_job_timeout(gearmand: Gearmand, tmp_path: Path) -> None:
    """The process of a late job is killed; the server gives the job to another one, and the log says so."""
    go = tmp_path / "go"
    with WorkerCommand(tmp_path, gearmand, "-p1", "--job-timeout=wait_for=0.3", "--job-timeout=nap=5") as command:
        command.await_ready()
        Client(gearmand.address).execute_in_background("wait_for", str(go))
        command.await_log("job timeout of 0.3 s exceeded")
        go.touch()
        wait_until(lambda: queued(gearmand, "wait_for") == 0, "the job is done")
        assert "wait_for H:test:1: job timeout" in command.log
        assert "restarting it in" not in command.log
