"""Many signals during a wait: nothing is sent twice, nothing is lost, and the timeout stays the same."""

from __future__ import annotations

from typing import Any

import pytest

from gearman_cffi.ext import GearmanJob
from gearman_cffi.testing import Gearmand
from tests._libgearman.blocking import tapped
from tests.support import Child, client_of, queued, serving, wait_until

# A signal every 2 ms. Each handler uses the interpreter, and another client.
STORM = """
count, asking, aside = 0, False, client_of(*PORTS)
def handle(number, frame):
    global count, asking
    count += 1
    if count % 20 == 0 and not asking:  # another signal may come while it asks
        asking = True
        assert aside.jobStatus("H:test:999") == [False, False, 0, 0]
        asking = False
def storm(on): signal.setitimer(signal.ITIMER_REAL, 0.002 * on, 0.002 * on)
signal.signal(signal.SIGALRM, handle)
def many(): return count >= 50
"""


class TestStorm:
    """A signal every 2 ms until 50 were handled."""

    def test_a_foreground_job(self, gearmand: Gearmand) -> None:
        """Its result arrives, and it was submitted once."""
        program = (
            STORM
            + """
client = client_of(PORTS[0])
storm(True)
say(client.doNormal("late", "x"), client.returnCode())
storm(False)
say(many())
"""
        )
        with tapped(gearmand) as tap, Child(program, tap.port) as child:
            wait_until(lambda: queued(gearmand, "late"), "the job is queued")
            wait_until(lambda: len(tap.packets("GET_STATUS")) >= 3, "some signals were handled")
            with serving(gearmand, late=lambda job, _: job.workload()):
                child.expect("b'x' 0")
            child.expect("True")
            assert len(tap.packets("SUBMIT_JOB")) == 1
            assert len(tap.packets("WORK_COMPLETE", "<")) == 1

    def test_tasks(self, gearmand: Gearmand) -> None:
        """Every callback of five tasks is called once and in order, and five jobs were submitted."""
        program = (
            STORM
            + """
client, seen = client_of(PORTS[0]), {}
def note(what):
    return lambda task, context: seen.setdefault(context, []).append((what, task.data()))
client.setCreatedCallback(lambda task, context: seen.setdefault(context, []).append("created"))
client.setDataCallback(note("data"))
client.setCompleteCallback(note("complete"))
for number in range(5): client.addTask("late", str(number), number)
storm(True)
say(client.runTasks(), client.returnCode())
storm(False)
say(many(), all(seen[n] == ["created", ("data", b"part"), ("complete", b"%d" % n)] for n in range(5)))
"""
        )

        def late(job: GearmanJob, context: Any) -> bytes:
            job.sendData("part")
            return job.workload()

        with tapped(gearmand) as tap, Child(program, tap.port) as child:
            wait_until(lambda: queued(gearmand, "late") == 5, "the jobs are queued")
            wait_until(lambda: len(tap.packets("GET_STATUS")) >= 3, "some signals were handled")
            with serving(gearmand, late=late):
                child.expect("True 0")
            child.expect("True True")
            assert sorted(packet[-1] for packet in tap.packets("SUBMIT_JOB")) == ["0", "1", "2", "3", "4"]

    def test_a_worker(self, gearmand: Gearmand) -> None:
        """It runs the job. It has requested one twice: at first, and when it was woken up."""
        program = (
            STORM
            + """
worker = worker_of(PORTS[0], late=echo)
storm(True)
say(worker.work(), worker.returnCode())
storm(False)
say(many())
"""
        )
        with tapped(gearmand) as tap, Child(program, tap.port) as child:
            wait_until(lambda: len(tap.packets("GET_STATUS")) >= 3, "some signals were handled")
            assert client_of(gearmand).doNormal("late", "x") == b"x"
            child.expect("True 0")
            child.expect("True")
            assert len(tap.packets("CAN_DO")) == 1
            assert len(tap.packets("PRE_SLEEP")) == 1
            assert len(tap.packets("GRAB_JOB_ALL")) == 2
            assert len(tap.packets("WORK_COMPLETE")) == 1

    @pytest.mark.parametrize("call", ["client.doNormal('late', 'x')", "worker.work()", "client.runTasks()"])
    def test_the_timeout_stays_the_same(self, gearmand: Gearmand, call: str) -> None:
        """A timeout of 300 ms ends after 300 ms."""
        program = (
            STORM
            + f"""
client, worker = client_of(PORTS[0]), worker_of(PORTS[0], f=echo)
client.addTask("late", "x")
def once():
    client.setTimeout(300), worker.setTimeout(300)
    storm(True)
    begin = time.monotonic()
    {call}
    took = time.monotonic() - begin
    storm(False)
    assert 47 in (client.returnCode(), worker.returnCode())
    return took
times = [once() for _ in range(3)]
say(min(times), max(times))
"""
        )
        with Child(program, gearmand.port) as child:
            shortest, longest = map(float, child.line().split())
        assert 0.298 < shortest < 0.35
        assert longest < 2
