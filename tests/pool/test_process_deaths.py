"""Worker processes and fork servers that die: no job is lost."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from gearman_cffi import Client, Job
from gearman_cffi.testing import Gearmand
from tests.pool.commands import TASKS, WorkerCommand, child_processes, is_alive
from tests.support import wait_until

# A module that ends the fork server just after the import, but not the worker processes.
DYING = (
    TASKS
    + """
import signal
signal.signal(signal.SIGALRM, lambda *_: os._exit(9))
signal.setitimer(signal.ITIMER_REAL, 0.05)
"""
)


def run_jobs(server: Gearmand, number: int) -> tuple[threading.Thread, list[object]]:
    """Runs jobs in a thread. Returns it, and a list that will contain the answers or exceptions."""
    answers: list[object] = []

    def run() -> None:
        jobs = [Job("nap", one) for one in range(number)]
        answers.extend(Client(server.address, timeout=40).execute_jobs(jobs, on_error="return"))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, answers


def count_done(directory: Path) -> int:
    file = directory / "done"
    return len(file.read_text().splitlines()) if file.exists() else 0


def test_killed_processes(gearmand: Gearmand, tmp_path: Path) -> None:
    """200 jobs are answered while ten processes are killed."""
    with WorkerCommand(tmp_path, gearmand, "-p4") as command:
        command.await_ready()
        thread, answers = run_jobs(gearmand, 200)
        killed: set[int] = set()
        for number in range(10):
            wait_until(lambda least=15 * number: count_done(tmp_path) > least, "jobs are done")  # type: ignore[misc]
            wait_until(lambda: set(command.workers()) - killed, "a process is alive")
            victim = min(set(command.workers()) - killed)
            os.kill(victim, signal.SIGKILL)
            killed.add(victim)
        thread.join(40)
        assert answers == list(range(200))
        command.await_log("died by SIGKILL", 10)
        assert "while running job H:" in command.log


def test_a_death_after_the_request_to_exit(gearmand: Gearmand, tmp_path: Path) -> None:
    """A process that has run for long enough dies of the job that it is to finish: the log says so."""
    tasks = f"""{TASKS}
@jobs.handler()
def die_later(job):
    wait_for(job)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    go = tmp_path / "go"
    with WorkerCommand(tmp_path, gearmand, "-p2", "--max-runtime=0.3", "--splay=0", tasks=tasks) as command:
        Client(gearmand.address).execute_in_background("die_later", str(go))
        wait_until(Path(f"{go}.began").exists, "the job has begun")
        command.await_log("exits: it has run for", 4)  # the idle process, again and again
        go.touch()
        command.await_log("died by SIGKILL while running job H:test:1 (die_later)")


def test_restart_delays_grow(gearmand: Gearmand, tmp_path: Path) -> None:
    """A process that dies again and again is restarted after growing delays."""
    tasks = (
        "import os\nfrom gearman_cffi import FunctionHandler\njobs = FunctionHandler('die', lambda job: os._exit(7))"
    )
    Client(gearmand.address).execute_in_background("die", 1)
    with WorkerCommand(tmp_path, gearmand, "-p1", tasks=tasks) as command:
        command.await_log("restarting it in", 4)
        waits = [float(line.split()[-2]) for line in command.log.splitlines() if "restarting it in" in line]
        assert waits[0] <= 0.1 < waits[2] < waits[3]
        assert "ended with exit code 7 while running job H:" in command.log
        command.send(signal.SIGTERM)
        assert command.end(5) == 0


def test_killed_forkserver(gearmand: Gearmand, tmp_path: Path) -> None:
    """Its processes serve until those of a new fork server have replaced them."""
    with WorkerCommand(tmp_path, gearmand, "-p3") as command:
        command.await_ready()
        before = set(command.workers())
        thread, answers = run_jobs(gearmand, 200)
        wait_until(lambda: count_done(tmp_path) > 10, "jobs are done")
        os.kill(child_processes(command.process.pid)[0], signal.SIGKILL)
        command.await_log("all processes run the new code")
        thread.join(40)
        assert answers == list(range(200))
        assert len(set(command.workers()) - before) == 3
        command.send(signal.SIGTERM)
        assert command.end(5) == 0


