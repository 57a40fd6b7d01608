"""The GIL: a worker in one thread, and a thread that computes."""

from __future__ import annotations

import pytest

from gearman_cffi.testing import Gearmand
from tests.support import Child, client_of

JOBS = 40
# How long a thread that wants the GIL waits for one that computes: so long that a busy machine makes no difference.
SWITCH = 0.05

COMPUTES = f"""
from gearman_cffi import JobCollection, RawSerializer, Worker
computed, seen = 0, []
def compute():
    global computed
    while True: computed += 1
def count(job, context=None):
    seen.append(computed)
    if len(seen) == {JOBS}: done()
    return "ok"
def done(): pass
threading.Thread(target=compute, daemon=True).start()
"""
MIRROR = f"""
worker = worker_of(*PORTS, job=count)
while len(seen) < {JOBS}: worker.work()
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
    def test_jobs_take_a_few_switches(self, gearmand: Gearmand, works: str) -> None:
        """A job waits for the GIL twice, to enter its function and to return from work()."""
        program = f"""
sys.setswitchinterval({SWITCH})
began = time.monotonic()
{works}
say(time.monotonic() - began)
"""
        fill(gearmand)
        with Child(COMPUTES + program, gearmand.port) as child:
            assert float(child.line(60)) < JOBS * 4 * SWITCH
            assert child.end() == 0, child.errors()

    def test_a_large_workload_is_received_without_the_gil(self, gearmand: Gearmand) -> None:
        """The other thread computes meanwhile."""
        program = """
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
            client.doBackground("job", bytes(60_000_000))
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
        with Child(COMPUTES + program, gearmand.port) as child:
            child.expect(f"{JOBS}")
            assert child.end() == 0, child.errors()

    def test_a_fork(self, gearmand: Gearmand) -> None:
        """A function forks: in the child the call raises ForkedUseError, the parent continues."""
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
