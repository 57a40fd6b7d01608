"""Memory that libgearman has freed is not used any more. Freed memory is overwritten here."""

from __future__ import annotations

import pytest

from gearman_cffi.testing import Gearmand
from tests.support import Child

OVERWRITTEN = {"MALLOC_PERTURB_": "165"}

RESURRECTED = """
class Last:
    def __init__(self, *kept): self.kept, self.cycle = kept, self
    def __del__(self): saved.append(self.kept)
saved, results = [], set()
for _ in range(5):
    client_of(*PORTS).doBackground("grabbed", "x")
    worker = worker_of(*PORTS)
    worker.register("grabbed")
    Last(worker.grabJob(), worker)
    del worker
    gc.collect()
    job, worker = saved.pop()
    for use in job.workload, job.handle, job.functionName, job.workloadSize, job.sendFail, worker.options:
        try: results.add(use())
        except RuntimeError as error: results.add(str(error).partition(",")[0])
    del job, worker
say(results <= {b"", False, 0, "this worker has been garbage-collected"})
"""

IN_BETWEEN = """
import weakref
client, made, contexts = client_of(*PORTS), weakref.WeakSet(), set()
def trace(frame, event, argument):
    if frame.f_code.co_name not in ("add_task", "_add"): return None
    frame.f_trace_lines, frame.f_trace_opcodes = False, True
    def step(frame, event, argument):
        global left
        left -= 1
        if left == 0: client.runTasks()
        return step
    return step
for place in range(1, 200):
    left = place
    sys.settrace(trace)
    task = client.addTaskBackground("f", "x")
    sys.settrace(None)
    made.add(task)
    task.jobHandle(), task.functionName(), task.data(), task.recvData(3)
    if left > 0: break
    client.runTasks()
    assert task.jobHandle() is False and task.data() is False, place
del task
client.runTasks()
say(place > 50, len(made))
"""

OTHER_THREAD = """
import weakref
client, made, refused = client_of(*PORTS), weakref.WeakSet(), 0
def interfere():
    global refused
    while not over:
        try: client.runTasks() if CALL == "run" else client.addTaskStatus("H:none:1")
        except ConcurrentUseError: refused += 1
rounds = 0
while rounds < 15 or not refused:
    rounds += 1
    for _ in range(2000): made.add(client.addTaskBackground("f", "x"))
    over, thread = False, threading.Thread(target=interfere)
    thread.start()
    while True:
        try: client.runTasks()
        except ConcurrentUseError: continue
        break
    over = True
    thread.join()
    client.runTasks()
say(refused > 0, len(made))
"""


class TestFreedMemory:
    """Each of these once read freed memory, or freed it twice."""

    def test_a_job_that_was_collected_with_its_worker(self, gearmand: Gearmand) -> None:
        """A finalizer that runs later resurrects it: it has ended, like a job whose function has returned."""
        with Child(RESURRECTED, gearmand.port, options=["-W", "ignore"], **OVERWRITTEN) as child:
            child.expect("True")
            assert child.end() == 0, child.errors()

    def test_a_task_that_ends_before_it_is_returned(self, gearmand: Gearmand) -> None:
        """A signal handler may run the tasks at any point inside addTask(); here the trace function does."""
        with Child(IN_BETWEEN, gearmand.port, **OVERWRITTEN) as child:
            child.expect("True 0")
            assert child.end() == 0, child.errors()

    @pytest.mark.parametrize("call", ["run", "add"])
    def test_another_thread_is_refused(self, gearmand: Gearmand, call: str) -> None:
        """Its calls change nothing while thousands of tasks of the first thread end; all tasks are freed."""
        with Child(OTHER_THREAD.replace("CALL", repr(call)), gearmand.port, **OVERWRITTEN) as child:
            child.expect("True 0")
            assert child.end() == 0, child.errors()
