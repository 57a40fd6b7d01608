"""Between the steps of a client in non-blocking mode, and between two runs."""

from __future__ import annotations

import os
import signal
import time

import pytest

from gearman_cffi.ext import GEARMAN_CLIENT_NON_BLOCKING
from gearman_cffi.testing import Gearmand
from tests.support import Child, client_of, frozen, serving


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


class TestUnbuffered:
    """recvData() after a callback that has stopped the run: the rest of the data is still on its way."""

    @pytest.mark.parametrize("environment", [{}, {"GEARMAN_CFFI_NO_INTERPOSE": "1"}], ids=["poll", "slices"])
    def test_a_signal_ends_it(self, gearmand: Gearmand, environment: dict[str, str]) -> None:
        """It waits like every other call, and afterwards the data is there."""
        program = """
client = client_of(*PORTS)
client.addOptions(GEARMAN_CLIENT_UNBUFFERED_RESULT | GEARMAN_CLIENT_NON_BLOCKING)
def complete(task):
    os.kill(SERVER, signal.SIGSTOP)
    return GEARMAN_PAUSE
client.setCompleteCallback(complete)
task = client.addTask("big", "x")
while client.runTasks() and client.returnCode() == GEARMAN_IO_WAIT: client.wait()
size = 0
say("waiting")
try:
    while True: size += task.recvData(100_000)[0]
except KeyboardInterrupt: say(size < 50_000_000)
os.kill(SERVER, signal.SIGCONT)
"""
        program = program.replace("SERVER", str(gearmand.pid))
        with (
            serving(gearmand, big=lambda job, _: b"x" * 50_000_000),
            Child(program, gearmand.port, **environment) as child,
        ):
            try:
                child.expect("waiting")
                child.await_blocked()
                child.send(signal.SIGINT)
                child.expect("True")
                assert child.end() == 0, child.errors()
            finally:
                os.kill(gearmand.pid, signal.SIGCONT)
