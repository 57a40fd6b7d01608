"""The server refuses jobs because a queue is full: the client continues over the same connection."""

from __future__ import annotations

import pytest

from gearman_cffi.ext import GEARMAN_QUEUE_ERROR, GEARMAN_TIMEOUT, GearmanClient
from gearman_cffi.testing import Gearmand
from tests.support import client_of, frozen, serving

pytestmark = pytest.mark.filterwarnings("ignore::gearman_cffi.ext.GearmanWarning")


@pytest.fixture
def client(gearmand: Gearmand) -> GearmanClient:
    """A client whose server has one job of the function "full", and refuses others."""
    client = client_of(gearmand)
    client.setTimeout(5_000)
    client.doBackground("full", "x")
    gearmand.ask("maxqueue full 1")
    return client


class TestRefused:
    """libgearman does not say which of several jobs was refused."""

    def test_hundreds_of_tasks(self, client: GearmanClient) -> None:
        """Jobs without an acknowledgement do not block submission: every runTasks() returns."""
        for _ in range(1000):
            client.addTaskBackground("full", "x")
        client.runTasks()
        assert client.returnCode() == GEARMAN_QUEUE_ERROR
        for _ in range(400):
            client.runTasks()
            assert client.returnCode() != GEARMAN_TIMEOUT

    def test_a_job_that_was_given_up(self, gearmand: Gearmand, client: GearmanClient) -> None:
        """The next call may report the refusal; later calls get their own answers."""
        client.setTimeout(100)
        with frozen(gearmand):
            client.doBackground("full", "x")
        assert client.returnCode() == GEARMAN_TIMEOUT
        client.setTimeout(5_000)
        client.doBackground("other", "x")
        assert client.returnCode() in (0, GEARMAN_QUEUE_ERROR)
        for _ in range(3):
            assert client.doBackground("other", "x") != ""

    def test_calls_after_tasks(self, gearmand: Gearmand, client: GearmanClient) -> None:
        """Two refusals are reported one by one. Then calls and the other tasks get their own answers."""
        seen: list[bytes | bool] = []
        client.setCompleteCallback(lambda task: seen.append(task.data()))
        with serving(gearmand, echo=lambda job, _: job.workload()):
            for function in "echo", "full", "echo", "full", "echo":
                client.addTask(function, "x")
            client.runTasks()
            assert client.returnCode() == GEARMAN_QUEUE_ERROR
            answers = [client.doNormal("echo", "y") for _ in range(6)]
        assert answers[2:] == [b"y"] * 4
        assert seen == [b"x"] * 3
