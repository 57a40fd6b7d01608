"""A job that is abandoned before the server acknowledges it, because the callback of another task ends the call."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from gearman_cffi.ext import (
    GEARMAN_CLIENT_NON_BLOCKING,
    GEARMAN_LOST_CONNECTION,
    GEARMAN_QUEUE_ERROR,
    GEARMAN_TIMEOUT,
    GearmanClient,
    GearmanJob,
    GearmanTask,
)
from gearman_cffi.testing import Gearmand
from tests._libgearman.blocking import tapped
from tests.support import HOST, frozen, serving, wait_until


def fail(task: GearmanTask) -> int:
    raise KeyError(task.jobHandle())


def ends_with(code: int) -> Callable[[GearmanTask], int]:
    return lambda task: code


@pytest.mark.filterwarnings("ignore::gearman_cffi.ext.GearmanWarning")
@pytest.mark.parametrize(
    "callback", [fail, *map(ends_with, (GEARMAN_LOST_CONNECTION, GEARMAN_QUEUE_ERROR, GEARMAN_TIMEOUT))]
)
@pytest.mark.parametrize("submit", [GearmanClient.doNormal, GearmanClient.doBackground])
def test_later_jobs(
    gearmand: Gearmand, callback: Callable[[GearmanTask], int], submit: Callable[[GearmanClient, str, str], object]
) -> None:
    """Later jobs get their own handles and answers, and so does the task."""
    may_end = threading.Event()

    def tell(job: GearmanJob, _: Any) -> bytes:
        job.sendStatus(1, 2)
        assert may_end.wait(20)
        return b"told"

    completed: list[bytes] = []
    with tapped(gearmand) as tap, serving(gearmand, tell=tell), serving(gearmand, echo=lambda job, _: job.workload()):
        client = GearmanClient()
        client.addServer(HOST, tap.port)
        client.setTimeout(10_000)
        client.addOptions(GEARMAN_CLIENT_NON_BLOCKING)
        client.setStatusCallback(callback)
        client.setCompleteCallback(lambda task: completed.append(task.data()))
        client.addTask("tell", "x")
        client.runTasks()
        wait_until(lambda: tap.packets("WORK_STATUS", "<"), "the status has come to the client, which does not look")
        with frozen(gearmand), suppress(KeyError):
            assert submit(client, "echo", "given up") in (b"", "")
        client.setStatusCallback(lambda task: 0)
        handles = [client.doBackground("echo", f"{number}") for number in range(3)]
        assert (len(set(handles)), client.returnCode()) == (3, 0)
        assert [client.doNormal("echo", f"{number}") for number in range(3)] == [b"0", b"1", b"2"]
        may_end.set()
        while not completed:
            client.wait()
            client.runTasks()
    assert completed == [b"told"]
