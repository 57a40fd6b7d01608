"""gearman-cffi submit."""

from __future__ import annotations

import sys
from datetime import datetime
from functools import partial

import click

from gearman_cffi.cli import submit_lines, workload
from gearman_cffi.cli.completion import complete_function
from gearman_cffi.cli.errors import describe_failure, exit_on_error
from gearman_cffi.cli.io import print_line, print_message, write
from gearman_cffi.cli.options import (
    command,
    connect_timeout_option,
    namespace_option,
    option,
    servers_option,
    timeout_option,
)
from gearman_cffi.cli.progress import Progress
from gearman_cffi.cli.types import Instant, Integer, Number
from gearman_cffi.client import Client
from gearman_cffi.exceptions import SerializerError
from gearman_cffi.job_update import UpdateKind
from gearman_cffi.job_watch import JobWatch
from gearman_cffi.jobs import Job
from gearman_cffi.priorities import Priority
from gearman_cffi.serializers.by_name import BY_NAME
from gearman_cffi.servers import ServerCollection

_JOB, _TIME, _MANY = "The job", "Background and delayed jobs", "Many jobs"  # headings in --help
_PRIORITIES = [priority.name.lower() for priority in Priority]


@command(
    examples=[
        ("Submit a job and print its result:", "submit mail anna@example.org"),
        ("Submit a job for each line of a file, and print a line for each result:", "submit mail @addresses --lines"),
        ("Submit a JSON workload to a worker that reads JSON:", "submit resize '{\"width\": 80}' --serializer json"),
        (
            "Submit to a worker in C or with PHP's own functions, which reads bytes:",
            "submit reverse hello --serializer raw",
        ),
        ("Submit a job that starts in an hour:", "submit report today --delay 3600"),
    ]
)
@click.argument("function", shell_complete=complete_function)
@click.argument("data", default="", metavar="[DATA | - | @FILE]")
@servers_option
@namespace_option
@option("--background", is_flag=True, help="Print the job's handle and do not wait for the result.", group=_TIME)
@option(
    "--unique",
    metavar="KEY",
    help="A key. If a job with this key waits or runs, no other one is started, and you get the result of that job.",
    group=_JOB,
)
@option(
    "--priority",
    type=click.Choice(_PRIORITIES),
    default="normal",
    help="The priority among the jobs of the function.",
    group=_JOB,
)
@option(
    "--delay",
    type=Number(min=0),
    metavar="SECONDS",
    help="How long the server keeps the job before a worker may have it; implies --background.",
    group=_TIME,
)
@option("--at", type=Instant(), help="The time before which no worker has the job; implies --background.", group=_TIME)
@option(
    "--retries",
    type=Integer(0, 98),
    metavar="N",
    help="How often a worker may try the job again if it fails.",
    group=_JOB,
)
@timeout_option(None, "How long to wait for the result; with --lines for each one.", group=_JOB)
@connect_timeout_option("then the next one is tried")
@option(
    "--serializer",
    type=click.Choice(list(BY_NAME)),
    default="php",
    help="How the worker reads the data. With json, DATA is JSON; otherwise it is a text.",
    group=_JOB,
)
@option(
    "--lines",
    is_flag=True,
    help="Submit a job for each line of the data, and print the results in the same order, a line for each.",
    group=_MANY,
)
@option(
    "--in-flight",
    type=Integer(1, 10_000),
    default=100,
    metavar="N",
    help="With --lines: how many jobs to submit ahead.",
    group=_MANY,
)
def submit(
    function: str,
    data: str,
    servers: ServerCollection,
    namespace: str | None,
    background: bool,
    unique: str | None,
    priority: str,
    delay: float | None,
    at: datetime | None,
    retries: int | None,
    timeout: float | None,
    connect_timeout: float,
    serializer: str,
    lines: bool,
    in_flight: int,
) -> None:
    """Submit a job and print its result; on a terminal there is a progress bar.

    DATA is the workload: a text, - for stdin, or @FILE for a file. Without DATA the workload is an empty text.
    """
    if lines and unique is not None:
        raise click.UsageError("--unique cannot be used with --lines")
    if delay is not None and at is not None:
        raise click.UsageError("--delay cannot be used with --at")
    background = background or delay is not None or at is not None
    level = Priority[priority.upper()]
    chosen = BY_NAME[serializer]()
    with exit_on_error(), Client(servers, chosen, timeout, connect_timeout, namespace=namespace) as client:
        if lines:
            make = partial(Job, function, priority=level, delay=delay, at=at, retries=retries)
            jobs = submit_lines.make_jobs(make, workload.read_lines(data), serializer)
            run = submit_lines.submit_in_background if background else submit_lines.stream
            sys.exit(run(client, jobs, in_flight))
        value = workload.parse(workload.read(data), serializer)
        if background:
            print_line(
                client.execute_in_background(function, value, level, unique, delay=delay, at=at, retries=retries)
            )
        else:
            _watch(function, client.watch_job(function, value, level, unique, retries=retries))


def _watch(function: str, watch: JobWatch) -> None:
    """Runs a job. Partial data goes to stdout when it arrives, warnings to stderr."""
    parts = b""
    with Progress(function) as progress:
        for update in watch:
            if update.kind is UpdateKind.STATUS:
                progress.update(update.numerator, update.denominator)
            elif update.kind is UpdateKind.DATA:
                parts += update.data
                progress.write_around(partial(write, update.data))
            elif update.kind is UpdateKind.WARNING:
                text = update.data.decode("utf-8", "replace")
                progress.write_around(partial(print_message, f"warning: {text}"))
        try:
            answer = watch.result()
        except SerializerError as error:
            text, code = describe_failure(error)
            print_message(f"gearman-cffi: {text}")
            sys.exit(code)
    rest = workload.without_parts(answer, parts)
    if isinstance(rest, bytes) and not sys.stdout.isatty():
        write(rest)  # binary data, which a line end would change
    else:
        workload.write_line(rest)
