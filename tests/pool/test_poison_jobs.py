"""Jobs that fail in a pool and are tried again, and jobs that kill their processes again and again."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from gearman_cffi import Client, Job, JobException
from gearman_cffi.pool import scoreboard
from gearman_cffi.pool.scoreboard import BusyRecord
from gearman_cffi.pool.suspects import Deaths, Suspects, deaths_of
from gearman_cffi.testing import Gearmand
from tests.pool.commands import WorkerCommand
from tests.support import queued, wait_until

TASKS = """
import os, signal, sys, time
from gearman_cffi import JobCollection

jobs = JobCollection()

def keep(job, error):
    with open("letters", "a") as letters:
        letters.write(f"{job.get_workload()}: {type(error).__name__}\\n")

@jobs.handler(max_attempts=3, gave_up=keep)
def kill(job):
    with open("killed", "a") as killed:
        killed.write(f"{job.get_workload()}\\n")
    if job.get_workload() == "exit":
        sys.exit(1)
    if job.get_workload() == "hang":
        time.sleep(60)
    if job.get_workload() != "harmless":
        os.kill(os.getpid(), signal.SIGKILL)

@jobs.handler()
def double(job):
    return 2 * job.get_workload()

@jobs.handler(backoff=3600, max_attempts=1)
def waits(job):
    with open("attempts", "a") as attempts:
        attempts.write(f"{job.attempt}\\n")
    raise OSError("not at once")

@jobs.handler(backoff=0)
def flaky(job):
    if job.attempt < 3:
        raise OSError("not at once")
    with open("done", "a") as done:
        done.write(f"{job.get_workload()}\\n")
    return job.attempt
"""


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


@pytest.mark.parametrize("concurrency", [1, 2])
def test_retries(gearmand: Gearmand, tmp_path: Path, concurrency: int) -> None:
    """More jobs than the process runs at once: each attempt makes room for the next job, and is in the log."""
    client = Client(gearmand.address, timeout=30)
    with WorkerCommand(tmp_path, gearmand, "-p1", f"--concurrency={concurrency}", tasks=TASKS) as command:
        command.await_ready()
        for number in range(5):
            client.execute_in_background("flaky", number, retries=2)
        assert client.execute_job("flaky", 5, retries=2) == 3
        wait_until(lambda: len(lines(tmp_path / "done")) == 6, "all are done in their third attempts")
        wait_until(lambda: not queued(gearmand, "flaky"), "all are answered")
        assert command.log.count("failed in attempt 1 of 3; trying again in 0.0 s") == 6
        assert command.log.count("failed in attempt 2 of 3") == 6


@pytest.mark.parametrize("options", [(), ("--concurrency=2",)], ids=str)
def test_a_stop_between_two_attempts(gearmand: Gearmand, tmp_path: Path, options: tuple[str, ...]) -> None:
    """SIGTERM ends the wait, and the job goes to another worker. That is no death, which max_attempts would count."""
    client = Client(gearmand.address, timeout=30)
    waiting = threading.Thread(target=lambda: client.execute_jobs([Job("waits", 1, retries=9)], on_error="return"))
    with WorkerCommand(tmp_path, gearmand, "-p1", "--max-runtime=1", *options, tasks=TASKS) as command:
        command.await_ready()
        waiting.start()
        wait_until(lambda: len(lines(tmp_path / "attempts")) >= 2, "the process was replaced, and its job not given up")
        command.send(signal.SIGTERM)
        assert command.end() == 0
        assert command.log.count("goes back to the server") >= 2
    assert set(lines(tmp_path / "attempts")) == {"1"}
    assert queued(gearmand, "waits") == 1
    gearmand.stop()
    waiting.join(20)


def test_they_are_given_up(gearmand: Gearmand, tmp_path: Path) -> None:
    """After max_attempts deaths, of whatever kind; other jobs of the function and other functions go on."""
    client = Client(gearmand.address, timeout=30)
    with WorkerCommand(tmp_path, gearmand, "-p1", "--job-timeout=kill=0.3", tasks=TASKS) as command:
        command.await_ready()
        with pytest.raises(JobException, match="gave up the job: 3 processes died while they ran it") as caught:
            client.execute_job("kill", "SIGKILL", unique="mine")
        assert caught.value.remote_type == "PoisonJob"
        command.await_log("kill H:test:1 unique mine: gave up the job: 3 processes died while they ran it")
        for how in ("exit", "hang"):
            client.execute_in_background("kill", how)
        assert client.execute_job("double", 21) == 42
        wait_until(lambda: len(lines(tmp_path / "letters")) == 3, "all are given up")
        assert client.execute_job("kill", "harmless") is None
    killed = lines(tmp_path / "killed")
    assert [killed.count(how) for how in ("SIGKILL", "exit", "hang", "harmless")] == [3, 3, 3, 1]
    assert sorted(lines(tmp_path / "letters")) == [f"{how}: PoisonJob" for how in ("SIGKILL", "exit", "hang")]
    assert queued(gearmand, "kill") == 0


def test_several_processes(gearmand: Gearmand, tmp_path: Path) -> None:
    """The limit is that of the pool. One or two more may die before all processes know it."""
    client = Client(gearmand.address, timeout=30)
    with WorkerCommand(tmp_path, gearmand, "-p4", tasks=TASKS) as command:
        command.await_ready()
        with pytest.raises(JobException, match="gave up the job"):
            client.execute_job("kill", "SIGKILL")
        assert client.execute_job("double", 21) == 42
    assert 3 <= len(lines(tmp_path / "killed")) <= 7


MANY = """
import asyncio, os, signal
from pathlib import Path
from gearman_cffi import JobCollection

