"""SIGTERM and SIGINT stop a worker after its job; a second signal interrupts the job."""

from __future__ import annotations

import asyncio
import signal
import threading

import pytest

from gearman_cffi import Client, EventDispatcher, EventName, FunctionHandler, Job, JobException, Worker
from gearman_cffi.testing import Gearmand
from tests.python_layer.workers import handlers, running
from tests.support import Child, frozen, is_served, queued, wait_until

WORKER = """
from gearman_cffi import EventDispatcher, FunctionHandler, Worker

class Printing(EventDispatcher):
    def has_listeners(self, name):
        return True
    def dispatch(self, name, event):
        if name in SAID: say(name)
        super().dispatch(name, event)

SAID = {"worker.on_no_jobs", "worker.function.before_execute", "worker.after_run", "worker.on_before_destroy"}

def job(job):
    say("busy")
    return "answer" * int(sys.stdin.readline().strip() or 1)

signal.signal(signal.SIGTERM, signal.SIG_DFL)
before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
worker = Worker(f"127.0.0.1:{PORTS[0]}", [FunctionHandler("job", job)], Printing(), idle_interval=60)
try:
    worker.run()
    say("returned")
except BaseException as error:
    say("raised", repr(error))
say("restored", before == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)])
"""
BOTH = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])


def submit(server: Gearmand, answers: list[object]) -> threading.Thread:
    """A client in a thread waits for an answer."""
    thread = threading.Thread(
        target=lambda: answers.append(Client(server.address, timeout=20).execute_job("job", 1)), daemon=True
    )
    thread.start()
    return thread


@BOTH
def test_idle(gearmand: Gearmand, number: signal.Signals) -> None:
    """The worker stops at once."""
    with Child(WORKER, gearmand.port) as child:
        child.expect("worker.on_no_jobs")
        child.await_blocked()
        child.send(number)
        for line in ("worker.on_before_destroy", "returned", "restored True"):
            child.expect(line)
        assert child.end() == 0


@BOTH
def test_busy(gearmand: Gearmand, number: signal.Signals) -> None:
    """The job is answered; the next one stays queued."""
    answers: list[object] = []
    with Child(WORKER, gearmand.port) as child:
        thread = submit(gearmand, answers)
        while child.line() != "busy":
            pass
        Client(gearmand.address, timeout=20).execute_in_background("job", 2)
        child.send(number)
        child.await_blocked()
        child.go_on()
        for line in ("worker.after_run", "worker.on_before_destroy", "returned", "restored True"):
            child.expect(line)
        assert child.end() == 0
    thread.join(20)
    assert answers == ["answer"]
    wait_until(lambda: queued(gearmand, "job") == 1, "the second job waits for another worker")


@BOTH
def test_while_a_large_answer_goes_out(gearmand: Gearmand, number: signal.Signals) -> None:
    """The whole answer is sent, even if the server reads slowly."""
    answers: list[object] = []
    with Child(WORKER, gearmand.port) as child:
        thread = submit(gearmand, answers)
        while child.line() != "busy":
            pass
        with frozen(gearmand):
            child.write("5000000\n")
            child.await_blocked()
            child.send(number)
            child.await_blocked()
        for line in ("worker.after_run", "worker.on_before_destroy", "returned", "restored True"):
            child.expect(line)
        assert child.end() == 0
    thread.join(20)
    assert answers == ["answer" * 5_000_000]


@pytest.mark.parametrize(
    ("number", "raised"),
    [(signal.SIGTERM, "SystemExit(143)"), (signal.SIGINT, "KeyboardInterrupt()")],
    ids=["SIGTERM", "SIGINT"],
)
def test_busy_and_twice(gearmand: Gearmand, number: signal.Signals, raised: str) -> None:
    """Another worker gets the job and answers it."""
    answers: list[object] = []
    with Child(WORKER, gearmand.port) as child:
        thread = submit(gearmand, answers)
        while child.line() != "busy":
            pass
        child.await_blocked()  # two signals before the first handler runs count as one
        child.send(number)
        child.await_blocked()
        child.send(number)
        child.expect(f"raised {raised}")
        child.expect("restored True")
        assert child.end() == 0
    with Child(WORKER, gearmand.port) as another:
        while another.line() != "busy":
            pass
        another.go_on()
        thread.join(20)
    assert answers == ["answer"]


@BOTH
def test_without_a_server(gearmand: Gearmand, number: signal.Signals) -> None:
    """The delay between two tries ends at once."""
    gearmand.stop()
    program = WORKER.replace('"worker.on_no_jobs"', '"worker.on_failure"')
    with Child(program, gearmand.port) as child:
        child.expect("worker.on_failure")
        child.send(number)
        for line in ("worker.on_before_destroy", "returned", "restored True"):
            child.expect(line)
        assert child.end() == 0


