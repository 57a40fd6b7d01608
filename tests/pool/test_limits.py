"""Limits of processes and jobs, bursts, roles, readiness, the log."""

from __future__ import annotations

import json
import signal
import socket
from pathlib import Path

import pytest

from gearman_cffi import Admin, Client, JobException
from gearman_cffi.pool import PoolOptions
from gearman_cffi.testing import Gearmand
from tests.pool.commands import TASKS, WorkerCommand
from tests.support import is_served, queued, wait_until

NOBODY = "127.0.0.1:1"  # a port that nobody listens on


def test_max_jobs(gearmand: Gearmand, tmp_path: Path) -> None:
    with WorkerCommand(tmp_path, gearmand, "-p1", "--max-jobs=2", "--splay=0"):
        client = Client(gearmand.address, timeout=20)
        pids = [client.execute_job("pid", 1) for _ in range(6)]
    assert [pids.count(one) for one in dict.fromkeys(pids)] == [2, 2, 2]


def test_memory_limit(gearmand: Gearmand, tmp_path: Path) -> None:
    """The process that has grown leaves after its job, and the log says why."""
    with WorkerCommand(tmp_path, gearmand, "-p1", "--memory-limit=100M", "--splay=0") as command:
        client = Client(gearmand.address, timeout=20)
        pids = [client.execute_job("grow", size) for size in (1, 1, 120, 1)]
        assert pids[0] == pids[1] == pids[2] != pids[3]
        command.await_log("MiB of memory")


def test_max_runtime(gearmand: Gearmand, tmp_path: Path) -> None:
    """An idle process leaves in time too."""
    with WorkerCommand(tmp_path, gearmand, "-p1", "--max-runtime=0.5", "--splay=0") as command:
        first = command.await_ready().children()
        wait_until(lambda: command.children() not in (first, []), "another process is there")
        command.await_log("it has run for")


THREAD = """

@jobs.handler()
def leaves_a_thread(job):
    threading.Thread(target=time.sleep, args=(600,)).start()
    return os.getpid()
"""


@pytest.mark.parametrize("limit", ["--max-jobs=1", "--max-runtime=1"])
def test_a_process_that_does_not_end(gearmand: Gearmand, tmp_path: Path, limit: str) -> None:
    """A thread of a job keeps it; it has the time of --shutdown-timeout, then its place is for another one."""
    tasks = f"import threading\n{TASKS}{THREAD}"
    with WorkerCommand(tmp_path, gearmand, "-p1", limit, "--splay=0", "--shutdown-timeout=0.3", tasks=tasks) as command:
        client = Client(gearmand.address, timeout=20)
        first = client.execute_job("leaves_a_thread", 1)
        assert client.execute_job("pid", 1) != first or limit == "--max-runtime=1"
        command.await_log(f"killing process {first}: it did not exit within")
        wait_until(lambda: first not in command.children(), "it is gone")
        assert client.execute_job("pid", 1) != first
        assert "restarting it in" not in command.log


def test_a_job_has_its_time(gearmand: Gearmand, tmp_path: Path) -> None:
    """A process that is to leave finishes its job, however long that takes."""
    go = tmp_path / "go"
    options = ("-p2", "--max-runtime=0.3", "--splay=0", "--shutdown-timeout=0.2")
    with WorkerCommand(tmp_path, gearmand, *options) as command:
        Client(gearmand.address).execute_in_background("wait_for", str(go))
        wait_until(Path(f"{go}.began").exists, "the job has begun")
        command.await_log("exits: it has run for", 4)  # the process beside it, again and again
        go.touch()
        wait_until(lambda: queued(gearmand, "wait_for") == 0, "the job is done")
        assert "killing" not in command.log
        command.await_log("wait_for H:test:1: done in")


