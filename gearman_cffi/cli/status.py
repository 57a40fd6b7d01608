"""gearman-cffi status."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict

import click

from gearman_cffi.cli.completion import complete_handle
from gearman_cffi.cli.errors import exit_on_error
from gearman_cffi.cli.io import print_line
from gearman_cffi.cli.options import command, json_option, option, servers_option, timeout_option
from gearman_cffi.cli.progress import Progress
from gearman_cffi.cli.tables import print_json
from gearman_cffi.cli.types import Number
from gearman_cffi.client import Client
from gearman_cffi.exit_code import ExitCode
from gearman_cffi.job_status import JobStatus
from gearman_cffi.servers import ServerCollection


@command(examples=[("Follow a job until it has ended:", "status H:web1:4711 --watch")])
@click.argument("handle", shell_complete=complete_handle)
@servers_option
@timeout_option(10.0, "How long to wait for each server.")
@option("--watch", is_flag=True, help="Show the progress until the job has ended.")
@option(
    "--interval",
    type=Number(min=0.05),
    default=1.0,
    metavar="SECONDS",
    help="With --watch: time between two requests.",
)
@json_option
def status(handle: str, servers: ServerCollection, timeout: float, watch: bool, interval: float, json: bool) -> None:
    """Show whether the job HANDLE waits or runs, and its progress.

    A server forgets a job when it has ended: then the job is "not known", and the exit code is 9.
    """
    with exit_on_error():
        found = _ask(servers, handle, timeout)
        _print(handle, found, json)
        if not watch or not found.is_known:
            sys.exit(ExitCode.OK if found.is_known else ExitCode.NOT_KNOWN)
        with Progress(handle) as progress:
            while found.is_known:
                time.sleep(interval)
                earlier, found = found, _ask(servers, handle, timeout)
                if found.is_known:
                    progress.update(found.numerator, found.denominator)
                if found != earlier and not sys.stderr.isatty():
                    _print(handle, found, json)
        if sys.stderr.isatty():
            _print(handle, found, json)


def _ask(servers: ServerCollection, handle: str, timeout: float) -> JobStatus:
    """The status at the first server that knows the job. (A handle is only known to the server that gave it.)"""
    found = JobStatus()
    for server in dict.fromkeys(servers):
        with Client([server], timeout=timeout) as client:
            found = client.get_job_status(handle)
        if found.is_known:
            break
    return found


def _print(handle: str, found: JobStatus, as_json: bool) -> None:
    if as_json:
        print_json({"handle": handle, **asdict(found)})
        return
    print_line(f"{handle} {describe_state(found)} {describe_progress(found)}".rstrip())


def describe_state(found: JobStatus) -> str:
    """Whether the job runs or waits."""
    if found.is_running:
        return "running"
    return "waiting" if found.is_known else "not known: done, failed, or never submitted"


def describe_progress(found: JobStatus) -> str:
    """The progress, such as "3/10 (30%)"; empty if the worker has reported none."""
    if not (found.denominator or found.numerator):
        return ""
    share = "" if found.fraction is None else f" ({found.fraction:.0%})"
    return f"{found.numerator}/{found.denominator}{share}"
