"""The user's whole program in the pool, in Worker and in LocalGearman: subscribers, serializer, servers, hooks."""

from __future__ import annotations

import json
import signal
import threading
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from gearman_cffi import (
    Admin,
    Application,
    Client,
    EventDispatcher,
    EventName,
    Job,
    JobCollection,
    JsonSerializer,
    PhpSerializer,
)
from gearman_cffi.events import FunctionEvent
from gearman_cffi.testing import Gearmand, LocalGearman
from tests.pool.commands import NOBODY, TASKS, WorkerCommand
from tests.support import wait_until

# A program that was ported from dmank/gearman line by line, with subscribers of its own, as a Worker that is not run.
DMANK = """
import logging
from gearman_cffi.dmank import *

def note(text):
    with open("notes", "a") as notes:
        notes.write(f"{text}\\n")

class Reverse(JobHandlerInterface):
    def listensToJob(self):
        return "reverse"
    def execute(self, job):
        if not job.getWorkLoad():
            raise ValueError("nothing to reverse")
        return job.getWorkLoad()[::-1]

class Audit:
    def getSubscribedEvents(self):
        return {
            FunctionEvent.FUNCTION_BEFORE_EXECUTE: [["stop", 10], ["before"]],
            FunctionEvent.FUNCTION_AFTER_EXECUTE: "after",
            FunctionFailureEvent.FUNCTION_ON_FAILURE: "failed",
        }
    def stop(self, event):
        note(f"first {event.getJob().getJobName()}")
    def before(self, event):
        note("second")
        event.stopPropagation()
    def after(self, event):
        note(f"result {event.getResult()}")
    def failed(self, event):
        note(f"failed {event.getException()}")

logger = logging.getLogger("shop")
dispatcher = EventDispatcher()
dispatcher.addSubscriber(Monolog(logger))
dispatcher.addSubscriber(MaxRuntime("+2 hours", logger))
dispatcher.addSubscriber(MemoryLimit("1g", logger))
dispatcher.addSubscriber(Audit())
jobs = JobCollection()
jobs.add(Reverse())
worker = Worker(ServerCollection(), jobs, dispatcher)
"""
PROGRAM = (
    TASKS
    + """
from gearman_cffi import Application, JsonSerializer

def note(text):
    with open("notes", "a") as notes:
        notes.write(f"{text} {os.getpid()}\\n")

app = Application(jobs, serializer=JsonSerializer(), servers=os.environ["SHOP_SERVERS"], namespace="shop.")
app.on_start(lambda: note("start"))
app.on_stop(lambda: note("stop"))

more = JobCollection()

@more.handler()
def other(job):
    return {"n": 1}
"""
)


def test_a_ported_program_with_subscribers(gearmand: Gearmand, tmp_path: Path) -> None:
    """Its Worker runs in the pool without a change: its listeners in their order, its results, and both logs."""
    with WorkerCommand(tmp_path, gearmand, "-p1", tasks=DMANK, target="tasks:worker") as command:
        command.await_ready()
        client = Client(gearmand.address, timeout=20)
        assert client.execute_job("reverse", "abc") == "cba"
        with pytest.raises(Exception, match="nothing to reverse"):
            client.execute_job("reverse", "")
        command.await_log("reverse H:test:2: failed")
        command.await_log("shop: If the max runtime of +2 hours is exceeded, i will stop the worker.")
        command.await_log("shop: i will stop the worker when the memory limit of 1g is exceeded.")
        command.await_log("reverse H:test:1: shop: I successfully finished my work on job reverse")
        command.send(signal.SIGTERM)
        assert command.end() == 0
    notes = (tmp_path / "notes").read_text().splitlines()
    assert notes == ["first reverse", "second", "result cba", "first reverse", "second", "failed nothing to reverse"]