def test_job_timeout(gearmand: Gearmand, tmp_path: Path) -> None:
    """The late job costs its process; the server gives it to another one, and the log says so."""
    go = tmp_path / "go"
    with WorkerCommand(tmp_path, gearmand, "-p1", "--job-timeout=wait_for=0.3", "--job-timeout=nap=5") as command:
        command.await_ready()
        Client(gearmand.address).execute_in_background("wait_for", str(go))
        command.await_log("job timeout of 0.3 s exceeded")
        go.touch()
        wait_until(lambda: queued(gearmand, "wait_for") == 0, "the job is done")
        assert "wait_for H:test:1: job timeout" in command.log
        assert "restarting it in" not in command.log


def test_burst(gearmand: Gearmand, tmp_path: Path) -> None:
    """It does what there is, limits included, and ends."""
    client = Client(gearmand.address, timeout=20)
    for number in range(50):
        client.execute_in_background("nap", number)
    with WorkerCommand(tmp_path, gearmand, "-p2", "--burst", "--max-jobs=10") as command:
        assert command.end() == 0
    assert len((tmp_path / "done").read_text().splitlines()) == 50
    assert queued(gearmand, "nap") == 0


def test_burst_without_a_server(tmp_path: Path) -> None:
    with WorkerCommand(tmp_path, NOBODY, "-p2", "--burst") as command:
        assert command.end() == 4


def test_dedicated_processes(gearmand: Gearmand, tmp_path: Path) -> None:
    """One for a function of its own, and none for the others."""
    with WorkerCommand(tmp_path, gearmand, "-p1", "--dedicate=nap=2", "--client-id=me") as command:
        command.await_ready()
        served = sorted(worker.functions for worker in Admin(gearmand.address).workers() if worker.client_id == "me")
        assert [len(functions) for functions in served] == [7, 1, 1] or served.count(("nap",)) == 2
        assert len(served) == 3


@pytest.mark.parametrize(
    ("tasks", "target", "said"),
    [
        ("import nowhere", "tasks:jobs", "No module named 'nowhere'"),
        ("jobs = 1/0", "tasks:jobs", "ZeroDivisionError: division by zero"),
        ("jobs = 7", "tasks:jobs", "not int"),
        ("jobs = []", "tasks:jobs", "has no handlers"),
        ("", "tasks:jobs", "has no 'jobs'"),
        ("", "nowhere:jobs", "No module named 'nowhere'"),
        ("", "tasks", "write MODULE:OBJECT"),
        ("jobs = (", "tasks:jobs", 'tasks.py", line 1'),
        ("raise SystemExit(0)", "tasks:jobs", "SystemExit"),
        ("raise GeneratorExit", "tasks:jobs", "GeneratorExit"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "tasks:jobs", "the import died by SIGSEGV"),
        (f"{TASKS}@jobs.handler('f', time_limit=0.5)\ndef f(job): ...", "tasks:jobs", "time_limit must be at least 1"),
        (f"{TASKS}@jobs.handler('f', time_limit='5')\ndef f(job): ...", "tasks:jobs", "time_limit must be seconds"),
        (f"{TASKS}@jobs.handler('f')\ndef f(): ...", "tasks:jobs", "'f' must take one argument, the job"),
        (f"{TASKS}@jobs.handler('pid')\ndef f(job): ...", "tasks:jobs", "there is a handler for 'pid' already"),
        (
            f"{TASKS}from gearman_cffi import FunctionHandler\ntwo = [jobs, FunctionHandler('pid', pid)]",
            "tasks:two",
            "there is a handler for 'pid' already",
        ),
        ("import os; os._exit(0)", "tasks:jobs", "the import ended with exit code 0"),
    ],
)
def test_what_cannot_be_loaded(tmp_path: Path, tasks: str, target: str, said: str) -> None:
    """It ends the command with the error, and without a server being asked."""
    with WorkerCommand(tmp_path, NOBODY, "-p2", tasks=tasks, target=target) as command:
        assert command.end() == 3
        assert said in command.log
        assert "gearman_cffi/" not in command.log  # no frames of ours


