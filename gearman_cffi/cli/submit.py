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
from gearman_cffi.cli.errors import ExitCode, code_of, exit_on_error
from gearman_cffi.cli.io import print_line, print_message, write
from gearman_cffi.cli.options import option, servers_option, timeout_option
from gearman_cffi.cli.progress import Progress
from gearman_cffi.client import Client
from gearman_cffi.escaping import escape
from gearman_cffi.exceptions import GearmanError, SerializerError, UnsupportedValue
from gearman_cffi.job_interface import JobInterface
from gearman_cffi.job_watch import UpdateKind
from gearman_cffi.jobs import Job
from gearman_cffi.priorities import Priority
from gearman_cffi.serializers.by_name import BY_NAME
from gearman_cffi.servers import ServerCollection

_PRIORITIES = [priority.name.lower() for priority in Priority]


@click.command()
@click.argument("function")
@click.argument("data", default="", metavar="[DATA | - | @FILE]")
@servers_option
@option("--background", is_flag=True, help="Print the job's handle and do not wait for it.")
@option("--unique", help="A key: while a job with it waits or runs, this one joins it.")
@option("--priority", type=click.Choice(_PRIORITIES), default="normal", help="How soon it is handed out.")
@timeout_option(None, "How long to wait for the answer; with --lines for each.")
@option(
    "--serializer", type=click.Choice(list(BY_NAME)), default="php", help="With json, DATA is JSON; else it is a text."
)
@option("--lines", is_flag=True, help="One job for each line of the data, and one line for each answer, in that order.")
@option(
    "--in-flight", type=click.IntRange(1, 10_000), default=100, help="With --lines: how many jobs may be unanswered."
)
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
    """Submit a job and print its result; a progress bar is shown on a terminal.

    DATA is the workload, - takes stdin, @FILE a file; nothing is an empty text.
    """
    if lines and unique is not None:
        raise click.UsageError("--unique is for a single job")
    level = Priority[priority.upper()]
    with exit_on_error(), Client(servers, BY_NAME[serializer](), timeout) as client:
        if lines:
            jobs = _jobs(function, _lines(data), serializer, level)
            sys.exit(_leave(client, jobs, in_flight) if background else _stream(client, jobs, in_flight))
        value = workload.parse(_data(data), serializer)
        if background:
            print_line(client.execute_in_background(function, value, level, unique))
        else:
            _watch(client, function, value, level, unique)


def _watch(client: Client, function: str, value: Any, priority: Priority, unique: str | None) -> None:
    """Runs a job; its parts go to stdout as they come, its warnings to stderr."""
    watch = client.watch_job(function, value, priority, unique)
    parts = b""
    with Progress(function) as progress:
        for update in watch:
            if update.kind is UpdateKind.STATUS:
                progress.status(update.numerator, update.denominator)
            elif update.kind is UpdateKind.DATA:
                parts += update.data
                progress.aside(lambda data=update.data: write(data))  # type: ignore[misc]
            elif update.kind is UpdateKind.WARNING:
                text = update.data.decode("utf-8", "replace")
                progress.aside(lambda text=text: print_message(f"warning: {text}"))  # type: ignore[misc]
        try:
            answer = watch.result()
        except SerializerError as error:
            text, code = _what_failed(error)
            print_message(f"gearman-cffi: {text}")
            sys.exit(code)
    rest = workload.without_parts(answer, parts)
    if isinstance(rest, bytes) and not sys.stdout.isatty():
        write(rest)  # binary data, which a line end would change
    else:
        _write_line(rest)


def _jobs(function: str, lines: Iterator[bytes], serializer: str, priority: Priority) -> Iterator[Job | GearmanError]:
    """A job for each line, or why there is none: an exception from here would end the others' with it."""
    for line in lines:
        job: Job | GearmanError
        try:
            job = Job(function, workload.parse(line, serializer), priority=priority)
        except ValueError as error:
            job = UnsupportedValue(str(error))
        yield job


def _stream(client: Client, jobs: Iterator[Job | GearmanError], in_flight: int) -> ExitCode:
    """Prints the answers in the order of the jobs. What fails leaves an empty line, and tells on stderr."""
    lines = _InOrder(jobs, 2 * in_flight)
    while not lines.is_over:
        for job, answer in client.stream_jobs(lines.take(), in_flight=in_flight):
            lines.answered(job, answer)
    return lines.code


class _Outcomes:
    """The line that is printed for each line of the data: an answer, or none where it has failed."""

    def __init__(self) -> None:
        self.code = ExitCode.OK
        self.printed = 0

    def print(self, outcome: Any) -> None:
        """Prints that of the next line."""
        self.printed += 1
        if isinstance(outcome, GearmanError):
            text, self.code = _what_failed(outcome)
            print_message(f"gearman-cffi: line {self.printed}: {text}")
            outcome = ""
        _write_line(outcome)


class _InOrder(_Outcomes):
    """Jobs that are numbered, and answers that are printed in that order.

    Answers wait for an earlier one that is slow. So that they do not become ever more, no more jobs are taken
    where more than ahead of them are beyond it.
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
        """Jobs, as far as there is room for their answers."""
        while self._taken - self.printed < self._ahead:
            number, job = next(self._jobs, (0, None))
            if job is None:
                self.is_over = True
                return
            self._taken = number
            if isinstance(job, GearmanError):
                self._has_ended(number, job)
            else:
                self._numbers[id(job)] = number
                yield job

    def answered(self, job: JobInterface, answer: Any) -> None:
        """Prints what can be printed now."""
        self._has_ended(self._numbers.pop(id(job)), answer)

    def _has_ended(self, number: int, outcome: Any) -> None:
        self._waiting[number] = outcome
        while self.printed + 1 in self._waiting:
            self.print(self._waiting.pop(self.printed + 1))


def _what_failed(error: GearmanError) -> tuple[str, ExitCode]:
    """What is said of a job, and the exit code for it."""
    if isinstance(error, SerializerError) and not isinstance(error, UnsupportedValue):
        return f"the worker has done the job, and its answer cannot be read: {error}", ExitCode.UNREADABLE
    return str(error), code_of(error)


def _leave(client: Client, jobs: Iterator[Job | GearmanError], in_flight: int) -> ExitCode:
    """Prints the handles in the order of the jobs, and what fails as _stream() does."""
    lines = _Outcomes()
    while several := list(islice(jobs, in_flight)):
        sent = [job for job in several if isinstance(job, Job)]
        handles = iter(client.execute_jobs_in_background(sent, on_error="return"))
        for job in several:
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
    """The lines of the data without their ends; stdin is the default here, and is read as it comes."""
    source = _stdin() if given in ("", "-") else BytesIO(_data(given))
    for line in source:  # ends at \n alone, as splitlines() does not
        yield line.rstrip(b"\r\n")