@pytest.mark.parametrize("preload", ["--preload", "--no-preload"])
def test_an_application(gearmand: Gearmand, tmp_path: Path, preload: str) -> None:
    """Its serializer, servers and namespace, its functions for each process, and the handlers of another object."""
    options = ["-p2", preload, "--except=fail", "tasks:app"]
    variables: dict[str, Any] = {"GEARMAN_SERVERS": "", "SHOP_SERVERS": gearmand.address}
    with WorkerCommand(tmp_path, None, *options, tasks=PROGRAM, target="tasks:more", **variables) as command:
        command.await_ready()
        client = Client(gearmand.address, JsonSerializer(), timeout=20, namespace="shop.")
        assert client.execute_job("other", None) == {"n": 1}
        pids = {client.execute_job("pid", None) for _ in range(20)}
        command.await_log(f"; servers {gearmand.address}; serializer json; namespace shop.\n")
        served = gearmand.ask("status").split()
        assert "shop.double" in served
        assert "shop.fail" not in served
        command.send(signal.SIGTERM)
        assert command.end() == 0
    notes = [line.split() for line in (tmp_path / "notes").read_text().splitlines()]
    assert [what for what, _ in notes] == ["start", "start", "stop", "stop"]
    assert pids <= {int(pid) for _, pid in notes}


WORKER = f"""{TASKS}
from gearman_cffi import *
from gearman_cffi.ext import GearmanWorker
from gearman_cffi.subscribers import MaxRuntime

worker = Worker(jobs=jobs, concurrency=3, client_id="shop", idle_interval=0.1)

class Own(Worker):
    def __init__(self):
        super().__init__(jobs=jobs)

own = Own()
implemented = Worker(jobs=jobs)
implemented.set_implementation(GearmanWorker())
short = Worker(jobs=jobs, idle_interval=0.1)
short.dispatcher.add_subscriber(MaxRuntime(0.4))
"""


@pytest.mark.parametrize("options", [[], ["--no-preload", "--concurrency=3"]], ids=str)
def test_the_options_of_a_worker(gearmand: Gearmand, tmp_path: Path, options: list[str]) -> None:
    """Its number of jobs at once, which the parent knows too, and its name."""
    with WorkerCommand(tmp_path, gearmand, "-p1", *options, tasks=WORKER, target="tasks:worker") as command:
        command.await_ready()
        command.await_log("loaded tasks:worker: functions pid, double, ")
        command.await_log(f"; servers {gearmand.address}; serializer php; 3 jobs at once in each process\n")
        assert [worker.client_id for worker in Admin(gearmand.address).workers() if worker.functions] == ["shop"]
        for number in range(3):
            Client(gearmand.address).execute_in_background("wait_for", str(tmp_path / f"{number}"))
        wait_until(lambda: len(list(tmp_path.glob("?.began"))) == 3, "all jobs run")
        command.send(signal.SIGTERM)
        command.await_log("waiting for 3 jobs: H:")
        for number in range(3):
            (tmp_path / f"{number}").touch()
        assert command.end() == 0
        assert command.log.count("loaded tasks:worker: ") == 1


def test_options_come_before_those_of_a_worker(gearmand: Gearmand, tmp_path: Path) -> None:
    options = ["-p1", "--client-id=other", "--concurrency=1"]
    with WorkerCommand(tmp_path, gearmand, *options, tasks=WORKER, target="tasks:worker") as command:
        command.await_ready()
        assert [worker.client_id for worker in Admin(gearmand.address).workers() if worker.functions] == ["other"]
        for number in range(2):
            Client(gearmand.address).execute_in_background("wait_for", str(tmp_path / f"{number}"))
        wait_until(lambda: list(tmp_path.glob("?.began")), "a job runs")
        command.send(signal.SIGTERM)
        command.await_log("waiting for 1 job: H:")
        for number in range(2):
            (tmp_path / f"{number}").touch()
        assert command.end() == 0


def test_a_worker_that_stops_itself(gearmand: Gearmand, tmp_path: Path) -> None:
    """Its process is replaced, which is no death. A limit of the program counts from the start of each process."""
    options = ["-p1", "--log-format=json"]
    with WorkerCommand(tmp_path, gearmand, *options, tasks=WORKER, target="tasks:short") as command:
        command.await_log("exits: its program has stopped the worker", times=3)
        command.send(signal.SIGTERM)
        assert command.end() == 0
        lines = [json.loads(line) for line in command.log.splitlines()]
    exits = [datetime.fromisoformat(line["time"][:-1]) for line in lines if "has stopped the worker" in line["message"]]
    assert all((later - earlier).total_seconds() > 0.3 for earlier, later in pairwise(exits))
    assert not [line for line in lines if line["level"] in ("warning", "error")]


