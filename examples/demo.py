"""A demo: submit a job in the background, watch its progress, then run the same job in the foreground.

    python examples/demo.py

It starts a gearmand of its own, and itself a second time as a worker process:

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
TIMEOUT_SECONDS = 60
BAR = 30


def reverse(job: GearmanJob, context: object) -> bytes:
    """The worker's function: reverses the text, slowly, and sends its progress."""
    for step in range(1, STEPS + 1):
        time.sleep(STEP_SECONDS)
        job.sendStatus(step, STEPS)
    return job.workload()[::-1]


def work(host: str, port: int) -> None:
    """The worker process: runs jobs until the server has gone."""
    worker = GearmanWorker()
    worker.addServer(host, port)
    worker.addFunction("reverse", reverse)
    while worker.work():
        pass


@contextmanager
def worker_process(server: Gearmand) -> Iterator[subprocess.Popen[bytes]]:
    """A second Python process with a worker, which is stopped at the end of the block."""
    command = [sys.executable, __file__, "--worker", server.host, str(server.port)]
    process = subprocess.Popen(command, start_new_session=True)  # so that Ctrl-C reaches this process only
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


class Progress:
    """Shows each new state: in the same line on a terminal, otherwise in a line of its own."""

    def __init__(self) -> None:
        self._live = sys.stdout.isatty()
        self._last = ""

    def show(self, status: JobStatus) -> None:
        """Prints the status if it has changed."""
        state = "done" if status.is_completed else "running" if status.is_running else "queued"
        steps = f"{status.numerator:3}/{status.denominator:<3}" if status.denominator else ""  # none before and after
        text = f"{state:8}{steps:7}"
        if text == self._last:
            return
        self._last = text
        if self._live:
            full = BAR if status.is_completed else int(BAR * (status.fraction or 0))
            end = "\n" if status.is_completed else ""
            print(f"\r  [{'#' * full:{BAR}}] {text}", end=end, flush=True)
        else:
            print(f"  {text}", flush=True)

    def end_line(self) -> None:
        """Starts a new line if the last one is not finished."""
        if self._live and self._last and not self._last.startswith("done"):
            print()


def background(server: Gearmand, worker: subprocess.Popen[bytes]) -> None:
    """Submits in the background with PHP's names: doBackground() and jobStatus()."""
    client = GearmanClient()
    client.addServer(server.host, server.port)
    handle = client.doBackground("reverse", TEXT)
    if client.returnCode() != GEARMAN_SUCCESS:
        raise RuntimeError(f"doBackground: {client.error()}")
    print(f"submitted {TEXT!r} in the background: job {handle}", flush=True)
    progress = Progress()
    deadline = time.monotonic() + TIMEOUT_SECONDS
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
                raise RuntimeError(f"the job is not done after {TIMEOUT_SECONDS} s")
            time.sleep(POLL_SECONDS)
    finally:
        progress.end_line()


def foreground(server: Gearmand) -> None:
    """Submits in the foreground with the Python layer: execute_job() returns the result.

    The worker uses plain bytes, and so does RawSerializer. The default serializer would send the workload in PHP's
    format: s:14:"this is a test";
    """
    with Client(server.address, serializer=RawSerializer(), timeout=TIMEOUT_SECONDS) as client:
        print("the same in the foreground:", flush=True)
        print(client.execute_job("reverse", TEXT).decode(), flush=True)


def main(arguments: list[str]) -> int:
    """Runs the demo, or with --worker its worker; returns the exit code."""
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