def test_forkserver_that_dies_again_and_again(gearmand: Gearmand, tmp_path: Path) -> None:
    """It is restarted after growing delays; jobs are executed meanwhile."""
    with WorkerCommand(tmp_path, gearmand, "-p2") as command:
        command.await_ready()
        (tmp_path / "tasks.py").write_text(DYING)
        os.kill(child_processes(command.process.pid)[0], signal.SIGKILL)
        command.await_log("the fork server", 4)
        waits = [float(line.split()[-2]) for line in command.log.splitlines() if "the fork server" in line]
        assert waits[0] <= 0.1 < waits[2] < waits[3]
        assert Client(gearmand.address, timeout=20).execute_job("double", 21) == 42
        command.send(signal.SIGTERM)
        assert command.end(5) == 0


def test_broken_code_when_the_forkserver_dies(gearmand: Gearmand, tmp_path: Path) -> None:
    """The import is retried after growing delays while a process serves; without one the command ends."""
    with WorkerCommand(tmp_path, gearmand, "-p1") as command:
        before = command.await_ready().workers()
        (tmp_path / "tasks.py").write_text("import nowhere")
        os.kill(child_processes(command.process.pid)[0], signal.SIGKILL)
        command.await_log("retrying the import in", 3)
        waits = [float(line.split()[-2]) for line in command.log.splitlines() if "retrying the import in" in line]
        assert waits == sorted(waits)
        assert Client(gearmand.address, timeout=20).execute_job("pid", 1) == before[0]
        os.kill(before[0], signal.SIGKILL)
        assert command.end() == 3


CLOSING = (
    TASKS
    + """

def mine():
    return [int(name) for name in os.listdir("/proc/self/fd") if int(name) > 2]

@jobs.handler()
def close_all(job):
    os.closerange(3, 4096)

@jobs.handler()
def close_and_open(job):
    os.closerange(3, 4096)
    job.files = [open("victim", "ab") for _ in range(20)]

@jobs.handler()
def close_no_socket(job):
    for descriptor in mine():
        try:
            target = os.readlink(f"/proc/self/fd/{descriptor}")
        except OSError:
            continue
        if not target.startswith(("socket:", "anon_inode:")):
            os.close(descriptor)
    return os.getpid()

@jobs.handler()
def close_later(job):
    import threading
    threading.Timer(0.2, os.closerange, (3, 4096)).start()
    return os.getpid()
"""
)


@pytest.mark.parametrize(
    ("closing", "preload"),
    [
        ("close_all", "--preload"),
        ("close_all", "--no-preload"),
        ("close_and_open", "--preload"),
        ("close_no_socket", "--preload"),
        ("close_later", "--preload"),
    ],
)
def test_a_job_that_closes_file_descriptors(gearmand: Gearmand, tmp_path: Path, closing: str, preload: str) -> None:
    """Its process is replaced: no job of another function fails, and nothing is written into the job's files."""
    with WorkerCommand(tmp_path, gearmand, "-p2", preload, tasks=CLOSING) as command:
        before = command.await_ready().workers()
        client = Client(gearmand.address, timeout=20)
        if closing in ("close_no_socket", "close_later"):  # the connection is open: the job is answered
            assert client.execute_job(closing, 1) in before
        else:
            client.execute_in_background(closing, 1)
        command.await_log("closed file descriptors" if closing != "close_later" else "done in")
        answers = []

        def replaced() -> bool:
            answers.append(client.execute_job("double", 21))
            return before != command.workers()

        wait_until(replaced, "the process is replaced")
        answers += [client.execute_job("double", 21) for _ in range(20)]
        assert set(answers) == {42}
        assert "double" not in "".join(line for line in command.log.splitlines() if "ERROR" in line)
        assert not (tmp_path / "victim").exists() or (tmp_path / "victim").read_bytes() == b""
        command.send(signal.SIGKILL)
        wait_until(lambda: not [one for one in before if is_alive(one)], "the processes die with the parent")


ENDINGS = {
    "sys_exit": "sys.exit()",
    "sys_exit_text": "sys.exit('enough')",
    "argparse": "__import__('argparse').ArgumentParser().parse_args(['--wrong'])",
    "os_exit": "os._exit(0)",
    "abort": "os.abort()",
    "segfault": "os.kill(os.getpid(), signal.SIGSEGV)",
    "sigkill": "os.kill(os.getpid(), signal.SIGKILL)",  # as if it used too much memory
    "interrupt": "raise KeyboardInterrupt",
}