def test_options_come_before_the_program(gearmand: Gearmand, tmp_path: Path) -> None:
    """The servers, the serializer and the namespace of the command line; and only one function."""
    options = ["-p1", "--serializer=php", "--namespace=x.", "--only=double"]
    with WorkerCommand(tmp_path, gearmand, *options, tasks=PROGRAM, target="tasks:app", SHOP_SERVERS=NOBODY) as command:
        command.await_ready()
        assert Client(gearmand.address, PhpSerializer(), timeout=20, namespace="x.").execute_job("double", 4) == 8
        assert [line.split()[0] for line in gearmand.ask("status").splitlines() if line != "."] == ["x.double"]


def test_a_start_that_fails(gearmand: Gearmand, tmp_path: Path) -> None:
    """The process is started again, and the log has the traceback."""
    tasks = f"{PROGRAM}\n@app.on_start\ndef connect():\n    open('database').close()"
    with WorkerCommand(tmp_path, gearmand, "-p1", tasks=tasks, target="tasks:app", SHOP_SERVERS=NOBODY) as command:
        command.await_log("No such file or directory: 'database'", times=2)
        (tmp_path / "database").touch()
        command.await_ready()


@pytest.mark.parametrize(
    ("options", "target", "said"),
    [
        (["--only=nothing"], "tasks:jobs", "no handler for the function 'nothing'; there are pid, double"),
        (["--except=other"], "tasks:more", "no function of tasks:more is left"),
        (["--only=pid", "--except=pid"], "tasks:jobs", "no function of tasks:jobs is left"),
        (["tasks:app"], "tasks:two", "tasks:app tasks:two are several programs"),
        (["tasks:clash"], "tasks:more", "several handlers for the function 'other'"),
        (
            ["--no-preload"],
            "tasks:worker",
            "runs 3 jobs at once, and each process imports it itself: add --concurrency 3",
        ),
        ([], "tasks:own", "Own must take the arguments of Worker ("),
        ([], "tasks:implemented", "each process needs a GearmanWorker of its own: leave out set_implementation()"),
    ],
)
def test_programs_that_cannot_be_used(tmp_path: Path, options: list[str], target: str, said: str) -> None:
    tasks = f"{PROGRAM}{WORKER}two = Application(more)\nclash = JobCollection()\nclash.handler('other')(print)\n"
    with WorkerCommand(tmp_path, NOBODY, "-p1", *options, tasks=tasks, target=target, SHOP_SERVERS=NOBODY) as command:
        assert command.end() == 3
        assert said in command.log


def _application(notes: list[Any]) -> Application:
    class Audit:
        def get_subscribed_events(self) -> dict[str, str]:
            return {EventName.FUNCTION_AFTER_EXECUTE: "on_done"}

        def on_done(self, event: FunctionEvent) -> None:
            notes.append(event.result)

    jobs = JobCollection()
    application = Application(jobs, serializer=JsonSerializer(), subscribers=[Audit()])

    @jobs.handler()
    def double(job: Job) -> int:
        return 2 * int(job.get_workload())

    @application.on_start
    def start() -> None:
        notes.append("start")

    @application.on_stop
    def stop() -> None:
        notes.append("stop")

    application.on_stop(lambda: notes.append("first stop"))
    return application


def test_an_application_in_a_test() -> None:
    notes: list[Any] = []
    with LocalGearman(_application(notes)) as local:
        assert local.client.execute_job("double", 21) == 42
    assert notes == ["start", 42, "first stop", "stop"]


def test_an_application_in_this_process(gearmand: Gearmand) -> None:
    """run() takes the arguments of Worker."""
    notes: list[Any] = []
    application = _application(notes)
    thread = threading.Thread(target=application.run, kwargs={"servers": gearmand.address, "signals": ()})
    thread.start()
    client = Client(gearmand.address, JsonSerializer(), timeout=20)
    assert client.execute_job("double", 4) == 8
    assert isinstance(application.dispatcher, EventDispatcher)
    application.dispatcher.add_listener(EventName.AFTER_RUN, lambda event: event.worker.stop())
    client.execute_in_background("double", 5)
    thread.join(20)
    assert notes == ["start", 8, 10, "first stop", "stop"]


def test_subscribers_of_another_dispatcher() -> None:
    class Own:
        def has_listeners(self, event_name: str) -> bool:
            return False

        def dispatch(self, event_name: str, event: object) -> None: ...

    with pytest.raises(TypeError, match="a Own gets no subscribers here"):
        Application(dispatcher=Own(), subscribers=[object()])  # type: ignore[list-item]
    assert Application(dispatcher=Own(), servers=["a:1", "b"]).servers is not None
