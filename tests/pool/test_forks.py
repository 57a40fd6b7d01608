"""Processes that jobs of a pool fork."""

from __future__ import annotations

import signal
from pathlib import Path

from gearman_cffi import Client
from gearman_cffi.testing import Gearmand
from tests.pool.commands import TASKS, WorkerCommand

FORKING = f"""{TASKS}
import multiprocessing

def alarmed(*_):
    signal.alarm(10)  # in case nothing else ends it
    time.sleep(60)

def one(number):
    if number: alarmed()
    return number

@jobs.handler()
def pool(job):
    with multiprocessing.get_context("fork").Pool(2) as processes:  # its end terminates running processes
        return next(processes.imap_unordered(one, range(10)))

@jobs.handler()
def signalled(job):
    ends = []
    for number in job.get_workload():
        process = multiprocessing.get_context("fork").Process(target=alarmed)
        process.start()
        os.kill(process.pid, number)
        process.join()
        ends.append(process.exitcode)
    return ends
"""


def test_multiprocessing(gearmand: Gearmand, tmp_path: Path) -> None:
    """multiprocessing can terminate its processes; the log has no error, and the worker process continues."""
    numbers = [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT]
    with WorkerCommand(tmp_path, gearmand, "-p1", tasks=FORKING) as command:
        command.await_ready()
        client = Client(gearmand.address, timeout=60)
        assert client.execute_job("pool", 1) == 0
        assert client.execute_job("signalled", [int(number) for number in numbers]) == [-number for number in numbers]
        assert client.execute_job("double", 2) == 4
        command.send(signal.SIGTERM)
        assert command.end() == 0
        assert "Error" not in command.log
