"""Between the steps of a client in non-blocking mode, and between two runs."""

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
        """Where hundreds of jobs wait to be named it sleeps: that more could be sent is no news."""
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
