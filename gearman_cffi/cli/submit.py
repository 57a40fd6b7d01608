"""gearman-cffi submit."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import click

from gearman_cffi.cli import workload
from gearman_cffi.cli.errors import code_of, exit_on_error
from gearman_cffi.cli.io import print_line, print_message, write
from gearman_cffi.cli.options import option, servers_option, timeout_option
from gearman_cffi.cli.progress import Progress
from gearman_cffi.client import Client
from gearman_cffi.exceptions import GearmanError, SerializerError, UnsupportedValue
from gearman_cffi.exit_code import ExitCode
from gearman_cffi.job_interface import JobInterface
from gearman_cffi.job_watch import UpdateKind
from gearman_cffi.jobs import Job
from gearman_cffi.messages import escape
from gearman_cffi.priorities import Priority
from gearman_cffi.serializers.by_name import BY_NAME
from gearman_cffi.servers import ServerCollection

_PRIORITIES = [priority.name.lower() for priority in Priority]


@click.command()
@click.argument("function")
@click.argument("data", default="", metavar="[DATA | - | @FILE]")
@servers_option
@option("--background", is_flag=True, help="Print the job's handle and do not wait for the result.")
@option(
    "--unique",
    help="A key. If a job with this key waits or runs, no other one is started, and you get the result of that job.",
)
@option(
    "--priority", type=click.Choice(_PRIORITIES), default="normal", help="The priority among the jobs of the function."
)
@timeout_option(None, "How long to wait for the result; with --lines for each one.")
@option(
    "--serializer",
    type=click.Choice(list(BY_NAME)),
    default="php",
    help="How the worker reads the data. With json, DATA is JSON; otherwise it is a text.",
)
@option(
    "--lines",
    is_flag=True,
    help="Submit a job for each line of the data, and print the results in the same order, a line for each.",
)
@option("--in-flight", type=click.IntRange(1, 10_000), default=100, help="With --lines: how many jobs to submit ahead.")
def submit(
    function: str,
    data: str,
    servers: ServerCollection,
    background: bool,
    unique: str | None,
    priority: str,
    timeout: float | None,
    serializer: str,
    lines: bool,
    in_flight: int,
) -> None:
    """Submit a job and print its result; on a terminal there is a progress bar.

    DATA is the workload: a text, - for stdin, or @FILE for a file. Without DATA the workload is an empty text.
    """
    if lines and unique is not None:
        raise click.UsageError("--unique cannot be used with --lines")
    level = Priority[priority.upper()]
    with exit_on_error(), Client(servers, BY_NAME[serializer](), timeout) as client:
        if lines:
            jobs = _jobs(function, _lines(data), serializer, level)
            sys.exit(_submit_in_background(client, jobs, in_flight) if background else _stream(client, jobs, in_flight))
        value = workload.parse(_data(data), serializer)
        if background:
            print_line(client.execute_in_background(function, value, level, unique))
        else:
            _watch(client, function, value, level, unique)


def _watch(client: Client, function: str, value: Any, priority: Priority, unique: str | None) -> None:
    """Run a job. Partial data goes to stdout when it arrives, warnings to stderr."""
    watch = client.watch_job(function, value, priority, unique)
    parts = b""
    with Progress(function) as progress:
        for update in watch:
            if update.kind is UpdateKind.STATUS:
                progress.update(update.numerator, update.denominator)
            elif update.kind is UpdateKind.DATA:
                parts += update.data
                progress.write_around(lambda data=update.data: write(data))  # type: ignore[misc]
            elif update.kind is UpdateKind.WARNING:
                text = update.data.decode("utf-8", "replace")
                progress.write_around(lambda text=text: print_message(f"warning: {text}"))  # type: ignore[misc]
        try:
            answer = watch.result()
        except SerializerError as error:
            text, code = _describe(error)
            print_message(f"gearman-cffi: {text}")
            sys.exit(code)
    rest = workload.without_parts(answer, parts)
    if isinstance(rest, bytes) and not sys.stdout.isatty():
        write(rest)  # binary data, which a line end would change
    else:
        _write_line(rest)


def _jobs(function: str, lines: Iterator[bytes], serializer: str, priority: Priority) -> Iterator[Job | GearmanError]:
    """A job for each line, or the error of a line: an exception would end the iteration and the other jobs with it."""
    for line in lines:
        job: Job | GearmanError
        try:
            job = Job(function, workload.parse(line, serializer), priority=priority)
        except ValueError as error:
            job = UnsupportedValue(str(error))
        yield job


def _stream(client: Client, jobs: Iterator[Job | GearmanError], in_flight: int) -> ExitCode:
    """Print the results in the order of the jobs; a failed job is an empty line, and a message on stderr."""
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
        """Print the outcome of the next line."""
        self.printed += 1
        if isinstance(outcome, GearmanError):
            text, self.code = _describe(outcome)
            print_message(f"gearman-cffi: line {self.printed}: {text}")
            outcome = ""
        _write_line(outcome)


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
        """Record the outcome of a job, and print what can be printed now."""
        self._record(self._numbers.pop(id(job)), answer)

    def _record(self, number: int, outcome: Any) -> None:
        self._waiting[number] = outcome
        while self.printed + 1 in self._waiting:
            self.print(self._waiting.pop(self.printed + 1))


def _describe(error: GearmanError) -> tuple[str, ExitCode]:
    """The message for a failed job, and the exit code."""
    if isinstance(error, SerializerError) and not isinstance(error, UnsupportedValue):
        return f"the job is done, but its result cannot be read: {error}", ExitCode.UNREADABLE
    return str(error), code_of(error)


def _submit_in_background(client: Client, jobs: Iterator[Job | GearmanError], in_flight: int) -> ExitCode:
    """Submit jobs in the background and print their handles in the order of the jobs; errors as in _stream()."""
    lines = _Outcomes()
    while batch := list(islice(jobs, in_flight)):
        sent = [job for job in batch if isinstance(job, Job)]
        handles = iter(client.execute_jobs_in_background(sent, on_error="return"))
        for job in batch:
            outcome = next(handles) if isinstance(job, Job) else job
            lines.print(escape(outcome) if isinstance(outcome, str) else outcome)
    return lines.code


def _data(given: str) -> bytes:
    if given == "-":
        return _stdin().read()
    if given.startswith("@"):
        try:
            return Path(given[1:]).read_bytes()
        except OSError as error:
            raise OSError(f"cannot read {given[1:]!r}: {error.strerror or error}") from error
    return given.encode("utf-8", "surrogateescape")


def _stdin() -> BinaryIO:
    if sys.stdin is None:
        raise OSError("cannot read stdin: it is closed")
    return sys.stdin.buffer


def _write_line(value: Any) -> None:
    """Write a result, and a line end if it has none."""
    data = workload.encode(value)
    write(data if data.endswith(b"\n") else data + b"\n")


def _lines(given: str) -> Iterator[bytes]:
    """The lines of the data, without line ends. Without data they are those of stdin, read as they arrive."""
    source = _stdin() if given in ("", "-") else BytesIO(_data(given))
    for line in source:  # lines end at \n only, unlike those of splitlines()
        yield line.rstrip(b"\r\n")
