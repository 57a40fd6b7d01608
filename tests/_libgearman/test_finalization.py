"""The end of the interpreter while objects are alive: no output, the right exit code, and no crash."""

from __future__ import annotations

import pytest

from gearman_cffi.testing import Gearmand
from tests.support import Child, connections, queued, serving, wait_until

GRAB = """
def grab():
    client_of(*PORTS).doBackground("grabbed", "x")
    worker = worker_of(*PORTS)
    worker.register("grabbed")
    return worker, worker.grabJob()
"""
BUSY = """
def busy(job, context):
    job.sendStatus(1, 2), job.sendData("x")
    return job.workload()
def work(worker):
    while True: worker.work()
def ask(client):
    for number in range(10**9):
        client.doNormal("busy", "x" * 100)
        if number == 20: going.release()
def tasks(client):
    client.setDataCallback(lambda task: None), client.setCompleteCallback(lambda task: None)
    while True:
        for _ in range(5): client.addTask("busy", "y")
        client.runTasks()
going = threading.Semaphore(0)
for use, make in (work, worker_of), (work, worker_of), (ask, client_of), (ask, client_of), (tasks, client_of):
    made = make(*PORTS, busy=busy) if make is worker_of else make(*PORTS)
    threading.Thread(target=use, args=(made,), daemon=True).start()
for _ in range(2): going.acquire()
"""


class TestEnd:
    """Objects are in use when the interpreter ends."""

    @pytest.mark.parametrize(
        "program",
        [
            "kept = grab()",
            "kept = grab()[1]; kept.sendComplete('done')",
            "import builtins; builtins.kept = grab()",
            "import builtins; builtins.kept = grab()[1]",
            "kept = [*grab()]; kept.append(kept); del kept; gc.collect()",
            "kept = grab(); kept[0].addFunction('f', lambda job: kept)",
            "client = client_of(*PORTS); kept = [client.addTask('f', 'x') for _ in range(3)]",
            "client = client_of(*PORTS); kept = client.addTask('f', 'x'); client.setTimeout(0); client.runTasks()",
            "client = client_of(*PORTS); kept = client.addTask('f', 'x', client); client.setFailCallback(client.ping)",
            "import atexit; client = client_of(*PORTS); atexit.register(lambda: client.ping('x') or os._exit(9))",
        ],
    )
    def test_live_objects(self, gearmand: Gearmand, program: str) -> None:
        """Grabbed jobs, tasks in every state, cycles through callbacks: nothing on stderr, no connection left."""
        with Child(GRAB + program, gearmand.port, options=["-X", "dev"]) as child:
            assert child.end() == 0, child.errors()
            assert child.errors() == ""
        wait_until(lambda: connections(gearmand) == 0, "the connections are closed")

    def test_busy_daemon_threads(self, gearmand: Gearmand) -> None:
        """Daemon threads are in jobs and callbacks of clients and workers: nothing on stderr, in several runs."""
        for _ in range(4):
            with Child(BUSY, gearmand.port, options=["-X", "faulthandler"]) as child:
                assert child.end() == 0, child.errors()
                assert child.errors() == ""

    @pytest.mark.parametrize(
        ("end", "code", "text"),
        [
            ("sys.exit(3)", 3, ""),
            ("os.kill(os.getpid(), signal.SIGTERM)", -15, ""),
            ("raise SystemExit('the end')", 1, "the end\n"),
        ],
    )
    def test_in_a_worker_s_function(self, gearmand: Gearmand, end: str, code: int, text: str) -> None:
        """sys.exit() sets the exit code, and another worker gets the job."""
        program = f"""
def function(job): {end}
worker = worker_of(*PORTS, ending=function)
client_of(*PORTS).doBackground("ending", "x")
worker.work()
"""
        with Child(program, gearmand.port, options=["-X", "dev"]) as child:
            assert child.end() == code, child.errors()
            assert child.errors() == text
        assert queued(gearmand, "ending") == 1
        with serving(gearmand, ending=lambda job, _: b""):
            wait_until(lambda: queued(gearmand, "ending") == 0, "another worker does it")

    @pytest.mark.parametrize("call", ["Created", "Complete"])
    def test_in_a_task_s_callback(self, gearmand: Gearmand, call: str) -> None:
        """sys.exit() sets the exit code while other tasks are running."""
        program = f"""
client = client_of(*PORTS)
client.set{call}Callback(lambda task: sys.exit(4))
kept = [client.addTask("other", "x") for _ in range(5)]
client.runTasks()
"""
        dev = ["-X", "dev"]
        with serving(gearmand, other=lambda job, _: b""), Child(program, gearmand.port, options=dev) as child:
            assert child.end() == 4, child.errors()
            assert child.errors() == ""

    def test_an_exception(self, gearmand: Gearmand) -> None:
        """An uncaught exception is the only output, and the exit code is 1."""
        program = """
def fail(job): raise ValueError("of the function")
worker, client = worker_of(*PORTS, failing=fail), client_of(*PORTS)
client.doBackground("failing", "x")
worker.work()
"""
        with Child(program, gearmand.port, options=["-X", "dev"]) as child:
            assert child.end() == 1
            assert child.errors().startswith("Traceback")
            assert child.errors().endswith("\nValueError: of the function\n")
            assert "ignored" not in child.errors()


