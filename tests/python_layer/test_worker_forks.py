"""Processes that a job forks do not have the worker's signal handlers."""

from __future__ import annotations

import signal
from typing import Any

from gearman_cffi import Client
from gearman_cffi.testing import Gearmand
from tests.support import Child

WORKER = """
from gearman_cffi import Client, FunctionHandler, JobCollection, Worker

def fork(number, waits):
    '''How a process ends that is sent this signal: at once, or when it waits for one.'''
    there, here = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            signal.alarm(10)  # in case the signal does not end it
            os.write(here, b"x")
            while True: signal.pause()
        except KeyboardInterrupt:
            os._exit(9)
        finally:
            os._exit(1)
    if waits: os.read(there, 1)
    os.kill(pid, number)
    os.close(there), os.close(here)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

def terminate(job): return [fork(signal.SIGTERM, waits) for waits in (False, True) * 10]
def interrupt(job): return fork(signal.SIGINT, True)
def mask(job): return [fork(signal.SIGTERM, True), list(signal.pthread_sigmask(signal.SIG_BLOCK, ()))]

def handler(name, function): return FunctionHandler(name, function)

def nested(job):
    def inner_job(job):
        ends.append(fork(signal.SIGTERM, True))
        worker.stop()
    ends = []
    worker = Worker(ADDRESS, [handler("inner", inner_job)])
    Client(ADDRESS).execute_in_background("inner", 1)
    worker.run()
    return [*ends, fork(signal.SIGTERM, True)]

ADDRESS = f"127.0.0.1:{PORTS[0]}"
functions = {"terminate": terminate, "interrupt": interrupt, "mask": mask, "nested": nested}
signal.signal(signal.SIGTERM, EARLIER)
Worker(ADDRESS, JobCollection([handler(*named) for named in functions.items()])).run()
say("returned")
"""


def answer(gearmand: Gearmand, function: str, earlier: str = "signal.SIG_DFL") -> Any:
    """The answer of a job of a worker, which writes no error and can be stopped by SIGTERM."""
    with Child(WORKER.replace("EARLIER", earlier), gearmand.port) as child:
        answer = Client(gearmand.address, timeout=60).execute_job(function, 1)
        child.send(signal.SIGTERM)
        child.expect("returned")
        assert child.errors() == ""
        assert child.end() == 0
    return answer


def test_terminated(gearmand: Gearmand) -> None:
    """SIGTERM ends it, even before it has run any Python code."""
    assert answer(gearmand, "terminate") == [-signal.SIGTERM] * 20


def test_interrupted(gearmand: Gearmand) -> None:
    """SIGINT raises KeyboardInterrupt, as in any Python program."""
    assert answer(gearmand, "interrupt") == 9


def test_the_programs_own_handler(gearmand: Gearmand) -> None:
    """A forked process has the handler that was set before the worker's."""
    assert answer(gearmand, "mask", "lambda *_: os._exit(5)") == [5, []]


def test_nothing_stays_blocked(gearmand: Gearmand) -> None:
    assert answer(gearmand, "mask") == [-signal.SIGTERM, []]


def test_a_worker_within_a_job(gearmand: Gearmand) -> None:
    """A forked process has the handlers of neither worker."""
    assert answer(gearmand, "nested") == [-signal.SIGTERM] * 2
