"""SIGTERM, SIGINT and SIGKILL for the parent: idle and busy, once and twice."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from gearman_cffi import Client
from gearman_cffi.testing import Gearmand
from tests.pool.commands import WorkerCommand, is_alive
from tests.support import connections, queued, wait_until


def begin_background_job(server: Gearmand, directory: Path) -> None:
    """The same job, and nobody waits for it."""
    name = str(directory / "go")
    Client(server.address).execute_in_background("wait_for", name)
    wait_until(Path(f"{name}.began").exists, "the job has begun")


BOTH = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])


def begin_job(server: Gearmand, directory: Path) -> tuple[threading.Thread, list[object]]:
    """A client in a thread waits for a job, which waits for the file "go" and has begun."""
    answers: list[object] = []
    name = str(directory / "go")

    def ask() -> None:
        answers.append(Client(server.address, timeout=30).execute_job("wait_for", name))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    wait_until(Path(f"{name}.began").exists, "the job has begun")
    return thread, answers


@BOTH
@pytest.mark.parametrize("preload", ["--preload", "--no-preload"])
def test_idle(gearmand: Gearmand, tmp_path: Path, number: signal.Signals, preload: str) -> None:
    """All leave at once, and nothing stays behind: no process, no connection, no ready file."""
    with WorkerCommand(tmp_path, gearmand, "-p2", preload) as command:
        processes = command.await_ready().processes()
        assert len(processes) == 3
        command.send(number)
        assert command.end(5) == 0
        assert not any(map(is_alive, processes))
        assert not command.ready_file.exists()
    wait_until(lambda: connections(gearmand) == 0, "the connections are closed")


@BOTH
def test_busy(gearmand: Gearmand, tmp_path: Path, number: signal.Signals) -> None:
    """The job is answered; the process that has none leaves meanwhile; no new job is taken."""
    with WorkerCommand(tmp_path, gearmand, "-p2") as command:
        command.await_ready()
        thread, answers = begin_job(gearmand, tmp_path)
        command.send(number)
        wait_until(lambda: len(command.children()) == 1, "the idle process has left")
        Client(gearmand.address).execute_in_background("pid", 1)
        (tmp_path / "go").touch()
        assert command.end() == 0
        thread.join(20)
        assert len(answers) == 1
    assert queued(gearmand, "pid") == 1


@BOTH
def test_busy_and_twice(gearmand: Gearmand, tmp_path: Path, number: signal.Signals) -> None:
    """All leave at once; the job goes to another worker, and the exit code says that it was cut short."""
    with WorkerCommand(tmp_path, gearmand, "-p2") as command:
        command.await_ready()
        thread, answers = begin_job(gearmand, tmp_path)
        command.send(number)
        command.await_log("waiting for running jobs")
        command.send(number)
        assert command.end(5) == 8
    wait_until(lambda: queued(gearmand, "wait_for") == 1, "the job is queued again")
    (tmp_path / "go").touch()
    with WorkerCommand(tmp_path, gearmand, "-p1"):
        thread.join(20)
    assert len(answers) == 1


def test_shutdown_timeout(gearmand: Gearmand, tmp_path: Path) -> None:
    """A job that does not end in time is killed."""
    with WorkerCommand(tmp_path, gearmand, "-p1", "--shutdown-timeout", "0.2") as command:
        command.await_ready()
        begin_background_job(gearmand, tmp_path)
        command.send(signal.SIGTERM)
        assert command.end(5) == 8
        assert "while running job H:" in command.log
    (tmp_path / "go").touch()


def test_signalled_as_a_group(gearmand: Gearmand, tmp_path: Path) -> None:
    """SIGTERM for every process, as systemd sends it by default, is one request to finish and no more."""
    with WorkerCommand(tmp_path, gearmand, "-p2") as command:
        command.await_ready()
        thread, answers = begin_job(gearmand, tmp_path)
        for process in [*command.processes(), command.process.pid, *command.processes()]:
            os.kill(process, signal.SIGTERM)
        (tmp_path / "go").touch()
        assert command.end() == 0
        thread.join(20)
        assert len(answers) == 1


@pytest.mark.parametrize("preload", ["--preload", "--no-preload"])
def test_parent_killed(gearmand: Gearmand, tmp_path: Path, preload: str) -> None:
    """SIGKILL for the parent leaves no process: no idle one, no busy one, none that a job has started."""
    with WorkerCommand(tmp_path, gearmand, "-p3", preload) as command:
        command.await_ready()
        begin_background_job(gearmand, tmp_path)
        Client(gearmand.address).execute_in_background("with_process", 1)
        started = tmp_path / "started"
        wait_until(lambda: started.exists() and started.read_text().endswith(" "), "the job has started a process")
        processes = command.processes()
        assert len(processes) == 5
        assert int(started.read_text()) in processes
        command.send(signal.SIGKILL)
        wait_until(lambda: not any(map(is_alive, processes)), "all processes are gone", 5)
    assert queued(gearmand, "wait_for") == 1
    (tmp_path / "go").touch()


def test_without_a_server(tmp_path: Path, gearmand: Gearmand) -> None:
    """It waits for one, is not ready before, and leaves at once when it is told."""
    gearmand.stop()
    with WorkerCommand(tmp_path, gearmand, "-p2") as command:
        command.await_log("cannot connect to", 2)
        assert not command.ready_file.exists()
        gearmand.start()
        command.await_ready()
        gearmand.stop()
        command.await_log("cannot connect to", 4)
        command.send(signal.SIGTERM)
        assert command.end(5) == 0
