"""The main job, once through: submit in the background, watch, and the same again in the foreground.

    python examples/demo.py

starts a gearmand of its own, and itself once more as a worker process:

    python examples/demo.py --worker HOST PORT
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from gearman_cffi import Client, JobStatus, RawSerializer
from gearman_cffi.ext import GEARMAN_SUCCESS, GearmanClient, GearmanJob, GearmanWorker
from gearman_cffi.testing import Gearmand, GearmandError

TEXT = "this is a test"
STEPS = 20
STEP_SECONDS = 0.1
POLL_SECONDS = 0.05
PATIENCE_SECONDS = 60
BAR = 30


def reverse(job: GearmanJob, context: object) -> bytes:
    """The worker's function: turns the text round, slowly, and says how far it is."""
    for step in range(1, STEPS + 1):
        time.sleep(STEP_SECONDS)
        job.sendStatus(step, STEPS)
    return job.workload()[::-1]


def work(host: str, port: int) -> None:
    """The worker process: one job after the other until the server is gone."""
    worker = GearmanWorker()
    worker.addServer(host, port)
    worker.addFunction("reverse", reverse)
    while worker.work():
        pass


@contextmanager
def worker_process(server: Gearmand) -> Iterator[subprocess.Popen[bytes]]:
    """Another Python process that works for the server, ended with the block."""
    command = [sys.executable, __file__, "--worker", server.host, str(server.port)]
    process = subprocess.Popen(command, start_new_session=True)  # Ctrl-C is for this process, which ends that one
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


class Progress:
    """Shows each new state: over and over in one line on a terminal, else line by line.

    A job that is done is unknown to the server, so its numbers are 0/0 in the end.
    """

    def __init__(self) -> None:
        self._live = sys.stdout.isatty()
        self._last = ""

    def show(self, status: JobStatus) -> None:
        """Prints the status if it is not the one printed last."""
        state = "done" if status.is_completed else "running" if status.is_running else "queued"
        text = f"{state:8}{status.numerator:3}/{status.denominator:<3}"
        if text == self._last:
            return
        self._last = text
        if self._live:
            full = BAR if status.is_completed else int(BAR * (status.fraction or 0))
            end = "\n" if status.is_completed else ""
            print(f"\r  [{'#' * full:{BAR}}] {text}", end=end, flush=True)
        else:
            print(f"  {text}", flush=True)

    def leave(self) -> None:
        """Goes to a new line if the last one is unfinished."""
        if self._live and self._last and not self._last.startswith("done"):
            print()


def background(server: Gearmand, worker: subprocess.Popen[bytes]) -> None:
    """With PHP's names: doBackground() and jobStatus()."""
    client = GearmanClient()
    client.addServer(server.host, server.port)
    handle = client.doBackground("reverse", TEXT)
    if client.returnCode() != GEARMAN_SUCCESS:
        raise RuntimeError(f"doBackground: {client.error()}")
    print(f"submitted {TEXT!r} in the background: job {handle}", flush=True)
    progress = Progress()
    deadline = time.monotonic() + PATIENCE_SECONDS
    try:
        while True:
            status = JobStatus.from_answer(client.jobStatus(handle))
            if client.returnCode() != GEARMAN_SUCCESS:
                raise RuntimeError(f"jobStatus: {client.error()}")
            progress.show(status)
            if status.is_completed:
                return
            if worker.poll() is not None:
                raise RuntimeError(f"the worker process ended with code {worker.returncode}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"the job is not done after {PATIENCE_SECONDS} s")
            time.sleep(POLL_SECONDS)
    finally:
        progress.leave()


def foreground(server: Gearmand) -> None:
    """With the Python layer: execute_job() returns what the worker answered.

    The worker takes and gives plain bytes, hence RawSerializer. Without it the workload would go out as
    PHP programs on dmank/gearman expect it: s:14:"this is a test";
    """
    with Client(server.address, serializer=RawSerializer(), timeout=PATIENCE_SECONDS) as client:
        print("the same in the foreground:", flush=True)
        print(client.execute_job("reverse", TEXT).decode(), flush=True)


def main(arguments: list[str]) -> int:
    """Runs the demo, or with --worker its worker. Returns the process's exit code."""
    try:
        if arguments[:1] == ["--worker"]:
            work(arguments[1], int(arguments[2]))
            return 0
        with Gearmand() as server:
            print(f"gearmand {server.ask('version').split()[-1]} listens on {server.address}", flush=True)
            with worker_process(server) as worker:
                print(f"worker process {worker.pid} waits for jobs of function 'reverse'", flush=True)
                background(server, worker)
                foreground(server)
        return 0
    except KeyboardInterrupt:
        return 130
    except (GearmandError, RuntimeError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
