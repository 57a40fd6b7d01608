"""Processes and programs that hang: the pool does not wait for them."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
from contextlib import suppress
from pathlib import Path

from gearman_cffi import Client
from gearman_cffi.testing import Gearmand
from tests.pool.commands import TASKS, WorkerCommand, child_processes, is_alive
from tests.pool.test_limits import THREAD
from tests.support import wait_until


def stop_forkserver(command: WorkerCommand) -> int:
    """Stops the fork server. Returns its id."""
    (forkserver,) = child_processes(command.process.pid)
    os.kill(forkserver, signal.SIGSTOP)
    return forkserver


def test_shutdown_with_a_stopped_forkserver(gearmand: Gearmand, tmp_path: Path) -> None:
    """Its processes are killed without it."""
    with WorkerCommand(tmp_path, gearmand, "-p2", "--shutdown-timeout=0.3") as command:
        processes = command.await_ready().processes()
        stop_forkserver(command)
        command.send(signal.SIGTERM)
        assert command.end(8) == 0
        assert not any(map(is_alive, processes))
        assert "killing the fork server" in command.log


def test_job_timeout_with_a_stopped_forkserver(gearmand: Gearmand, tmp_path: Path) -> None:
    """The fork server and the process of the late job are replaced."""
    with WorkerCommand(tmp_path, gearmand, "-p1", "--job-timeout=wait_for=0.3") as command:
        workers = command.await_ready().workers()
        forkserver = stop_forkserver(command)
        Client(gearmand.address).execute_in_background("wait_for", str(tmp_path / "go"))
        wait_until(lambda: not any(map(is_alive, [forkserver, *workers])), "the processes are gone")
        (tmp_path / "go").touch()
        assert Client(gearmand.address, timeout=20).execute_job("pid", 1) not in workers
        assert "job timeout of 0.3 s exceeded" in command.log


BECOME_REAPER = "import ctypes; ctypes.CDLL(None).prctl(36, 1, 0, 0, 0);"  # PR_SET_CHILD_SUBREAPER


def test_orphans_of_a_forkserver(gearmand: Gearmand, tmp_path: Path) -> None:
    """As process 1 of a container the command inherits the processes of a killed fork server. It waits for them."""
    with WorkerCommand(tmp_path, gearmand, "-p2", prelude=BECOME_REAPER) as command:
        workers = command.await_ready().workers()
        os.kill(child_processes(command.process.pid)[0], signal.SIGKILL)
        command.await_log("all processes run the new code")
        wait_until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers), "no zombie is left")
        command.send(signal.SIGTERM)
        assert command.end(5) == 0


def test_orphans_that_nobody_waits_for(gearmand: Gearmand, tmp_path: Path) -> None:
    """Some programs that are process 1 do not wait for orphans. Such zombies count as ended."""
    prctl = ctypes.CDLL(None).prctl
    prctl(36, 1, 0, 0, 0)
    try:
        with WorkerCommand(tmp_path, gearmand, "-p2") as command:
            workers = command.await_ready().workers()
            os.kill(child_processes(command.process.pid)[0], signal.SIGKILL)
            command.await_log("all processes run the new code")
            wait_until(lambda: not any(map(is_alive, workers)), "the earlier processes have ended")
            command.send(signal.SIGTERM)
            assert command.end(5) == 0
        for worker in workers:
            os.waitpid(worker, 0)
    finally:
        prctl(36, 0, 0, 0, 0)


def test_a_busy_systemd(gearmand: Gearmand, tmp_path: Path) -> None:
    """A notify socket that nobody reads stops nothing. The messages come later, in their order."""
    address = str(tmp_path / "notify")
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other,
    ):
        systemd.bind(address)
        systemd.settimeout(20)
        other.connect(address)
        other.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                other.send(b"other")
        with WorkerCommand(tmp_path, gearmand, "-p1", NOTIFY_SOCKET=address) as command:
            command.await_ready()
            command.send(signal.SIGHUP)
            command.await_log("all processes run the new code")
            messages: list[str] = []
            while len(messages) < 3:
                message = systemd.recv(999).decode()
                messages += [message.partition("\n")[0]] if message != "other" else []
            assert messages == ["READY=1", "RELOADING=1", "READY=1"]
            with suppress(BlockingIOError):
                while True:
                    other.send(b"other")
            command.send(signal.SIGTERM)
            assert command.end(5) == 0


def test_a_burst_with_a_thread_that_does_not_end(gearmand: Gearmand, tmp_path: Path) -> None:
    """It ends after --shutdown-timeout."""
    tasks = f"import threading\n{TASKS}{THREAD}"
    Client(gearmand.address).execute_in_background("leaves_a_thread", 1)
    with WorkerCommand(tmp_path, gearmand, "-p1", "--burst", "--shutdown-timeout=0.3", tasks=tasks) as command:
        assert command.end(8) == 0
        assert "it did not exit within 0.3 s" in command.log


def test_a_ready_file_that_cannot_be_written(gearmand: Gearmand, tmp_path: Path) -> None:
    """The log says so, and the pool goes on."""
    folder = tmp_path / "run"
    folder.mkdir()
    wait = TASKS + "\nwhile not os.path.exists('go'): time.sleep(0.01)"
    with WorkerCommand(tmp_path, gearmand, "-p1", f"--ready-file={folder}/ready", tasks=wait) as command:
        wait_until(command.processes, "it imports the module")
        shutil.rmtree(folder)
        (tmp_path / "go").touch()
        command.await_log("cannot write the ready file")
        assert Client(gearmand.address, timeout=20).execute_job("double", 21) == 42
        command.send(signal.SIGTERM)
        assert command.end(5) == 0