@pytest.mark.parametrize(
    "options",
    [
        ["--no-preload"],
        ["--dedicate=nothing=1"],
        ["--no-preload", "--dedicate=nothing=1"],
        ["--job-timeout=nothing=3", "--job-timeout=*=9"],
    ],
)
def test_what_cannot_be_loaded_in_each_process(tmp_path: Path, options: list[str]) -> None:
    tasks = TASKS if any("=nothing=" in option for option in options) else "import nowhere"
    with WorkerCommand(tmp_path, NOBODY, "-p1", *options, tasks=tasks) as command:
        assert command.end() == 3
        assert "nowhere" in command.log or "no handler for the function 'nothing'" in command.log


@pytest.mark.parametrize("preload", ["--preload", "--no-preload"])
@pytest.mark.parametrize(
    ("tasks", "options", "said"),
    [
        ("jobs.get_job('pid').time_limit = 0.5", [], "time_limit must be at least 1 second, not 0.5"),
        ("jobs.get_job('pid').time_limit = '60'", [], "time_limit must be seconds, a timedelta or None, not str"),
        ("", ["--client-id=two words"], "invalid client id 'two words'"),
    ],
)
def test_what_fails_while_a_process_sets_up(
    gearmand: Gearmand, tmp_path: Path, tasks: str, options: list[str], said: str, preload: str
) -> None:
    """It is reported once, and the command ends with exit code 3; no process is started again."""
    with WorkerCommand(tmp_path, gearmand, "-p2", preload, *options, tasks=TASKS + tasks) as command:
        assert command.end() == 3
        assert command.log.count(said) == 1
        assert "restarting it in" not in command.log


def test_an_unknown_serializer() -> None:
    """The command takes no other names; in code the options refuse it."""
    with pytest.raises(ValueError, match="unknown serializer 'yaml': use one of php, json, pickle, raw"):
        PoolOptions("tasks:jobs", serializer="yaml")


def test_a_ready_file_without_a_folder(tmp_path: Path) -> None:
    """Is a wrong option, and not found out when the pool is ready."""
    with WorkerCommand(tmp_path, NOBODY, "-p1", f"--ready-file={tmp_path}/nowhere/ready") as command:
        assert command.end() == 2
        assert f"invalid ready file {tmp_path}/nowhere/ready: its directory does not exist" in command.log


@pytest.mark.parametrize(
    "made", ["jobs", "list(jobs)", "[jobs]", "lambda: jobs", "jobs.get_job('pid')", "pid", "[double, pid]"]
)
def test_kinds_of_objects(gearmand: Gearmand, tmp_path: Path, made: str) -> None:
    with WorkerCommand(tmp_path, gearmand, "-p1", tasks=f"{TASKS}\nmade = {made}", target="tasks:made") as command:
        command.await_ready()
        assert is_served(gearmand, "pid")


def test_threads_at_import(gearmand: Gearmand, tmp_path: Path) -> None:
    """A module that starts threads is not forked: each process imports it itself, and the template does not keep it."""
    tasks = f"{TASKS}\nimport threading\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()"
    with WorkerCommand(tmp_path, gearmand, "-p2", tasks=tasks) as command:
        command.await_ready()
        threads = [len(list(Path(f"/proc/{process}/task").iterdir())) for process in command.processes()]
        assert sorted(threads) == [1, 2, 2]


