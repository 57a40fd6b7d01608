"""Targets: the kinds of objects, and mistakes in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gearman_cffi.testing import Gearmand
from tests.pool.commands import NOBODY, TASKS, WorkerCommand
from tests.support import is_served


@pytest.mark.parametrize(
    ("tasks", "target", "said"),
    [
        ("import nowhere", "tasks:jobs", "No module named 'nowhere'"),
        ("jobs = 1/0", "tasks:jobs", "ZeroDivisionError: division by zero"),
        ("jobs = 7", "tasks:jobs", "not int"),
        ("jobs = []", "tasks:jobs", "has no handlers"),
        ("", "tasks:jobs", "has no attribute 'jobs'"),
        ("", "nowhere:jobs", "No module named 'nowhere'"),
        ("", "tasks", "write MODULE:OBJECT"),
        ("", "tasks.py:jobs", "write the name of the module, 'tasks:jobs'"),
        ("", "./shop/tasks.py:jobs", "write the name of the module, 'shop.tasks:jobs'"),
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
def test_targets_that_cannot_be_loaded(tmp_path: Path, tasks: str, target: str, said: str) -> None:
    """The command ends with the error and does not connect to a server."""
    with WorkerCommand(tmp_path, NOBODY, "-p2", tasks=tasks, target=target) as command:
        assert command.end() == 3
        assert said in command.log
        assert "gearman_cffi/" not in command.log  # no frames of this package


@pytest.mark.parametrize(
    "options",
    [
        ["--no-preload"],
        ["--dedicate=nothing=1"],
        ["--no-preload", "--dedicate=nothing=1"],
        ["--job-timeout=nothing=3", "--job-timeout=*=9"],
    ],
)
def test_targets_that_cannot_be_loaded_in_each_process(tmp_path: Path, options: list[str]) -> None:
    tasks = TASKS if any("=nothing=" in option for option in options) else "import nowhere"
    with WorkerCommand(tmp_path, NOBODY, "-p1", *options, tasks=tasks) as command:
        assert command.end() == 3
        assert "nowhere" in command.log or "no handler for the function 'nothing'" in command.log


@pytest.mark.parametrize("preload", ["--preload", "--no-preload"])
@pytest.mark.parametrize(
    ("tasks", "options", "said"),
    [
        (
            "jobs.get_job('pid').time_limit = 0.5",
            [],
            "time_limit must be at least 1 second, the shortest that gearmand supports, not 0.5",
        ),
        ("jobs.get_job('pid').time_limit = '60'", [], "time_limit must be seconds, a timedelta or None, not str"),
        ("", ["--client-id=two words"], "invalid client id 'two words'"),
    ],
)
def test_mistakes_that_show_when_a_process_starts(
    gearmand: Gearmand, tmp_path: Path, tasks: str, options: list[str], said: str, preload: str
) -> None:
    """The mistake is reported once, and the command ends with exit code 3 without starting processes again."""
    with WorkerCommand(tmp_path, gearmand, "-p2", preload, *options, tasks=TASKS + tasks) as command:
        assert command.end() == 3
        assert command.log.count(said) == 1
        assert "restarting it in" not in command.log


@pytest.mark.parametrize(
    "made", ["jobs", "list(jobs)", "[jobs]", "lambda: jobs", "jobs.get_job('pid')", "pid", "[double, pid]"]
)
def test_kinds_of_objects(gearmand: Gearmand, tmp_path: Path, made: str) -> None:
    with WorkerCommand(tmp_path, gearmand, "-p1", tasks=f"{TASKS}\nmade = {made}", target="tasks:made") as command:
        command.await_ready()
        assert is_served(gearmand, "pid")


def test_threads_at_import(gearmand: Gearmand, tmp_path: Path) -> None:
    """If a module starts threads, each process imports it itself, and the fork server does not have them."""
    tasks = f"{TASKS}\nimport threading\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()"
    with WorkerCommand(tmp_path, gearmand, "-p2", tasks=tasks) as command:
        command.await_ready()
        threads = [len(list(Path(f"/proc/{process}/task").iterdir())) for process in command.processes()]
        assert sorted(threads) == [1, 2, 2]


def test_the_traceback_of_an_import(tmp_path: Path) -> None:
    """The traceback follows the line of the log, indented."""
    with WorkerCommand(tmp_path, NOBODY, "-p1", tasks="jobs = 1/0") as command:
        assert command.end() == 3
        _, first, *others = command.log.splitlines()
    assert first.endswith("cannot import the module 'tasks'")
    assert others[0] == "    Traceback (most recent call last):"
    assert others[-1] == "    ZeroDivisionError: division by zero"