def test_what_was_ignored_stays_ignored(gearmand: Gearmand) -> None:
    """SIGINT is ignored under nohup and in background jobs of a shell."""
    program = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n" + WORKER
    with Child(program, gearmand.port) as child:
        child.expect("worker.on_no_jobs")
        child.send(signal.SIGINT)
        child.await_blocked()
        child.send(signal.SIGTERM)
        for line in ("worker.on_before_destroy", "returned", "restored True"):
            child.expect(line)


def test_in_another_thread_signals_are_not_touched(gearmand: Gearmand) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    worker = Worker(gearmand.address, handlers(job=lambda job: 1))
    thread = threading.Thread(target=worker.run, daemon=True)
    thread.start()
    wait_until(lambda: is_served(gearmand, "job"), "it works")
    assert before == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    worker.stop()
    thread.join(20)
    assert not thread.is_alive()


def test_a_cancelled_task_in_a_handler(gearmand: Gearmand) -> None:
    """asyncio.CancelledError fails the job, though it is not an Exception."""
    failures: list[BaseException] = []
    dispatcher = EventDispatcher()
    dispatcher.add_listener(EventName.FUNCTION_FAILURE, lambda event: failures.append(event.exception))

    async def cancelled() -> None:
        task = asyncio.create_task(asyncio.sleep(60))
        await asyncio.sleep(0)
        task.cancel()
        await task

    with running(gearmand, handlers(job=lambda job: asyncio.run(cancelled()), echo=lambda job: 1), dispatcher):
        client = Client(gearmand.address, timeout=20)
        with pytest.raises(JobException) as raised:
            client.execute_job("job", 1)
        assert (raised.value.remote_type, raised.value.remote_message) == ("CancelledError", "")
        assert client.execute_job("echo", 1) == 1
    assert [type(error) for error in failures] == [asyncio.CancelledError]


def test_sys_exit_in_a_handler(gearmand: Gearmand) -> None:
    """SystemExit leaves run(); another worker gets the job."""

    def leave(job: object) -> None:
        raise SystemExit(3)

    Client(gearmand.address, timeout=20).execute_in_background("job", 1)
    with pytest.raises(SystemExit):
        Worker(gearmand.address, [FunctionHandler("job", leave)], signals=()).run()
    wait_until(lambda: queued(gearmand, "job") == 1, "the job is queued again")


MANY = """
import asyncio
from gearman_cffi import JobCollection, Worker

jobs = JobCollection()

@jobs.handler()
def plain(job):
    say("plain")
    sys.stdin.readline()
    return "answer"

@jobs.handler()
async def coroutine(job):
    say("coroutine")
    try:
        while not hasattr(worker, "finish"):
            await asyncio.sleep(0.01)
    except asyncio.CancelledError:
        say("cancelled")
        raise
    return "answer"

def finish(*_):
    worker.finish = True

signal.signal(signal.SIGUSR1, finish)

class Talking(Worker):
    def stop(self):
        super().stop()
        say("stopping")

worker = Talking(f"127.0.0.1:{PORTS[0]}", jobs, concurrency=4, idle_interval=60)
try:
    worker.run()
    say("returned")
except BaseException as error:
    say("raised", repr(error))
"""


@BOTH
def test_many_jobs_at_once(gearmand: Gearmand, number: signal.Signals) -> None:
    """The first signal waits for all of them; other signals are handled meanwhile."""
    with Child(MANY, gearmand.port) as child:
        wait_until(lambda: is_served(gearmand, "plain"), "the worker is there")
        answers: list[object] = []
        client = Client(gearmand.address, timeout=20)
        thread = threading.Thread(
            target=lambda: answers.extend(client.execute_jobs([Job("plain", 1), Job("coroutine", 1)])), daemon=True
        )
        thread.start()
        assert {child.line(), child.line()} == {"plain", "coroutine"}
        child.send(number)
        child.expect("stopping")
        child.write("go\n")
        child.send(signal.SIGUSR1)
        child.expect("returned")
        thread.join(20)
        assert answers == ["answer", "answer"]


@BOTH
def test_a_second_signal_with_many_jobs_at_once(gearmand: Gearmand, number: signal.Signals) -> None:
    """run() raises at once: coroutines are cancelled, threads are left behind, and the server has the jobs again."""
    with Child(MANY, gearmand.port) as child:
        wait_until(lambda: is_served(gearmand, "plain"), "the worker is there")
        Client(gearmand.address).execute_jobs_in_background([Job("plain", 1), Job("coroutine", 1)])
        assert {child.line(), child.line()} == {"plain", "coroutine"}
        child.send(number)
        child.expect("stopping")
        child.send(number)
        child.expect("cancelled")
        child.expect("raised KeyboardInterrupt()" if number == signal.SIGINT else "raised SystemExit(143)")
        wait_until(lambda: not is_served(gearmand, "plain"), "the process is gone")
        assert queued(gearmand, "plain") == queued(gearmand, "coroutine") == 1
