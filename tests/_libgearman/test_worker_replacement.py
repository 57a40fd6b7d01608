"""Workers that would crash in libgearman at the next call (Q15): they are replaced, whichever call that is."""

from __future__ import annotations

import pytest

from gearman_cffi.ext import (
    GEARMAN_NO_JOBS,
    GEARMAN_SUCCESS,
    GEARMAN_WORKER_CHANGE,
    GEARMAN_WORKER_GRAB_UNIQ,
    GEARMAN_WORKER_NON_BLOCKING,
)
from gearman_cffi.testing import Gearmand
from tests.support import Child, client_of, frozen, wait_until, worker_of

AGAIN = "worker.unregister('f'), worker.addFunction('f', echo)\n"


class TestReplacedWorkers:
    """In a process of its own, which may crash."""

    @pytest.mark.parametrize("non_blocking", [False, True])
    def test_a_function_that_is_registered_again(self, gearmand: Gearmand, non_blocking: bool) -> None:
        """After a grabJob() that breaks the worker, work() announces with a new one what was unregistered."""
        program = f"""
client, worker = client_of(*PORTS), worker_of(*PORTS, f=echo)
worker.register("grabbed")
client.doBackground("grabbed", "x")
job = worker.grabJob()
job.sendComplete("done")
say(worker.grabJob())
{AGAIN}
if {non_blocking}: worker.addOptions(GEARMAN_WORKER_NON_BLOCKING)
client.doBackground("f", "y")
while not worker.work(): worker.wait()
say(worker.returnCode(), job.handle() is not False)
"""
        with Child(program, gearmand.port) as child:
            child.expect("False")
            child.expect("0 True")
            assert child.end() == 0, child.errors()

    @pytest.mark.parametrize("non_blocking", [False, True])
    def test_a_late_answer_to_a_grabbed_job(self, gearmand: Gearmand, non_blocking: bool) -> None:
        """The server refuses it, because another worker has the job. The worker continues to ask for jobs."""
        program = f"""
client, worker = client_of(*PORTS), worker_of(*PORTS)
worker.register("grabbed", 1)
client.doBackground("grabbed", "x")
job = worker.grabJob()
other = worker_of(*PORTS)
other.register("grabbed")
while not (again := other.grabJob()): time.sleep(0.05)
job.sendComplete("too late")
if {non_blocking}: worker.addOptions(GEARMAN_WORKER_NON_BLOCKING)
codes = []
while len(codes) < 50:
    worker.grabJob()
    codes.append(worker.returnCode())
    if codes[-1] == GEARMAN_IO_WAIT: worker.wait()
say(codes.count(GEARMAN_UNEXPECTED_PACKET), again.sendComplete("done"))
"""
        with Child(program, gearmand.port) as child:
            child.expect("1 True")
            assert child.end() == 0, child.errors()

    @pytest.mark.parametrize("next_call", ["grabJob", "work"])
    def test_a_timeout_at_one_of_two_servers(self, next_call: str) -> None:
        """The other server has no job, after which libgearman alone crashes."""
        program = f"""
worker = worker_of(*PORTS, f=echo)
say(worker.work())
worker.setTimeout(200)
sys.stdin.readline()
say(worker.grabJob(), worker.returnCode() == GEARMAN_TIMEOUT)
sys.stdin.readline()
codes = []
for _ in range(3):
    worker.{next_call}()
    codes.append(worker.returnCode())
say(set(codes) <= {{GEARMAN_NO_JOBS, GEARMAN_TIMEOUT}})
"""
        with Gearmand() as first, Gearmand() as second, Child(program, first.port, second.port) as child:
            client_of(second).doBackground("f", "x")
            child.expect("True")
            with frozen(first):
                child.go_on()
                child.expect("False True")
            child.go_on()
            child.expect("True")
            assert child.end() == 0, child.errors()


@pytest.mark.filterwarnings("ignore::gearman_cffi.ext.GearmanWarning")
def test_a_non_blocking_worker_that_never_waits(gearmand: Gearmand) -> None:
    """It gets each job, also over a connection that replaces a broken one."""
    client, worker = client_of(gearmand), worker_of(gearmand, f=lambda job, _: b"")
    worker.addOptions(GEARMAN_WORKER_NON_BLOCKING)

    got: list[bytes] = []

    def grabs(code: int) -> bool:
        job = worker.grabJob()
        if job and worker.returnCode() == GEARMAN_SUCCESS:
            got.append(job.workload())
            job.sendComplete("done")
        return worker.returnCode() == code

    for number in range(3):
        client.doBackground("f", f"{number}")
        wait_until(lambda: grabs(GEARMAN_SUCCESS), "it gets the job")
        wait_until(lambda: grabs(GEARMAN_NO_JOBS), "there is no other job")
    assert got == [b"0", b"1", b"2"]


@pytest.mark.filterwarnings("ignore::gearman_cffi.ext.GearmanWarning")
def test_options_of_a_worker_without_unique_keys(gearmand: Gearmand) -> None:
    """The one in place of a worker whose grabJob() broke it has the same options, and asks for jobs in the same way."""
    keys: list[str | bool] = []
    client, worker = client_of(gearmand), worker_of(gearmand)
    worker.removeOptions(GEARMAN_WORKER_GRAB_UNIQ)
    worker.register("grabbed")
    options = worker.options()
    client.doBackground("grabbed", "x")
    job = worker.grabJob()
    assert job
    job.sendComplete("done")
    assert worker.grabJob() is False
    assert worker.grabJob() is False
    worker.unregister("grabbed")
    assert worker.options() & ~GEARMAN_WORKER_CHANGE == options & ~GEARMAN_WORKER_CHANGE
    worker.addFunction("f", lambda job, context: keys.append(job.unique()))
    client.doBackground("f", "y", "key")
    assert worker.work()
    assert keys == [""]
