"""Workers that are killed in the middle of a retry: no job is lost."""

from __future__ import annotations

import signal
from contextlib import ExitStack
from pathlib import Path

from gearman_cffi import Client, Job, JobCollection
from gearman_cffi.testing import Gearmand
from tests.python_layer.workers import running
from tests.support import Child, queued, wait_until

WORKER = """
from pathlib import Path
from gearman_cffi import EventDispatcher, EventName, JobCollection, Worker
step, folder = os.environ["STEP"], Path(os.environ["FOLDER"])

def die(where):
    if where == step and not (folder / "died").exists():
        (folder / "died").touch()
        os.kill(os.getpid(), signal.SIGKILL)

def backoff(attempt):
    die("failed")
    return 0

def note(what, job):
    with open(folder / "log", "a") as log:
        log.write(f"{what} {job.get_workload()} {job.attempt}\\n")

jobs = JobCollection()

@jobs.handler(step, backoff=backoff)
def flaky(job):
    die("running")
    note("attempt", job)
    if job.attempt < (2 if job.get_workload() % 2 else 9):
        raise OSError("again")
    note("done", job)

dispatcher = EventDispatcher()
dispatcher.add_listener(EventName.FUNCTION_RETRY, lambda event: die("submitted"))
dispatcher.add_listener(EventName.AFTER_RUN, lambda event: die("answered"))
dispatcher.add_listener(EventName.FUNCTION_GAVE_UP, lambda event: note("gave-up", event.job))
Worker(f"127.0.0.1:{PORTS[0]}", jobs, dispatcher, idle_interval=0.05).run()
"""


STEPS = ("running", "failed", "submitted", "answered")


def test_workers_are_killed(gearmand: Gearmand, tmp_path: Path) -> None:
    """One at each step: every job is done or given up, at least once; a death is no attempt."""
    client = Client(gearmand.address, timeout=20)
    logs = {step: tmp_path / step / "log" for step in STEPS}
    with ExitStack() as stack:
        workers = []
        for step, log in logs.items():
            log.parent.mkdir()
            client.execute_jobs_in_background([Job(step, number, retries=2) for number in range(4)])
            workers.append(Child(WORKER, gearmand.port, STEP=step, FOLDER=str(log.parent)))
            stack.enter_context(workers[-1])
        for worker in workers:
            assert worker.end() == -signal.SIGKILL, worker.errors()
        for step, log in logs.items():
            stack.enter_context(Child(WORKER, gearmand.port, STEP=step, FOLDER=str(log.parent)))
        for step in STEPS:
            wait_until(lambda: not queued(gearmand, step), "all is done")  # noqa: B023
    for step, log in logs.items():
        lines = [line.split() for line in log.read_text().splitlines()]
        assert {job for what, job, _ in lines if what == "done"} == {"1", "3"}, step
        assert {(job, attempt) for what, job, attempt in lines if what == "gave-up"} == {("0", "3"), ("2", "3")}, step
        assert len([what for what, *_ in lines if what == "attempt"]) >= 2 * 2 + 2 * 3


def test_the_server_is_killed(tmp_path: Path) -> None:
    """With a persistent queue it has the next attempt, with its delay, after the restart."""
    options = ["--queue-type=libsqlite3", f"--libsqlite3-db={tmp_path / 'queue.db'}"]
    jobs = JobCollection()

    @jobs.handler("flaky", backoff=3600)
    def flaky(job: Job) -> None:
        raise OSError("again")

    with Gearmand(options) as server:
        client = Client(server.address, timeout=20)
        client.execute_in_background("flaky", 1, unique="k", retries=3)
        with running(server, jobs):
            wait_until(lambda: client.get_job_status_by_unique("k~try2/4").is_known, "the next attempt is submitted")
            wait_until(lambda: not client.get_job_status_by_unique("k~try1/4").is_known, "the first one is answered")
        server.kill()
        server.start()
        assert client.get_job_status_by_unique("k~try2/4").is_known
        assert not client.get_job_status_by_unique("k~try1/4").is_known
