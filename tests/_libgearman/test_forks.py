"""Forks: children do not disturb their parent's connections, whatever they do with the objects they inherited."""

from __future__ import annotations

import os
import signal

import pytest

from gearman_cffi.testing import Gearmand
from tests.support import Child, client_of, connections, is_served, queued, serving, wait_until

# A program that forks: each child drops the inherited objects in one of several ways, and works with its own.
PREFORK = """
def inherit(way):
    global client, worker, tasks, grabbed, cycle
    if way == 0: del client, worker, tasks, grabbed, cycle
    elif way == 1: gc.collect()
    elif way == 2: client = worker = tasks = grabbed = cycle = None
    elif way == 3:
        for use in client.runTasks, worker.stop, grabbed.handle, tasks[0].unique:
            try: say("not refused:", use())
            except ForkedUseError: pass
    gc.collect()
def child(way):
    inherit(way)
    own, working = client_of(*PORTS), worker_of(*PORTS, **{f"of{way}": echo})
    handle = own.doBackground(f"of{way}", "x")
    assert working.work() is True and own.jobStatus("H:test:999") == [False, False, 0, 0]
    own.addTask("other", "y")
    assert own.runTasks() is True and own.returnCode() == 0
"""
PARENT = """
client, worker = client_of(*PORTS), worker_of(*PORTS, echo=echo)
client.doBackground("grabbed", "x")
taking = worker_of(*PORTS)
taking.register("grabbed")
grabbed = taking.grabJob()
cycle = [client_of(*PORTS), worker_of(*PORTS, cycle=echo)]
cycle.append(cycle)
worker.setTimeout(1)
worker.work()
seen = []
client.setCompleteCallback(lambda task, context: seen.append((context, task.data())))
tasks = [client.addTask("late", str(number), number) for number in range(3)]
client.setTimeout(0)
client.runTasks()
client.setTimeout(-1)
say("ready")
sys.stdin.readline()
"""
GOES_ON = """
say("children", *codes)
sys.stdin.readline()
say(client.runTasks(), sorted(seen))
say(client.doNormal("other", "z"), grabbed.sendComplete("done"))
worker.setTimeout(20000)
say(worker.work(), worker.returnCode())
"""


class TestPrefork:
    """A parent with a connected client and worker, running tasks and a grabbed job forks several children."""

    @pytest.mark.parametrize(
        "forking",
        [
            """
pids = []
for way in range(5):
    pid = os.fork()
    if pid == 0:
        child(way)
        sys.stdout.flush()
        sys.exit(0) if way % 2 else os._exit(0)
    pids.append(pid)
codes = [os.waitpid(pid, 0)[1] for pid in pids]
""",
            """
import multiprocessing
context = multiprocessing.get_context("fork")
processes = [context.Process(target=child, args=(way,)) for way in range(5)]
for process in processes: process.start()
for process in processes: process.join()
codes = [process.exitcode for process in processes]
""",
        ],
        ids=["os.fork", "multiprocessing"],
    )
    def test_the_parent_goes_on(self, gearmand: Gearmand, forking: str) -> None:
        """The children use objects of their own. Then the parent's tasks, client, worker and job continue."""
        with (
            serving(gearmand, other=lambda job, _: job.workload()),
            Child(PREFORK + PARENT + forking + GOES_ON, gearmand.port) as child,
        ):
            child.expect("ready")
            before = connections(gearmand)
            child.go_on()
            assert child.line(30) == "children 0 0 0 0 0", child.errors()
            wait_until(lambda: connections(gearmand) == before, "only the connections of the children are gone")
            assert is_served(gearmand, "echo")
            with serving(gearmand, late=lambda job, _: job.workload()):
                child.go_on()
                child.expect("True [(0, b'0'), (1, b'1'), (2, b'2')]")
            child.expect("b'z' True")
            wait_until(lambda: queued(gearmand, "grabbed") == 0, "the grabbed job is answered")
            assert client_of(gearmand).doNormal("echo", "x") == b"x"
            child.expect("True 0")
            assert child.end() == 0
            assert child.errors() == ""


ENDS = ["os._exit(7)", "sys.exit(7)", "raise ValueError('of the child')", "return b'of the child'"]


class TestInsideACallback:
    """A callback forks, and the child may return from it."""

    @pytest.mark.parametrize("end", ENDS)
    def test_a_worker_s_function(self, gearmand: Gearmand, end: str) -> None:
        """The parent answers the job over the same connection."""
        program = f"""
def job(job, context):
    pid = os.fork()
    if pid == 0:
        {end}
    os.waitpid(pid, 0)
    return job.workload()
parent, worker = os.getpid(), worker_of(*PORTS, forking=job)
try:
    results = [worker.work() for _ in range(3)]
finally:
    if os.getpid() != parent: os._exit(7)
say(results)
"""
        with Child(program, gearmand.port) as child:
            client = client_of(gearmand)
            client.setTimeout(15_000)
            client.doNormal("forking", "0")
            before = gearmand.ask("workers")
            assert [client.doNormal("forking", f"{number}") for number in (1, 2)] == [b"1", b"2"]
            child.expect("[True, True, True]")
            assert "forking" in before
            assert child.end() == 0
            assert child.errors() == ""

    @pytest.mark.parametrize("end", ENDS)
    def test_a_task_s_callback(self, gearmand: Gearmand, end: str) -> None:
        """The parent gets all of its results."""
        program = f"""
def created(task):
    pid = os.fork()
    if pid == 0:
        {end}
    os.waitpid(pid, 0)
parent, client, seen = os.getpid(), client_of(*PORTS), []
client.setCreatedCallback(created)
client.setCompleteCallback(lambda task: seen.append(task.data()))
for number in range(3): client.addTask("other", str(number))
try:
    result = client.runTasks()
finally:
    if os.getpid() != parent: os._exit(7)
say(result, client.returnCode(), sorted(seen))
"""
        with serving(gearmand, other=lambda job, _: job.workload()), Child(program, gearmand.port) as child:
            child.expect("True 0 [b'0', b'1', b'2']")
            assert child.end() == 0
            assert child.errors() == ""

    def test_a_child_of_a_thread(self, gearmand: Gearmand) -> None:
        """The forking thread is the child's main thread: signal handlers run there while it waits."""
        program = """
def fork():
    global pid
    pid = os.fork()
    if pid == 0:
        say(os.getpid())
        try: client_of(*PORTS).doNormal("nobody", "x")
        except KeyboardInterrupt: os._exit(7)
        os._exit(8)
thread = threading.Thread(target=fork)
thread.start(), thread.join()
say(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
        with Child(program, gearmand.port) as child:
            pid = int(child.line())
            wait_until(lambda: queued(gearmand, "nobody"), "the child waits")
            os.kill(pid, signal.SIGINT)
            child.expect("7")
            assert child.end() == 0
