"""The data of a packet belongs to the callback that gets it."""

from __future__ import annotations

import threading
from types import TracebackType

import pytest

from gearman_cffi.ext import GearmanJob, GearmanTask
from gearman_cffi.testing import Gearmand
from tests.support import client_of, serving


def pieces(job: GearmanJob, context: object) -> str:
    """Sends a part of its result ahead."""
    job.sendData("part")
    return "end"


def echo(job: GearmanJob, context: object) -> bytes:
    return job.workload()


def locals_of(traceback: TracebackType | None) -> list[object]:
    """The values of the local variables of all frames."""
    values: list[object] = []
    while traceback is not None:
        values += traceback.tb_frame.f_locals.values()
        traceback = traceback.tb_next
    return values


def test_another_thread_reads_it(gearmand: Gearmand) -> None:
    """A callback may let another thread read the data while it waits."""
    client, seen = client_of(gearmand), []

    def complete(task: GearmanTask) -> None:
        thread = threading.Thread(target=lambda: seen.append((task.data(), task.dataSize())))
        thread.start()
        thread.join()

    client.setCompleteCallback(complete)
    with serving(gearmand, echo=echo):
        client.addTask("echo", "text")
        assert client.runTasks()
    assert seen == [(b"text", 4)]


@pytest.mark.parametrize("raises", [False, True])
def test_it_ends_with_its_callback(gearmand: Gearmand, raises: bool) -> None:
    """After the callback there is none, until the next packet comes."""
    client, seen = client_of(gearmand), []

    def data(task: GearmanTask) -> None:
        seen.append(task.data())
        if raises:
            raise ValueError("reject")

    client.setDataCallback(data)
    client.setCompleteCallback(lambda task: seen.append(task.data()))
    with serving(gearmand, pieces=pieces):
        task = client.addTask("pieces", "x")
        assert isinstance(task, GearmanTask)
        assert (task.data(), task.dataSize()) == (b"", 0)
        if raises:
            with pytest.raises(ValueError, match="reject"):
                client.runTasks()
            assert (task.data(), task.dataSize()) == (b"", 0)
        assert client.runTasks()
    assert seen == [b"part", b"end"]
    assert task.data() is False


def test_a_traceback_does_not_keep_it(gearmand: Gearmand) -> None:
    """The exception of a callback that has not stored the data refers to none."""
    client, payload = client_of(gearmand), b"x" * 100_000

    def complete(task: GearmanTask) -> None:
        raise ValueError(task.dataSize())

    client.setCompleteCallback(complete)
    with serving(gearmand, echo=echo):
        client.addTask("echo", payload)
        with pytest.raises(ValueError, match="100000") as raised:
            client.runTasks()
    kept = [value for value in locals_of(raised.tb) if isinstance(value, bytes) and value is not payload]
    assert kept == []


@pytest.mark.parametrize("raises", [False, True])
def test_tasks_with_the_same_job(gearmand: Gearmand, raises: bool) -> None:
    """Each gets all parts once, also if a callback raises (Q46)."""
    client, created = client_of(gearmand), threading.Semaphore(0)
    seen: dict[str, list[object]] = {"first": [], "second": []}

    def parts(job: GearmanJob, context: object) -> str:
        assert created.acquire(timeout=20)
        assert created.acquire(timeout=20)
        job.sendData("a")
        job.sendWarning("b")
        job.sendData("c")
        return "d"

    def note(task: GearmanTask, context: str) -> None:
        seen[context].append(task.data())
        if raises and task.data() == b"a":
            raise ValueError("reject")

    client.setCreatedCallback(lambda task, context: created.release())
    for set_callback in (client.setDataCallback, client.setWarningCallback, client.setCompleteCallback):
        set_callback(note)
    with serving(gearmand, parts=parts):
        for context in seen:
            client.addTask("parts", "x", context, "k")
        for _ in range(2 * raises):
            with pytest.raises(ValueError, match="reject"):
                client.runTasks()
        assert client.runTasks()
    assert seen == {"first": [b"a", b"b", b"c", b"d"], "second": [b"a", b"b", b"c", b"d"]}
