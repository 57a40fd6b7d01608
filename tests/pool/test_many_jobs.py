"""Worker processes that run several jobs at once: limits, timeouts, signals and deaths. No other job loses a try."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from gearman_cffi import Client, Job, JobException
from gearman_cffi.testing import Gearmand
from tests.pool.commands import TASKS, WorkerCommand
from tests.support import queued, wait_until

MANY_TASKS = (
    TASKS
    + """
import asyncio

def began(job):
    with open("began", "a") as file:
        file.write(f"{job.get_workload()}\\n")

@jobs.handler()
def wait_in_thread(job):
    began(job)
    while not os.path.exists(job.get_workload()):
        time.sleep(0.005)
    return os.getpid()

@jobs.handler()
async def wait_in_loop(job):
    began(job)
    while not os.path.exists(job.get_workload()):
        await asyncio.sleep(0.005)
    return os.getpid()

@jobs.handler()
async def stubborn(job):
    began(job)
    while not os.path.exists(job.get_workload()):
        try:
            await asyncio.sleep(0.005)
        except asyncio.CancelledError:
            pass
    return os.getpid()

@jobs.handler()
def leave(job):
    began(job)
    raise SystemExit(7)

@jobs.handler()
def crash(job):
    os._exit(9)
"""
)
WAITING = pytest.mark.parametrize("function", ["wait_in_thread", "wait_in_loop"])


class Submitted:
    """A job whose answer a thread waits for."""

    def __init__(self, server: Gearmand, function: str, workload: object) -> None:
        self.answers: list[Any] = []
        self._client = Client(server.address, timeout=30)
        self._thread = threading.Thread(target=self._run, args=(function, workload), daemon=True)
        self._thread.start()

    def _run(self, function: str, workload: object) -> None:
        self.answers += self._client.execute_jobs([Job(function, workload)], on_error="return")

    def answer(self) -> Any:
        self._thread.join(30)
        return self.answers[0]


def began(command: WorkerCommand) -> list[str]:
    file = command.directory / "began"
    return file.read_text().split() if file.exists() else []


def await_began(command: WorkerCommand, *workloads: str) -> None:
    wait_until(lambda: sorted(began(command)) == sorted(workloads), f"{workloads} have begun")


def command_of(directory: Path, server: Gearmand, *options: str) -> WorkerCommand:
    return WorkerCommand(directory, server, "-p1", "--concurrency=4", "--splay=0", *options, tasks=MANY_TASKS)


def test_limits(gearmand: Gearmand, tmp_path: Path) -> None:
    """A process runs exactly --max-jobs jobs, also at once; --memory-limit counts; every job is logged."""
    with command_of(tmp_path, gearmand, "--max-jobs=3", "--memory-limit=150M") as command:
        client = Client(gearmand.address, timeout=20)
        pids = client.execute_jobs([Job("pid", 1)] * 9)
        assert sorted(pids.count(pid) for pid in set(pids)) == [3, 3, 3]
        command.await_log("exits: it has done 3 jobs", 3)
        client.execute_job("grow", 170)
        command.await_log("MiB of memory")
        assert command.log.count("done in") == 10
        assert "killing" not in command.log


def test_burst(gearmand: Gearmand, tmp_path: Path) -> None:
    """The command ends when the queues are empty, not while its own jobs still run."""
    client = Client(gearmand.address)
    handles = client.execute_jobs_in_background([Job("nap", number) for number in range(20)])
    with WorkerCommand(tmp_path, gearmand, "-p1", "--threads=3", "--burst", tasks=MANY_TASKS) as command:
        assert command.end() == 0
        assert len((tmp_path / "done").read_text().split()) == len(handles)


@WAITING
def test_graceful_stop(gearmand: Gearmand, tmp_path: Path, function: str) -> None:
    with command_of(tmp_path, gearmand) as command:
        jobs = [Submitted(gearmand, function, name) for name in "abc"]
        await_began(command, *"abc")
        command.send(signal.SIGTERM)
        command.await_log("shutting down, waiting for")
        for name in "abc":
            (tmp_path / name).touch()
        (pid,) = {job.answer() for job in jobs}
        assert command.end(10) == 0
        assert pid
        assert began(command) == began(command)[:3]


def test_second_signal(gearmand: Gearmand, tmp_path: Path) -> None:
    """The command does not wait any longer, and the jobs stay with the server."""
    with command_of(tmp_path, gearmand) as command:
        client = Client(gearmand.address)
        client.execute_in_background("wait_in_thread", "a")
        client.execute_in_background("wait_in_loop", "b")
        await_began(command, "a", "b")
        command.send(signal.SIGTERM)
        command.await_log("shutting down, waiting for")
        command.send(signal.SIGTERM)
        assert command.end(10) == 8
        wait_until(lambda: queued(gearmand, "wait_in_thread") == queued(gearmand, "wait_in_loop") == 1, "they are back")


class TestJobTimeout:
    def test_a_coroutine_is_cancelled(self, gearmand: Gearmand, tmp_path: Path) -> None:
        """Its job fails, and the process goes on."""
        with command_of(tmp_path, gearmand, "--job-timeout=wait_in_loop=0.2") as command:
            other = Submitted(gearmand, "wait_in_thread", "other")
            late = Submitted(gearmand, "wait_in_loop", "late")
            error = late.answer()
            assert isinstance(error, JobException)
            assert "TimeoutError: job timeout of 0.2 s exceeded" in str(error)
            (tmp_path / "other").touch()
            assert other.answer() in command.workers()
            assert "killing" not in command.log

    def test_a_thread_with_others(self, gearmand: Gearmand, tmp_path: Path) -> None:
        """The others finish, once. Then the process is killed, and another one gets the late job."""
        with command_of(tmp_path, gearmand, "--job-timeout=wait_in_thread=0.3") as command:
            others = [Submitted(gearmand, "wait_in_loop", name) for name in ("x", "y")]
            await_began(command, "x", "y")
            late = Submitted(gearmand, "wait_in_thread", "late")
            command.await_log("job timeout of 0.3 s exceeded: process")
            command.await_log("exits when its 2 other jobs are done")
            (first,) = command.workers()
            later = Submitted(gearmand, "wait_in_loop", "later")
            assert "later" not in began(command)
            for name in ("x", "y", "late", "later"):
                if name == "late":
                    wait_until(lambda: first not in command.workers(), "the process is killed")
                (tmp_path / name).touch()
            assert [other.answer() for other in others] == [first, first]
            assert late.answer() != first
            assert later.answer() != first
            assert sorted(set(began(command))) == ["late", "later", "x", "y"]
            assert began(command).count("x") == began(command).count("y") == began(command).count("later") == 1
            assert "restarting it in" not in command.log

    def test_a_coroutine_that_ignores_it(self, gearmand: Gearmand, tmp_path: Path) -> None:
        """Its process is killed, and another one gets the job."""
        with command_of(tmp_path, gearmand, "--job-timeout=stubborn=0.2") as command:
            (first,) = command.await_ready().workers()
            late = Submitted(gearmand, "stubborn", "late")
            command.await_log("job timeout of 0.2 s exceeded: killing process")
            wait_until(lambda: first not in command.workers(), "the process is killed")
            (tmp_path / "late").touch()
            assert late.answer() in command.workers()
            assert began(command) == ["late", "late"]

    def test_the_others_have_limited_time(self, gearmand: Gearmand, tmp_path: Path) -> None:
        options = ("--job-timeout=wait_in_thread=0.2", "--shutdown-timeout=0.3")
        with command_of(tmp_path, gearmand, *options) as command:
            client = Client(gearmand.address)
            client.execute_in_background("wait_in_loop", "other")
            await_began(command, "other")
            client.execute_in_background("wait_in_thread", "late")
            command.await_log("exits when its 1 other jobs are done")
            command.await_log("killing process")


class TestDeaths:
    def test_system_exit(self, gearmand: Gearmand, tmp_path: Path) -> None:
        """The others finish first; the log names the job; new processes leave its function out for a while."""
        with command_of(tmp_path, gearmand) as command:
            others = [Submitted(gearmand, function, "x") for function in ("wait_in_thread", "wait_in_loop")]
            await_began(command, "x", "x")
            (first,) = command.workers()
            Client(gearmand.address).execute_in_background("leave", "go")
            await_began(command, "x", "x", "go")
            later = Submitted(gearmand, "wait_in_thread", "later")
            (tmp_path / "x").touch()
            assert [other.answer() for other in others] == [first, first]
            command.await_log("the function ended its process: SystemExit: 7")
            command.await_log(
                "ended with exit code 7 while running job H:test:3 (leave); new processes leave out leave"
            )
            (tmp_path / "later").touch()
            assert later.answer() != first
            assert began(command).count("x") == 2

    def test_a_crash_is_attributed_to_all_jobs(self, gearmand: Gearmand, tmp_path: Path) -> None:
        with command_of(tmp_path, gearmand) as command:
            client = Client(gearmand.address)
            client.execute_in_background("wait_in_loop", "x")
            await_began(command, "x")
            client.execute_in_background("crash", 1)
            command.await_log("ended with exit code 9 while running jobs H:test:")
            line = next(line for line in command.log.splitlines() if "exit code 9" in line)
            assert "H:test:1 (wait_in_loop)" in line
            assert "H:test:2 (crash)" in line
            assert "leave out" not in line

    def test_a_crash_again_and_again(self, gearmand: Gearmand, tmp_path: Path) -> None:
        """The pool finds out which of the functions it is, leaves it out for a while, and serves the others."""
        with command_of(tmp_path, gearmand) as command:
            other = Submitted(gearmand, "wait_in_loop", "x")
            await_began(command, "x")
            Client(gearmand.address).execute_in_background("crash", 1)
            command.await_log("new processes leave out crash")
            (tmp_path / "x").touch()
            assert other.answer()

    def test_killed_processes(self, gearmand: Gearmand, tmp_path: Path) -> None:
        """Every job is answered while processes with many jobs are killed."""
        options = ("-p2", "--threads=5", "--splay=0")
        with WorkerCommand(tmp_path, gearmand, *options, tasks=MANY_TASKS) as command:
            command.await_ready()
            answers: list[Any] = []
            jobs = [Job("nap", number) for number in range(150)]
            client = Client(gearmand.address, timeout=40)
            thread = threading.Thread(target=lambda: answers.extend(client.execute_jobs(jobs)), daemon=True)
            thread.start()
            done = tmp_path / "done"
            for killed in range(3):
                least = 30 * killed
                wait_until(
                    lambda least=least: done.exists() and done.read_text().count("\n") > least and command.workers(),  # type: ignore[misc]
                    "jobs are done",
                )
                os.kill(command.workers()[0], signal.SIGKILL)
            thread.join(40)
            assert answers == list(range(150))
