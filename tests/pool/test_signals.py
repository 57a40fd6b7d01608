"""SIGTERM, SIGINT and SIGKILL for the parent of idle and busy processes."""

from __future__ import annotations

import os
import re
import signal
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from gearman_cffi import Client
from gearman_cffi.testing import Gearmand
from tests.pool.commands import WorkerCommand, is_alive
from tests.support import connections, queued, wait_until


def begin_background_job(server: Gearmand, directory: Path) -> None:
    """The same job in the background."""
    name = str(directory / "go")
    Client(server.address).execute_in_background("wait_for", name)
    wait_until(Path(f"{name}.began").exists, "the job has begun")


BOTH = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])


def begin_job(server: Gearmand, directory: Path) -> tuple[threading.Thread, list[object]]:
    """A client in a thread waits for a running job, which waits for the file "go"."""
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
    """All processes exit at once and leave nothing: no process, no connection, no ready file."""
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
    """The running job is answered; the idle process exits at once; no new job is started."""
    with WorkerCommand(tmp_path, gearmand, "-p2") as command:
        command.await_ready()
        thread, answers = begin_job(gearmand, tmp_path)
        command.send(number)
        wait_until(lambda: len(command.workers()) == 1, "the idle process has left")
        Client(gearmand.address).execute_in_background("pid", 1)
        (tmp_path / "go").touch()
        assert command.end() == 0
        thread.join(20)
        assert len(answers) == 1
    assert queued(gearmand, "pid") == 1


@BOTH
def test_busy_and_twice(gearmand: Gearmand, tmp_path: Path, number: signal.Signals) -> None:
    """The second signal interrupts the job, which another worker gets. The exit code says so."""
    with WorkerCommand(tmp_path, gearmand, "-p2") as command:
        command.await_ready()
        thread, answers = begin_job(gearmand, tmp_path)
        command.send(number)
        command.await_log("shutting down, waiting for")
        command.send(number)
        assert command.end(5) == 8
    wait_until(lambda: queued(gearmand, "wait_for") == 1, "the job is queued again")
    (tmp_path / "go").touch()
    with WorkerCommand(tmp_path, gearmand, "-p1"):
        thread.join(20)
    assert len(answers) == 1


def test_shutdown_timeout(gearmand: Gearmand, tmp_path: Path) -> None:
    """The process of a job that does not end in time is killed."""
    with WorkerCommand(tmp_path, gearmand, "-p1", "--shutdown-timeout", "0.2") as command:
        command.await_ready()
        begin_background_job(gearmand, tmp_path)
        command.send(signal.SIGTERM)
        assert command.end(5) == 8
        assert "while running job H:" in command.log
    (tmp_path / "go").touch()


def test_signalled_as_a_group(gearmand: Gearmand, tmp_path: Path) -> None:
    """SIGTERM for every process, as systemd sends it by default, counts as one request."""
    with WorkerCommand(tmp_path, gearmand, "-p2") as command:
        command.await_ready()
        thread, answers = begin_job(gearmand, tmp_path)
        for process in [*command.processes(), command.process.pid, *command.processes()]:
            with suppress(ProcessLookupError):  # one without a job ends at the first signal
                os.kill(process, signal.SIGTERM)
        (tmp_path / "go").touch()
        assert command.end() == 0
        thread.join(20)
        assert len(answers) == 1


@pytest.mark.parametrize("preload", ["--preload", "--no-preload"])
def test_parent_killed(gearmand: Gearmand, tmp_path: Path, preload: str) -> None:
    """SIGKILL for the parent ends all processes: idle, busy, and those that a job has started."""
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


def test_without_one_of_several_servers(tmp_path: Path, gearmand: Gearmand) -> None:
    """The log names it once for all processes, and says when it is back."""
    gearmand.stop()
    with Gearmand() as other:
        servers = f"{other.address},{gearmand.address}"
        with WorkerCommand(tmp_path, servers, "-p3", "--idle-interval=0.2") as command:
            command.await_ready()
            lost = f"cannot connect to {gearmand.address}, retrying; the other servers are used"
            assert command.log.count(lost) == 1
            gearmand.start()
            command.await_log(f"connected to {gearmand.address} again")
            command.send(signal.SIGTERM)
            assert command.end() == 0
        assert not re.search("ERROR|CRITICAL", command.log)


def test_without_a_server(tmp_path: Path, gearmand: Gearmand) -> None:
    """The command waits for a server, is not ready without one, and can be stopped meanwhile."""
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
