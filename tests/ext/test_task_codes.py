"""Return codes and exceptions of a task's callback in the middle of another call of the client."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable

import pytest

from gearman_cffi.ext import GearmanClient, GearmanTask, GearmanWarning
from gearman_cffi.testing import Gearmand
from tests.support import client_of


@pytest.mark.parametrize("code", [7, 70_000, 131_072, 1_234_567, 2**31 - 1, 2**31 - 3, -1, -5, -131_072])
def test_in_the_middle_of_a_foreground_job(gearmand: Gearmand, code: int) -> None:
    """doNormal() returns b"" with a warning, and the client has the code."""
    client = client_of(gearmand)
    client.setCreatedCallback(lambda task: code)
    client.addTask("f", "of the task")
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        assert client.doNormal("f", "0123456789") == b""
    assert client.returnCode() == code & 0xFFFFFFFF
    assert [entry.category for entry in warned] == [GearmanWarning]


@pytest.mark.parametrize("add", [GearmanClient.doNormal, GearmanClient.addTask])
def test_a_refusal_releases_the_workload(
    gearmand: Gearmand, add: Callable[[GearmanClient, str, bytearray], object]
) -> None:
    """After ConcurrentUseError a submitted bytearray can grow, also if another thread uses the client."""

    def of_another_thread(task: GearmanTask) -> None:
        thread = threading.Thread(target=refused)
        thread.start()
        thread.join()

    def refused() -> None:
        try:
            add(client, "f", workload)
        except RuntimeError as error:
            errors.append(error)

    errors: list[RuntimeError] = []
    workload = bytearray(b"abc")
    client = client_of(gearmand)
    client.setCreatedCallback(of_another_thread)
    client.addTaskBackground("f", "of the task")
    assert client.runTasks()
    workload.append(1)
    assert len(errors) == 1
    assert errors[0].__traceback__ is not None


def test_an_exception_releases_the_workload(gearmand: Gearmand) -> None:
    """A submitted bytearray can grow while the exception that ended the call still exists."""

    def fail(task: GearmanTask) -> None:
        raise KeyError

    client = client_of(gearmand)
    client.setCreatedCallback(fail)
    client.addTask("f", "of the task")
    workload = bytearray(b"abc")
    with pytest.raises(KeyError) as raised:
        client.doNormal("f", workload)
    workload.append(1)
    assert raised.value.__traceback__ is not None
