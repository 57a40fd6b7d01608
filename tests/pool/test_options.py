"""Options of the worker command: bursts, dedicated processes, readiness, the environment."""

from __future__ import annotations

import signal
import socket
import time
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from gearman_cffi import Admin, Client
from gearman_cffi.pool import PoolOptions
from gearman_cffi.pool.readiness import Readiness
from gearman_cffi.pool.target import Target
from gearman_cffi.testing import Gearmand
from tests.cli.programs import Ended, run
from tests.pool.commands import NOBODY, TASKS, WorkerCommand
from tests.support import is_served, queued, wait_until


def test_burst(gearmand: Gearmand, tmp_path: Path) -> None:
    """The command runs the queued jobs, obeys limits, and ends."""
    client = Client(gearmand.address, timeout=20)
    for number in range(50):
        client.execute_in_background("nap", number)
    with WorkerCommand(tmp_path, gearmand, "-p2", "--burst", "--max-jobs=10") as command:
        assert command.end() == 0
        assert command.log.count("the queues are empty: stopping") == 1
    assert len((tmp_path / "done").read_text().splitlines()) == 50
    assert queued(gearmand, "nap") == 0


def test_burst_without_a_server(tmp_path: Path) -> None:
    with WorkerCommand(tmp_path, NOBODY, "-p2", "--burst") as command:
        assert command.end() == 4


def test_dedicated_processes(gearmand: Gearmand, tmp_path: Path) -> None:
    """A dedicated process serves one function only."""
    with WorkerCommand(tmp_path, gearmand, "-p1", "--dedicate=nap=2", "--client-id=me") as command:
        command.await_ready()
        served = sorted(worker.functions for worker in Admin(gearmand.address).workers() if worker.client_id == "me")
        assert [len(functions) for functions in served] == [7, 1, 1] or served.count(("nap",)) == 2
        assert len(served) == 3


def test_a_namespace(gearmand: Gearmand, tmp_path: Path) -> None:
    """The processes register their functions in it."""
    with WorkerCommand(tmp_path, gearmand, "-p1", "--namespace=shop.") as command:
        command.await_ready()
        assert Client(gearmand.address, timeout=20, namespace="shop.").execute_job("nap", 0.001) is not None
        assert all(name.startswith("shop.") for row in Admin(gearmand.address).workers() for name in row.functions)


def test_an_unknown_serializer() -> None:
    """PoolOptions raises; the command line accepts known names only."""
    with pytest.raises(ValueError, match="unknown serializer 'yaml': use one of php, json, pickle, raw"):
        PoolOptions(Target(("tasks:jobs",)), serializer="yaml")


def test_a_ready_file_without_a_folder(tmp_path: Path) -> None:
    """A usage error at once, not an error when the pool is ready."""
    with WorkerCommand(tmp_path, NOBODY, "-p1", f"--ready-file={tmp_path}/nowhere/ready") as command:
        assert command.end() == 2
        assert f"invalid ready file {tmp_path}/nowhere/ready: its directory does not exist" in command.log


def health(command: WorkerCommand) -> Ended:
    """What a probe finds; no server is asked."""
    return run(NOBODY, "health", f"--ready-file={command.ready_file}")


def test_readiness(gearmand: Gearmand, tmp_path: Path) -> None:
    """systemd gets the right messages in the right order."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(20)
        with WorkerCommand(tmp_path, gearmand, "-p2", NOTIFY_SOCKET=str(tmp_path / "notify")) as command:
            assert systemd.recv(999).decode() == f"READY=1\nMAINPID={command.process.pid}"
            assert is_served(gearmand, "pid")
            assert int(command.ready_file.read_text()) == command.process.pid
            assert health(command).out == "ok\n"
            command.send(signal.SIGHUP)
            assert systemd.recv(999).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
            assert systemd.recv(999).startswith(b"READY=1\n")
            command.send(signal.SIGTERM)
            assert systemd.recv(999) == b"STOPPING=1"
            assert command.end(5) == 0
            assert (
                health(command).code,
                f"is not ready: there is no file '{command.ready_file}'" in health(command).err,
            ) == (1, True)
            command.ready_file.write_text(f"{command.process.pid}\n")  # as if it had been killed
            assert (
                health(command).code,
                f"its process {command.process.pid}, which has written" in health(command).err,
            ) == (1, True)


def test_readiness_without_a_server(gearmand: Gearmand, tmp_path: Path) -> None:
    """The pool is not ready while it has lost its servers: there is no ready file, and systemd shows it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(20)
        with WorkerCommand(tmp_path, gearmand, "-p2", NOTIFY_SOCKET=str(tmp_path / "notify")) as command:
            assert systemd.recv(999).startswith(b"READY=1\n")
            assert health(command).code == 0
            gearmand.stop()
            assert systemd.recv(999) == b"STATUS=not ready: a process cannot reach any server"
            assert (health(command).code, "is not ready" in health(command).err) == (1, True)
            gearmand.start()
            assert systemd.recv(999) == b"STATUS=ready"
            assert health(command).code == 0
            assert is_served(gearmand, "pid")
            command.send(signal.SIGTERM)
            assert command.end(5) == 0


