"""The GIL: a worker beside a thread that computes does not wait for it at every step of every job."""

from __future__ import annotations

import pytest

from gearman_cffi import Client, Job
from gearman_cffi.testing import Gearmand
from tests.support import Child, client_of

JOBS = 100
MANY = 20_000
# How long a thread that wants the GIL waits for one that computes: so long that the time tells how often a worker has
# waited, even on a busy machine.
SWITCH = 0.1

COMPUTES = f"""
from gearman_cffi import JobCollection, RawSerializer, Worker
sys.setswitchinterval({SWITCH})
computed, seen = 0, []
def compute():
    global computed
    while True: computed += 1
def count(job, context=None):
    seen.append(computed)
    if enough(): done()
    return "ok"
def enough(): return len(seen) >= {JOBS}
def done(): pass
threading.Thread(target=compute, daemon=True).start()
"""
MIRROR = """
worker = worker_of(*PORTS, job=count)
while not enough(): worker.work()
"""
LAYER = """
jobs = JobCollection()
jobs.handler("job")(count)
worker = Worker(f"127.0.0.1:{PORTS[0]}", jobs, serializer=RawSerializer())
done = worker.stop
worker.run()
"""


def fill(gearmand: Gearmand) -> None:
    """Submits the jobs in the background."""
    client = client_of(gearmand)
    for number in range(JOBS):
        client.doBackground("job", f"{number}")


class TestBesideAComputingThread:
    """A thread that always wants the GIL and releases it after the switch interval only."""

    @pytest.mark.parametrize("works", [MIRROR, LAYER], ids=["mirror", "layer"])
    def test_jobs_take_less_than_a_switch(self, gearmand: Gearmand, works: str) -> None:
        """Without a timeslice of the worker each job waits for the GIL at least once."""
        program = f"began = time.monotonic()\n{works}\nsay(time.monotonic() - began)"
        fill(gearmand)
        with Child(COMPUTES + program, gearmand.port) as child:
            assert float(child.line(60)) < JOBS * SWITCH / 2
            assert child.end() == 0, child.errors()

    @pytest.mark.parametrize("works", [MIRROR, LAYER], ids=["mirror", "layer"])
    def test_the_other_thread_has_its_timeslices(self, gearmand: Gearmand, works: str) -> None:
        """The worker holds the GIL for some jobs, not for all; on a busy machine these may be many."""
        program = f"def enough(): return len(set(seen)) >= 4 or len(seen) >= {MANY}\n{works}\nsay(len(set(seen)))"
        Client(gearmand.address).execute_jobs_in_background(Job("job", "x") for _ in range(MANY))
        with Child(COMPUTES + program, gearmand.port) as child:
            child.expect("4")
            assert child.end() == 0, child.errors()

    def test_a_large_workload_is_received_without_the_gil(self, gearmand: Gearmand) -> None:
        """It takes longer than a timeslice: the other thread computes meanwhile."""
        program = """
sys.setswitchinterval(0.005)
before = computed; time.sleep(0.1); in_20_ms = (computed - before) / 5
worker, gained = worker_of(*PORTS, job=count), []
for _ in range(6):
    worker.work()
    worker.work()
    gained.append(seen[-1] - seen[-2])
say(sorted(gained)[3] > in_20_ms)
"""
        client = client_of(gearmand)
        for _ in range(6):
            client.doBackground("job", "small")
            client.doBackground("job", bytes(100_000_000))
        with Child(COMPUTES + program, gearmand.port) as child:
            child.expect("True")
            assert child.end() == 0, child.errors()

    def test_an_idle_worker_releases_it(self, gearmand: Gearmand) -> None:
        """The other thread computes while the worker waits for a job."""
        program = f"""
def watch():
    while len(seen) < {JOBS}: time.sleep(0.01)
    for _ in range(5):
        before = computed
        while computed == before: time.sleep(0.01)
    worker.stop()
threading.Thread(target=watch).start()
"""
        ends = "say(worker.work(), worker.returnCode() == GEARMAN_SHUTDOWN_GRACEFUL)"
        fill(gearmand)
        with Child(COMPUTES + program + MIRROR + ends, gearmand.port) as child:
            assert child.line(60) == "False True"
            assert child.end() == 0, child.errors()

    def test_a_job_that_comes_while_functions_are_announced(self, gearmand: Gearmand) -> None:
        """The job runs inside the call that announces the functions; the worker continues."""
        program = f"""
worker = worker_of(*PORTS, job=count)
while len(seen) < {JOBS}:
    worker.addFunction("other", echo)
    worker.unregister("other")
    worker.addFunction("other", echo)
    worker.work()
say(len(seen))
"""
        fill(gearmand)
        with Child(COMPUTES + "sys.setswitchinterval(0.002)" + program, gearmand.port) as child:
            child.expect(f"{JOBS}")
            assert child.end() == 0, child.errors()

    def test_a_fork(self, gearmand: Gearmand) -> None:
        """A function forks in a timeslice: in the child the call raises ForkedUseError, the parent continues."""
        program = f"""
def done():
    pid = os.fork()
    if pid: ends.append(os.waitpid(pid, 0)[1])
worker, ends = worker_of(*PORTS, job=count), []
try:
    while len(seen) < {JOBS}: worker.work()
except ForkedUseError:
    os._exit(7)
say([os.WEXITSTATUS(end) for end in ends])
"""
        fill(gearmand)
        with Child(COMPUTES + program, gearmand.port) as child:
            assert child.line(60) == "[7]"
            assert child.end() == 0, child.errors()