jobs = JobCollection()

def note(file, line):
    with open(file, "a") as lines:
        lines.write(f"{line}\\n")

def begun():
    return Path("begun").read_text().split()

@jobs.handler(max_attempts=2, gave_up=lambda job, error: note("letters", f"{job.get_workload()}: {error}"))
async def work(job):
    note("begun", job.get_workload())
    if job.get_workload() == "poison":
        deaths = min(2, begun().count("poison"))  # the first two are those of all five
        while len(begun()) < 5 * deaths:
            await asyncio.sleep(0.005)
        os.kill(os.getpid(), signal.SIGKILL)
    while not Path("go").exists():
        await asyncio.sleep(0.005)
    note("done", job.get_workload())
"""


def test_jobs_that_run_beside_it(gearmand: Gearmand, tmp_path: Path) -> None:
    """They have been there at as many deaths. Each of them runs alone then, and only the poison job is given up."""
    client = Client(gearmand.address, timeout=30)
    client.execute_jobs_in_background([Job("work", name) for name in ("a", "b", "c", "d", "poison")])
    with WorkerCommand(tmp_path, gearmand, "-p1", "--concurrency=5", tasks=MANY) as command:
        command.await_log("runs alone: 2 processes died while they ran it and other jobs")
        (tmp_path / "go").touch()
        wait_until(lambda: not queued(gearmand, "work"), "all are done or given up")
        assert lines(tmp_path / "letters") == ["poison: gave up the job: 3 processes died while they ran it"]
        assert sorted(lines(tmp_path / "done")) == ["a", "b", "c", "d"]
        assert command.log.count("while running jobs ") == 2


class TestSuspects:
    def jobs(self, number: int) -> list[BusyRecord]:
        return [BusyRecord("f", f"H:test:{one}", 0.0, unique="\udcff" * 60 + str(one)) for one in range(number)]

    def test_more_jobs_than_the_record_has_room_for(self) -> None:
        """The next record is that of a process. The jobs of the oldest deaths are forgotten."""
        board = scoreboard.create()
        running = BusyRecord("running", "H:test:1", 0.0)
        scoreboard.write(board, 0, running)
        suspects, jobs = Suspects(), self.jobs(1000)
        assert deaths_of(board, jobs[0]) == (0, False)
        for job in jobs:
            suspects.record([job])
        suspects.write(board)
        assert scoreboard.read(board, 0, 1) == [running]
        assert [deaths_of(board, jobs[at]) for at in (0, -400, -1)] == [(0, False), (1, True), (1, True)]
        os.close(board)

    @pytest.mark.parametrize("number", [40, 1000])
    def test_many_jobs_at_once(self, number: int) -> None:
        """In whatever order their process has them: those that have been there most often are not forgotten."""
        board = scoreboard.create()
        suspects, jobs = Suspects(), self.jobs(number)
        for round in range(1, 4):
            suspects.record(jobs if round % 2 else jobs[::-1])
            suspects.write(board)
            counts = [deaths_of(board, job) for job in jobs]
            assert counts.count(Deaths(round, False)) == min(number, 409)
        os.close(board)