class TestCollector:
    """The garbage collector."""

    def test_at_any_point(self, gearmand: Gearmand) -> None:
        """It runs at every allocation during every kind of call, callback and failure."""
        program = (
            GRAB
            + """
def function(job, context):
    job.sendData("x"), job.sendStatus(1, 2), job.sendWarning("w")
    if job.workload() == b"fail": raise ValueError("of the function")
    return job.workload()
worker, client = worker_of(*PORTS, f=function), client_of(*PORTS)
gc.set_threshold(1)
seen = []
client.setCompleteCallback(lambda task, context: seen.append(task.data()))
client.setExceptionCallback(lambda task, context: seen.append(task.data()))
def work():
    for _ in range(30):
        try: worker.work()
        except ValueError: pass
for turn in range(5):
    thread = threading.Thread(target=work)
    thread.start()
    for number in range(2): assert client.doNormal("f", "y") == b"xy"
    assert client.doNormal("f", "fail") == b"" and client.returnCode() == GEARMAN_WORK_EXCEPTION
    for workload in "z", "fail": client.addTask("f", workload, [client])
    client.runTasks()
    cycle = [*grab(), client_of(*PORTS), worker_of(*PORTS, f=lambda job: cycle)]
    cycle.append(cycle)
    for _ in range(25): client.doBackground("f", "x")
    thread.join()
say(seen.count(b"z"), seen.count(b"of the function"))
"""
        )
        with Child(program, gearmand.port, options=["-X", "dev"]) as child:
            child.expect("5 5")
            assert child.end() == 0, child.errors()
            assert child.errors() == ""

    def test_a_finalizer_that_uses_them(self, gearmand: Gearmand) -> None:
        """A finalizer uses a client, a worker and jobs that are collected with it: it succeeds or raises."""
        program = (
            GRAB
            + """
class Last:
    def __init__(self):
        self.client, self.worker, (self.taking, self.job) = client_of(*PORTS), worker_of(*PORTS, f=echo), grab()
        self.task, self.cycle = self.client.addTask("f", "x"), self
        self.client.setTimeout(20)
    def __del__(self):
        for use in (lambda: self.client.ping("x"), self.client.runTasks, self.client.error, self.worker.stop,
                    lambda: self.worker.setTimeout(1), self.taking.grabJob, self.job.handle, self.task.unique,
                    lambda: self.job.sendComplete("done")):
            try: use()
            except RuntimeError as error: refusals.add(str(error).partition(",")[0])
refusals = set()
for _ in range(5):
    Last()
    gc.collect()
say(refusals <= {f"this {what} has been garbage-collected" for what in ("client", "worker")})
kept = Last()
"""
        )
        with Child(program, gearmand.port, options=["-X", "dev"]) as child:
            child.expect("True")
            assert child.end() == 0, child.errors()

    def test_a_finalizer_that_comes_after_the_job(self, gearmand: Gearmand) -> None:
        """The collector finalizes older objects first: the owner of the job has freed it when the finalizer uses it."""
        program = (
            GRAB
            + """
worker, job = grab()
gc.collect()
class Last:
    def __init__(self, job): self.job, self.cycle = job, self
    def __del__(self): say(self.job.handle(), self.job.workload(), self.job.workloadSize(), self.job.sendComplete("x"))
Last(job)
del job
warnings.simplefilter("ignore")
gc.collect()
"""
        )
        with Child(program, gearmand.port, options=["-X", "dev"]) as child:
            child.expect("False b'' 0 False")
            assert child.end() == 0, child.errors()

    def test_a_grabbed_job_and_its_worker_together(self, gearmand: Gearmand) -> None:
        """In a cycle the collector finalizes them in any order; all descriptors are closed."""
        program = (
            GRAB
            + """
def run():
    cycle = [*grab()]
    cycle.append(cycle)
    del cycle
    gc.collect()
run()  # the first wait makes the descriptor that all waits use
before = len(os.listdir("/proc/self/fd"))
for _ in range(10):
    run()
say(len(os.listdir("/proc/self/fd")) - before)
"""
        )
        with Child(program, gearmand.port) as child:
            child.expect("0")
            assert child.end() == 0, child.errors()


SUBINTERPRETER = """
try: import _xxsubinterpreters as interpreters
except ImportError: import _interpreters as interpreters
code = '''
from gearman_cffi.ext import *
client, worker = GearmanClient(), GearmanWorker()
for made in client, worker: made.addServer("127.0.0.1", PORT)
worker.addFunction("f", lambda job: job.workload())
client.doBackground("f", "x")
assert worker.work() is True
'''.replace("PORT", str(PORTS[0]))
def run(*arguments, **options):
    try: made = interpreters.create(*arguments, **options)
    except TypeError: return "no such interpreter"
    try: failed = interpreters.run_string(made, code)
    except Exception as error: failed = error
    interpreters.destroy(made)
    return "works" if failed is None else "refused" if "subinterpreters" in str(failed) else failed
say(run()), say(run("legacy") if sys.version_info >= (3, 13) else run(isolated=False))
say(client_of(*PORTS).ping("x"))
"""


def test_subinterpreters(gearmand: Gearmand) -> None:
    """The module works there if Python can load it; otherwise the import fails. The main interpreter continues."""
    with Child(SUBINTERPRETER, gearmand.port) as child:
        assert child.line() in ("works", "refused"), child.errors()
        assert child.line() in ("works", "refused", "no such interpreter"), child.errors()
        child.expect("True")
        assert child.end() == 0, child.errors()