def test_readiness_without_a_process(gearmand: Gearmand, tmp_path: Path) -> None:
    """The pool is not ready while its only process has died and cannot start again."""
    tasks = f"{TASKS}\nfrom gearman_cffi import Application\napp = Application(jobs)\n"
    tasks += "app.on_start(lambda: os.stat('database'))\njobs.handler('crash')(lambda job: os._exit(9))\n"
    (tmp_path / "database").touch()
    with WorkerCommand(tmp_path, gearmand, "-p1", tasks=tasks, target="tasks:app") as command:
        command.await_ready()
        (tmp_path / "database").unlink()
        Client(gearmand.address).execute_in_background("crash", 1)
        command.await_log("not ready: the processes have died")
        command.await_log("No such file or directory: 'database'")
        assert not command.ready_file.exists()
        (tmp_path / "database").touch()
        command.await_ready()
        command.await_log("ready again")


@pytest.mark.parametrize("concurrency", ["1", "2"])
def test_a_listener_that_reaches_no_server(gearmand: Gearmand, tmp_path: Path, concurrency: str) -> None:
    """The failure of a client in a listener says nothing about the servers of the pool."""
    tasks = f"{TASKS}\nfrom gearman_cffi import *\napp = Application(jobs)\napp.dispatcher.add_listener("
    tasks += f"EventName.AFTER_RUN, lambda event: Client('{NOBODY}').execute_in_background('pid', 1))\n"
    options = ["-p1", "--concurrency", concurrency]
    with WorkerCommand(tmp_path, gearmand, *options, tasks=tasks, target="tasks:app") as command:
        command.await_ready()
        for number in range(2):
            assert Client(gearmand.address, timeout=20).execute_job("double", number) == 2 * number
            command.await_log("ConnectionFailed", number + 1)
        command.send(signal.SIGTERM)
        assert command.end(5) == 0
        assert "not ready" not in command.log


def test_watchdog(gearmand: Gearmand, tmp_path: Path) -> None:
    """systemd gets signs of life, also while a job runs at shutdown; a process that is not the service sends none."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(20)
        variables: dict[str, Any] = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "400000"}
        with WorkerCommand(tmp_path, gearmand, "-p1", **variables) as command:
            command.await_ready()
            Client(gearmand.address).execute_in_background("wait_for", str(tmp_path / "go"))
            wait_until((tmp_path / "go.began").exists, "the job runs")
            command.send(signal.SIGTERM)
            messages: list[str] = []
            while "STOPPING=1" not in messages or messages[-2:] != ["WATCHDOG=1"] * 2:
                messages.append(systemd.recv(999).decode())
            assert any(message.startswith("READY=1") for message in messages)
            (tmp_path / "go").touch()
            assert command.end() == 0
        with WorkerCommand(tmp_path, gearmand, "-p1", **variables, WATCHDOG_PID="1") as command:
            command.await_ready()
            command.send(signal.SIGTERM)
            assert command.end() == 0
        systemd.setblocking(False)
        left = []
        with suppress(BlockingIOError):
            while True:
                left.append(systemd.recv(999))
        assert (left[-2].partition(b"\n")[0], left[-1]) == (b"READY=1", b"STOPPING=1")


@pytest.mark.parametrize("seconds", [0.002, 1.0, 30.0])
def test_no_gap_between_signs_of_life(seconds: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They come after half of the time that systemd allows, whatever else wakes the pool in between."""
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", str(round(seconds * 1e6)))
        readiness = Readiness(None)
        systemd.setblocking(False)
        sent = []
        for _ in range(40):
            readiness.step()
            with suppress(BlockingIOError):
                assert systemd.recv(999) == b"WATCHDOG=1"
                sent.append(now)
            interval = readiness.interval
            assert interval is not None
            now += min(interval, 0.4 * seconds)
    gaps = [later - earlier for earlier, later in pairwise(sent)]
    assert len(gaps) > 10
    assert all(gap == pytest.approx(seconds / 2) for gap in gaps)


def test_options_from_the_environment(gearmand: Gearmand, tmp_path: Path) -> None:
    variables: dict[str, Any] = {"GEARMAN_CFFI_WORKER_PROCESSES": "3", "GEARMAN_CFFI_WORKER_DEDICATE": "pid=1 nap=1"}
    with WorkerCommand(tmp_path, gearmand, **variables) as command:
        assert len(command.await_ready().workers()) == 5
