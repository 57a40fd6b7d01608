"""A PHP program on ext-gearman, ported line by line, with the types that type checkers must infer.

assert_type() fails the check where an editor would show another type; the program runs in test_programs.py.
"""

from __future__ import annotations

from typing import Any, Literal

from typing_extensions import assert_type

from gearman_cffi.ext import *


def count_words(job: GearmanJob, context: list[str]) -> int:
    """Returns a number, which is sent as PHP formats it."""
    context.append(assert_type(job.functionName(), str | Literal[False]) or "?")
    words = assert_type(job.workload(), bytes).split()
    for number in range(len(words)):
        assert_type(job.sendStatus(number + 1, len(words)), bool)
    return len(words)


def refuse(job: GearmanJob) -> None:
    """A function without a context that fails its job."""
    job.setReturn(GEARMAN_WORK_FAIL)


def worker(host: str, port: int) -> list[str]:
    """Runs jobs until one stops it; returns the functions that were called."""
    called: list[str] = []
    worker = GearmanWorker()
    worker.addServer(host, port)
    worker.setTimeout(20_000)
    worker.addFunction("count", count_words, called)
    worker.addFunction("refuse", refuse)
    worker.addFunction("stop", lambda job, context: worker.stop())
    while assert_type(worker.work(), bool) or assert_type(worker.returnCode(), int) == GEARMAN_WORK_FAIL:
        pass
    return called


def client(host: str, port: int) -> dict[str, Any]:
    """Foreground, background, status and tasks; returns all results."""
    client = GearmanClient()
    client.addServer(host, port)
    client.setTimeout(20_000)
    learned: dict[str, Any] = {"count": assert_type(client.doNormal("count", "one two three"), bytes)}
    learned["refused"] = client.doNormal("refuse", b"bytes"), client.returnCode() == GEARMAN_WORK_FAIL
    assert_type(client.error(), str | Literal[False])

    handle = assert_type(client.doBackground("count", "later", "a key"), str)
    while assert_type(client.jobStatus(handle), list[bool | int])[0]:
        pass
    learned["handle"] = handle

    results: list[bytes | Literal[False]] = []

    def completed(task: GearmanTask, context: str) -> None:
        results.append(assert_type(task.data(), bytes | Literal[False]))

    client.setCompleteCallback(completed)
    task = client.addTask("count", "a b", "the context")
    assert_type(task, GearmanTask | Literal[False])
    learned["tasks"] = assert_type(client.runTasks(), bool), results
    learned["finished"] = task and task.jobHandle() != ""
    client.doNormal("stop", "now")
    return learned


def procedural(host: str, port: int) -> bool:
    """The same calls as functions."""
    client = assert_type(gearman_client_create(), GearmanClient)
    gearman_client_add_server(client, host, port)
    try:
        return assert_type(gearman_client_ping(client, b"any data"), bool)
    except GearmanException as error:
        print(error)
        return False
