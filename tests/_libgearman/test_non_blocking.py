"""A client in non-blocking mode, between the steps of a run."""

from __future__ import annotations

import time

import pytest

from gearman_cffi.ext import GEARMAN_CLIENT_NON_BLOCKING
from gearman_cffi.testing import Gearmand
from tests.support import client_of, frozen


class TestWait:
    """wait() between two steps of runTasks()."""

    @pytest.mark.filterwarnings("ignore::gearman_cffi.ext.GearmanWarning")
    def test_it_waits_for_answers(self, gearmand: Gearmand) -> None:
        """It sleeps while hundreds of jobs are not acknowledged, although more could be sent."""
        client = client_of(gearmand)
        client.addOptions(GEARMAN_CLIENT_NON_BLOCKING)
        for _ in range(1000):
            client.addTaskBackground("many", "x")
        client.setTimeout(300)
        rounds, end = 0, time.monotonic() + 0.6
        with frozen(gearmand):
            while time.monotonic() < end:
                client.runTasks()
                client.wait()
                rounds += 1
        assert rounds < 50
        while not client.runTasks() or client.returnCode():
            client.wait()