@pytest.mark.parametrize(
    ("ending", "preload"), [("sys_exit", "--no-preload"), *((ending, "--preload") for ending in ENDINGS)]
)
def test_a_function_that_ends_its_process(gearmand: Gearmand, tmp_path: Path, ending: str, preload: str) -> None:
    """The server gives its jobs to one process after the other; the other functions are served nevertheless."""
    tasks = f"""
import os, signal, sys
from gearman_cffi import JobCollection

jobs = JobCollection()

@jobs.handler()  # gearmand serves the functions in this order: these jobs come first
def end(job):
    {ENDINGS[ending]}

@jobs.handler()
def double(job):
    return 2 * job.get_workload()
"""
    for number in range(5):
        Client(gearmand.address).execute_in_background("end", number)
    with WorkerCommand(tmp_path, gearmand, "-p1", preload, tasks=tasks) as command:
        command.await_ready()
        client = Client(gearmand.address, timeout=20)
        answers = []

        def tried_again() -> bool:
            answers.append(client.execute_job("double", 21))
            return command.log.count("new processes leave out end for") >= 4

        wait_until(tried_again, "the function is tried again and again")
        waits = [float(line.split()[-2]) for line in command.log.splitlines() if "leave out end for" in line]
        assert waits == sorted(waits)
        assert set(answers) == {42}
        assert len(answers) >= 3
        assert "restarting it in" not in command.log
        command.send(signal.SIGTERM)
        assert command.end(5) == 0


def test_a_function_that_always_takes_too_long(gearmand: Gearmand, tmp_path: Path) -> None:
    """Its process is killed by the job timeout, and the next one; then new ones leave the function out."""
    tasks = """
import time
from gearman_cffi import JobCollection

jobs = JobCollection()

@jobs.handler()
def hang(job):
    time.sleep(60)

@jobs.handler()
def double(job):
    return 2 * job.get_workload()
"""
    client = Client(gearmand.address, timeout=20)
    client.execute_in_background("hang", 1)
    with WorkerCommand(tmp_path, gearmand, "-p1", "--job-timeout=hang=0.2", tasks=tasks) as command:
        command.await_log("hang H:test:1: job timeout exceeded again; new processes leave out hang for", 3)
        assert client.execute_job("double", 21) == 42
        lines = [line for line in command.log.splitlines() if "leave out hang" in line]
        assert float(lines[0].split()[-2]) <= 0.1 < float(lines[2].split()[-2])
        assert "restarting it in" not in command.log


def test_two_functions_that_end_their_process(gearmand: Gearmand, tmp_path: Path) -> None:
    """If no other function remains, the processes are restarted after growing delays."""
    tasks = """
import os
from gearman_cffi import FunctionHandler

jobs = [FunctionHandler(name, lambda job: os._exit(7)) for name in ("a", "b")]
"""
    for name in "ab":
        Client(gearmand.address).execute_in_background(name, 1)
    with WorkerCommand(tmp_path, gearmand, "-p1", tasks=tasks) as command:
        command.await_log("restarting it in", 2)
        assert 1 <= command.log.count("new processes leave out") <= 10


WAITING = TASKS + "\nopen('importing', 'w').close()\nwhile not os.path.exists('go'): time.sleep(0.01)\n"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGUSR1])
def test_forkserver_killed_while_it_imports(gearmand: Gearmand, tmp_path: Path, number: signal.Signals) -> None:
    """That is not the module's fault: the import is retried after growing delays."""
    with WorkerCommand(tmp_path, gearmand, "-p1", tasks=WAITING) as command:
        for kills in range(1, 4):
            wait_until((tmp_path / "importing").exists, "it imports")
            (tmp_path / "importing").unlink()
            os.kill(child_processes(command.process.pid)[0], number)
            command.await_log(f"the import died by {number.name}; retrying it in", kills)
        (tmp_path / "go").touch()
        before = set(command.await_ready().workers())
        (tmp_path / "go").unlink()
        command.send(signal.SIGHUP)  # the same in a reload
        wait_until((tmp_path / "importing").exists, "it imports")
        (tmp_path / "go").touch()
        os.kill(child_processes(command.process.pid)[-1], number)
        command.await_log("all processes run the new code")
        wait_until(lambda: not before & set(command.workers()), "the earlier processes have left")
        command.send(signal.SIGTERM)
        assert command.end(5) == 0