def test_readiness(gearmand: Gearmand, tmp_path: Path) -> None:
    """systemd is told what it is to be told, in order."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(20)
        with WorkerCommand(tmp_path, gearmand, "-p2", NOTIFY_SOCKET=str(tmp_path / "notify")) as command:
            assert systemd.recv(999).decode() == f"READY=1\nMAINPID={command.process.pid}"
            assert is_served(gearmand, "pid")
            assert int(command.ready_file.read_text()) == command.process.pid
            command.send(signal.SIGHUP)
            assert systemd.recv(999).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
            assert systemd.recv(999).startswith(b"READY=1\n")
            command.send(signal.SIGTERM)
            assert systemd.recv(999) == b"STOPPING=1"
            assert command.end(5) == 0


def test_log(gearmand: Gearmand, tmp_path: Path) -> None:
    """A line for each event; JSON with the traceback."""
    with WorkerCommand(tmp_path, gearmand, "-p1", "--log-format=json", "--log-level=debug") as command:
        client = Client(gearmand.address, timeout=20)
        pid = int(client.execute_job("pid", 1))
        with pytest.raises(JobException):
            client.execute_job("fail", 1)
        command.await_log('"failed"')
        events = [json.loads(line) for line in command.log.splitlines()]
    about = [event for event in events if event.get("function") in ("pid", "fail")]
    assert [(event["message"].partition(" ")[0], event["level"]) for event in about] == [
        ("started", "debug"),
        ("done", "info"),
        ("started", "debug"),
        ("failed", "error"),
    ]
    assert {event["pid"] for event in about} == {pid}
    assert about[0]["handle"] == "H:test:1"
    assert about[3]["error"] == "ValueError: two\nlines"
    assert "in fail" in about[3]["traceback"]


def test_text_log(gearmand: Gearmand, tmp_path: Path) -> None:
    with WorkerCommand(tmp_path, gearmand, "-p1") as command:
        with pytest.raises(JobException):
            Client(gearmand.address, timeout=20).execute_job("fail", 1)
        command.await_log("failed")
        (line,) = (line for line in command.log.splitlines() if "failed" in line)
    assert line.partition(" ERROR ")[2].strip().startswith("fail H:test:1: failed: ValueError: two\\nlines (tasks.py:")


FOREIGN = "x\x1b]0;title\x07\r\n2026-11-29T00:00:00.000Z 1 INFO    f H:1: done\n\x9b31m\u202e\u2028\x7f"


@pytest.mark.parametrize("level", ["info", "debug"])
@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(
    "kind", ["ValueError", "BaseException", "type('Str', (Exception,), {'__str__': lambda self: data})", "SystemExit"]
)
def test_text_of_others_in_the_log(gearmand: Gearmand, tmp_path: Path, form: str, level: str, kind: str) -> None:
    """Neither a terminal nor a reader of lines takes it for something of ours."""
    tasks = f"{TASKS}\n@jobs.handler()\ndef foreign(job):\n    data = job.get_workload()\n    raise {kind}(data)\n"
    options = ("-p1", f"--log-format={form}", f"--log-level={level}")
    with WorkerCommand(tmp_path, gearmand, *options, tasks=tasks) as command:
        Client(gearmand.address).execute_in_background("foreign", FOREIGN)
        command.await_log("ERROR" if form == "text" else '"error":')
        command.send(signal.SIGTERM)
        command.end(5)
        log = command.log_file.read_bytes().decode()
    assert not set(log) & set("\x1b\x07\r\x9b\u202e\u2028\x7f")
    lines = log.splitlines()
    assert not [line for line in lines if line.startswith("2026-11-29T00:00:00.000Z")]
    if form == "json":
        errors = [event["error"] for event in map(json.loads, lines) if "error" in event]
        assert errors[0].endswith(FOREIGN)
    else:
        assert all(line.startswith(("20", "    ")) for line in lines)


def test_the_traceback_of_an_import(tmp_path: Path) -> None:
    """It stands below the line of the log, as in any other traceback."""
    with WorkerCommand(tmp_path, NOBODY, "-p1", tasks="jobs = 1/0") as command:
        assert command.end() == 3
        first, *others = command.log.splitlines()
    assert first.endswith("cannot import the module 'tasks'")
    assert others[0] == "    Traceback (most recent call last):"
    assert others[-1] == "    ZeroDivisionError: division by zero"


def test_options_from_the_environment(gearmand: Gearmand, tmp_path: Path) -> None:
    environment = {"GEARMAN_CFFI_WORKER_PROCESSES": "3", "GEARMAN_CFFI_WORKER_DEDICATE": "pid=1 nap=1"}
    with WorkerCommand(tmp_path, gearmand, **environment) as command:
        assert len(command.await_ready().children()) == 5
