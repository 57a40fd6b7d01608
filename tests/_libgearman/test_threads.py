"""Threads: concurrent calls, signals for the main thread, and workers in threads that are stopped."""

from __future__ import annotations

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from gearman_cffi.testing import Gearmand
from tests.support import Child, client_of, is_served, queued, serving, wait_until

LIMIT = 0.1
TRIES = 5


class TestSideBySide:
    """Other threads run during a blocking call."""

    def test_clients(self, gearmand: Gearmand) -> None:
        """12 clients in 12 threads wait at the same time; each gets its own answer."""
        with ThreadPoolExecutor(12) as pool:
            futures = [
                pool.submit(lambda number: client_of(gearmand).doNormal("gather", f"{number}"), number)
                for number in range(12)
            ]
            wait_until(lambda: queued(gearmand, "gather") == 12, "all of them wait")
            with serving(gearmand, gather=lambda job, _: job.workload()):
                assert [future.result(20) for future in futures] == [b"%d" % number for number in range(12)]

    def test_workers(self, gearmand: Gearmand) -> None:
        """4 workers in 4 threads run their jobs at the same time."""
        together = threading.Barrier(4, timeout=20)
        with (
            ThreadPoolExecutor(4) as pool,
            serving(gearmand, a=lambda job, _: together.wait()),
            serving(gearmand, b=lambda job, _: together.wait()),
            serving(gearmand, c=lambda job, _: together.wait()),
            serving(gearmand, d=lambda job, _: together.wait()),
        ):
            results = pool.map(lambda name: client_of(gearmand).doNormal(name, "x"), "abcd")
            assert sorted(results) == [b"0", b"1", b"2", b"3"]


# The main thread waits in Python, another thread in C.
WAITS = {
    "Event.wait": "threading.Event().wait()",
    "Event.wait with a timeout": "threading.Event().wait(20)",
    "Thread.join": "other().join()",
    "Thread.join with a timeout": "other().join(20)",
    "Lock.acquire": "lock.acquire()",
    "time.sleep": "time.sleep(20)",
    "select": "import select; select.select([], [], [], 20)",
}


def answered(child: Child, number: signal.Signals, word: str) -> float:
    begin = time.monotonic()
    child.send(number)
    said, at = child.line().split()
    assert said == word
    return float(at) - begin


class TestSignals:
    """Handlers run in the main thread, whatever other threads do."""

    @pytest.mark.parametrize("blocked", ["client.doNormal('nobody', 'x')", "worker.work()"])
    def test_the_main_thread_waits_in_python(self, gearmand: Gearmand, blocked: str) -> None:
        """Every signal is handled within 100 ms, and SIGINT ends the wait, while another thread blocks in C."""
        program = f"""
lock = threading.Lock()
lock.acquire()
client, worker = client_of(*PORTS), worker_of(*PORTS, blocking=echo)
threading.Thread(target=lambda: {blocked}, daemon=True).start()
def other():
    thread = threading.Thread(target=threading.Event().wait, daemon=True)
    thread.start()
    return thread
signal.signal(signal.SIGUSR1, lambda number, frame: say("handled", time.monotonic()))
for wait in sys.stdin:
    say("waiting")
    try:
        exec(compile(wait, "wait", "exec"))
    except KeyboardInterrupt:
        say("interrupted", time.monotonic())
say("over")
"""
        with Child(program, gearmand.port) as child:
            for name, wait in WAITS.items():
                child.write(wait + "\n")
                child.expect("waiting")
                times = []
                for number, word in [(signal.SIGUSR1, "handled")] * TRIES + [(signal.SIGINT, "interrupted")]:
                    child.await_blocked(0.002)
                    times.append(answered(child, number, word))
                assert min(times) < LIMIT, (name, times)
                assert max(times) < 2, (name, times)

    @pytest.mark.parametrize("busy", [0, 1])
    def test_none_is_lost(self, gearmand: Gearmand, busy: int) -> None:
        """The main thread blocks in C. 200 signals, each sent when the one before was handled, are all handled.

        Also beside a thread that always runs Python code, to which the kernel may deliver a signal instead.
        """
        program = f"""
def spin():
    while True: sum(range(500))
for _ in range({busy}): threading.Thread(target=spin, daemon=True).start()
signal.signal(signal.SIGUSR1, lambda number, frame: say("handled", time.monotonic()))
client_of(*PORTS).doNormal("nobody", "x")
"""
        with Child(program, gearmand.port) as child:
            wait_until(lambda: queued(gearmand, "nobody"), "the job is queued")
            times = [answered(child, signal.SIGUSR1, "handled") for _ in range(200)]
        assert sorted(times)[len(times) // 2] < LIMIT
        assert max(times) < 2

    def test_a_thread_imported_it(self, gearmand: Gearmand) -> None:
        """Waits of the main thread are interruptible, whichever thread imported the package."""
        program = """
import sys, threading
def load():
    global ext
    import gearman_cffi.ext as ext
thread = threading.Thread(target=load)
thread.start(), thread.join()
client = ext.GearmanClient()
client.addServer("127.0.0.1", int(sys.argv[1]))
try: client.doNormal("nobody", "x")
except KeyboardInterrupt: sys.exit(7)
"""
        # The programs of the tests import the package themselves, so this one runs as an argument of another program.
        outer = f"os.execv(sys.executable, [sys.executable, '-c', {program!r}, *sys.argv[1:]])"
        with Child(outer, gearmand.port) as child:
            wait_until(lambda: queued(gearmand, "nobody"), "the job is queued")
            child.await_blocked()
            child.send(signal.SIGINT)
            assert child.end() == 7, child.errors()


class TestWorkerThread:
    """A program whose workers are threads."""

    def test_sigterm_ends_it(self, gearmand: Gearmand) -> None:
        """The handler stops the workers. Their threads end, a busy one after its job."""
        program = """
def slow(job, context):
    say("running")
    over.wait(20)
    return job.workload()
over = threading.Event()
workers = [worker_of(*PORTS, slow=slow), worker_of(*PORTS, idle=echo)]
def work(worker):
    while worker.work(): pass
threads = [threading.Thread(target=work, args=(worker,)) for worker in workers]
def stop(number, frame):
    for worker in workers: worker.stop()
    over.set()
signal.signal(signal.SIGTERM, stop)
for thread in threads: thread.start()
for thread in threads: thread.join()
say("ended", *(worker.returnCode() for worker in workers))
"""
        client = client_of(gearmand)
        client.setTimeout(20_000)
        with ThreadPoolExecutor(1) as pool, Child(program, gearmand.port) as child:
            answer = pool.submit(client.doNormal, "slow", "x")
            child.expect("running")
            wait_until(lambda: is_served(gearmand, "idle"), "the other one waits")
            child.send(signal.SIGTERM)
            child.expect("ended 3 3")
            assert answer.result(20) == b"x"
            assert child.end() == 0
            assert child.errors() == ""
