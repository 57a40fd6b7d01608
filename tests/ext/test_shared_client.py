"""Threads that share a client: a call gives its own answer or raises ConcurrentUseError, never another's answer."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import FrameType
from typing import Any, TypeAlias

import pytest

from gearman_cffi import Client, ConcurrentUseError, RawSerializer
from gearman_cffi.ext import GEARMAN_PAUSE, GearmanTask
from gearman_cffi.testing import Gearmand
from tests.support import Child, client_of, is_served, wait_until

ENOUGH = 600  # answered calls, of all threads
LONGEST = 40.0  # seconds
# What can be read of a task, one value after the other, while it is freed.
POSSIBLE = [("queue", "key", 0), ("queue", "key", False), ("queue", False, False), (False, False, False)]

ECHO = """
worker = worker_of(int(sys.argv[1]), echo=echo)
while True:
    worker.work()
"""
Call: TypeAlias = Callable[[int], tuple[object, object]]


@pytest.fixture(autouse=True)
def many_switches() -> Iterator[None]:
    """Threads change places as often as possible."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def hammer(calls: list[Call]) -> tuple[int, list[tuple[object, object]]]:
    """Calls each of these in a thread of its own, until enough calls were answered.

    A call takes a number and returns the answer that it wants and the one that it got. Returns how many calls were
    answered, and the answers that are wrong.
    """
    answered: list[tuple[object, object]] = []
    end = time.monotonic() + LONGEST

    def repeat(call: Call) -> None:
        number = 0
        while len(answered) < ENOUGH and time.monotonic() < end:
            number += 1
            with contextlib.suppress(ConcurrentUseError):
                answered.append(call(number))

    threads = [threading.Thread(target=repeat, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(answered), [(wanted, got) for wanted, got in answered if wanted != got]


class TestSharedClient:
    """Each of two to four threads calls the same client again and again."""

    def check(self, *calls: Call) -> None:
        answered, wrong = hammer(list(calls))
        assert wrong[:3] == []
        assert answered >= ENOUGH

    @pytest.mark.parametrize("layer", [False, True], ids=["mirror", "layer"])
    def test_results(self, gearmand: Gearmand, layer: bool) -> None:
        """Results of different sizes."""
        mirror = client_of(gearmand)
        client = Client(gearmand.address, RawSerializer(), timeout=20)
        run = client.execute_job if layer else mirror.doNormal

        def caller(thread: int) -> Call:
            def call(number: int) -> tuple[object, object]:
                workload = b"%d-%s-%d" % (thread, b"x" * 50 * thread, number)
                return workload, run("echo", workload)

            return call

        with Child(ECHO, gearmand.port):
            wait_until(lambda: is_served(gearmand, "echo"), "the worker serves echo")
            assert run("echo", b"x") == b"x"
            self.check(*map(caller, range(4)))

    @pytest.mark.parametrize("layer", [False, True], ids=["mirror", "layer"])
    def test_handles_of_background_jobs(self, gearmand: Gearmand, layer: bool) -> None:
        """A job with the unique key of one that is queued gets the handle of that one."""
        mirror = client_of(gearmand)
        client = Client(gearmand.address, RawSerializer(), timeout=20)
        submit = client.execute_in_background if layer else mirror.doBackground

        def caller(key: str) -> Call:
            handle = submit("queue_" + key, b"x", unique=key)
            return lambda number: (handle, submit("queue_" + key, b"x", unique=key))

        self.check(*map(caller, "abc"))

    @pytest.mark.parametrize("layer", [False, True], ids=["mirror", "layer"])
    @pytest.mark.parametrize("by_key", [False, True], ids=["by handle", "by unique key"])
    def test_statuses(self, gearmand: Gearmand, layer: bool, by_key: bool) -> None:
        """One thread asks for a job that is queued, the others for jobs that the server does not know."""
        mirror = client_of(gearmand)
        client = Client(gearmand.address, RawSerializer(), timeout=20)
        handle = mirror.doBackground("queue", b"x", "key")
        assert client.get_job_status(handle).is_known

        def caller(name: str) -> Call:
            def call(number: int) -> tuple[object, object]:
                if layer:
                    status = client.get_job_status_by_unique(name) if by_key else client.get_job_status(name)
                    return name in ("key", handle), status.is_known
                return name in ("key", handle), (mirror.jobStatusByUniqueKey if by_key else mirror.jobStatus)(name)[0]

            return call

        self.check(*map(caller, ("key" if by_key else handle, "H:none:1", "H:none:2")))

    def test_a_first_call_by_several_threads(self, gearmand: Gearmand) -> None:
        """Each thread gets a connection with all servers; afterwards the client works."""

        def submit(client: Client, together: threading.Barrier) -> object:
            together.wait(timeout=20)
            return client.execute_in_background("queue", b"x", unique="key")

        with ThreadPoolExecutor(6) as threads:
            for _ in range(50):
                client, together = Client(gearmand.address, RawSerializer(), timeout=20), threading.Barrier(6)
                answers = list(threads.map(submit, [client] * 6, [together] * 6))
                assert set(answers) == {client.execute_in_background("queue", b"x", unique="key")}

    def test_tasks(self, gearmand: Gearmand) -> None:
        """One thread runs tasks, the others read the newest one: it has its own values, or is freed."""
        client = client_of(gearmand)
        newest: list[GearmanTask] = []
        sizes: list[int | bool] = []
        client.setCreatedCallback(lambda task: sizes.append(task.dataSize()))

        def run(number: int) -> tuple[object, object]:
            task = client.addTaskBackground("queue", b"x" * 100, None, "key")
            assert task
            newest[:] = [task]
            return True, client.runTasks()

        def read(number: int) -> tuple[object, object]:
            if not newest:
                return False, False
            task = newest[0]
            return True, (task.functionName(), task.unique(), task.taskNumerator()) in POSSIBLE

        self.check(run, read, read)
        assert sizes

    @pytest.mark.parametrize("add", ["addTask", "addTaskBackground", "addTaskStatus"])
    def test_tasks_that_are_run_at_once(self, gearmand: Gearmand, add: str) -> None:
        """Tasks that run between any two lines of the call that adds them: their callbacks get them whole."""
        client = client_of(gearmand)
        seen: list[tuple[object, object]] = []

        def callback(task: GearmanTask, context: object) -> int:
            seen.append((task.functionName(), context))
            return GEARMAN_PAUSE

        def run_tasks(frame: FrameType, event: str, argument: object) -> Any:
            client.runTasks()
            return run_tasks

        client.setCreatedCallback(callback)
        client.setStatusCallback(callback)
        before = sys.gettrace()
        sys.settrace(run_tasks)
        try:
            task = getattr(client, add)("name", *([] if add == "addTaskStatus" else ["x"]), "context")
        finally:
            sys.settrace(before)
        assert task
        assert seen
        assert set(seen) == {("name", "context")}
