"""gearman-cffi submit --lines: a job for each line of the data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from gearman_cffi.cli import workload
from gearman_cffi.cli.errors import describe_failure
from gearman_cffi.cli.io import print_message
from gearman_cffi.client import Client
from gearman_cffi.exceptions import GearmanError, UnsupportedValue
from gearman_cffi.exit_code import ExitCode
from gearman_cffi.jobs import Job, JobInterface
from gearman_cffi.messages import escape


def make_jobs(make: Callable[[Any], Job], lines: Iterator[bytes], serializer: str) -> Iterator[Job | GearmanError]:
    """A job for each line, or the error of a line: an exception would end the iteration and the other jobs with it.

    make: called with the workload.
    """
    for line in lines:
        job: Job | GearmanError
        try:
            job = make(workload.parse(line, serializer))
        except ValueError as error:
            job = UnsupportedValue(str(error))
        yield job


def stream(client: Client, jobs: Iterator[Job | GearmanError], in_flight: int) -> ExitCode:
    """Prints the results in the order of the jobs; a failed job is an empty line, and a message on stderr."""
    lines = _InOrder(jobs, 2 * in_flight)
    while not lines.is_over:
        for job, answer in client.stream_jobs(lines.take(), in_flight=in_flight):
            lines.record(job, answer)
    return lines.code


class _Outcomes:
    """Prints a line for each line of the data: the result, or an empty line if the job has failed."""

    def __init__(self) -> None:
        self.code = ExitCode.OK
        self.printed = 0

    def print(self, outcome: Any) -> None:
        """Prints the outcome of the next line."""
        self.printed += 1
        if isinstance(outcome, GearmanError):
            text, self.code = describe_failure(outcome)
            print_message(f"gearman-cffi: line {self.printed}: {text}")
            outcome = ""
        workload.write_line(outcome)


class _InOrder(_Outcomes):
    """Numbers the jobs, and prints their outcomes in that order.

    Outcomes wait for an earlier job that is slow. At most ahead jobs are taken beyond it, to bound their number.
    """

    def __init__(self, jobs: Iterator[Job | GearmanError], ahead: int) -> None:
        super().__init__()
        self.is_over = False
        self._jobs = enumerate(jobs, 1)
        self._ahead = ahead
        self._numbers: dict[int, int] = {}
        self._waiting: dict[int, Any] = {}
        self._taken = 0

    def take(self) -> Iterator[Job]:
        """The next jobs, at most ahead of them beyond the last printed line."""
        while self._taken - self.printed < self._ahead:
            number, job = next(self._jobs, (0, None))
            if job is None:
                self.is_over = True
                return
            self._taken = number
            if isinstance(job, GearmanError):
                self._record(number, job)
            else:
                self._numbers[id(job)] = number
                yield job

    def record(self, job: JobInterface, answer: Any) -> None:
        """Records the outcome of a job, and prints what can be printed now."""
        self._record(self._numbers.pop(id(job)), answer)

    def _record(self, number: int, outcome: Any) -> None:
        self._waiting[number] = outcome
        while self.printed + 1 in self._waiting:
            self.print(self._waiting.pop(self.printed + 1))


def submit_in_background(client: Client, jobs: Iterator[Job | GearmanError], in_flight: int) -> ExitCode:
    """Submits jobs in the background and prints their handles in the order of the jobs; errors as in stream()."""
    lines = _Outcomes()
    while batch := list(islice(jobs, in_flight)):
        sent = [job for job in batch if isinstance(job, Job)]
        handles = iter(client.execute_jobs_in_background(sent, on_error="return"))
        for job in batch:
            outcome = next(handles) if isinstance(job, Job) else job
            lines.print(escape(outcome) if isinstance(outcome, str) else outcome)
    return lines.code
