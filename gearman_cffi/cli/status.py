"""gearman-cffi status."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict

import click

from gearman_cffi.cli.errors import ExitCode, exit_on_error
from gearman_cffi.cli.io import print_line
from gearman_cffi.cli.options import json_option, option, servers_option, timeout_option
from gearman_cffi.cli.progress import Progress
from gearman_cffi.cli.tables import print_json
from gearman_cffi.client import Client
from gearman_cffi.job_status import JobStatus
from gearman_cffi.servers import ServerCollection


@click.command()
@click.argument("handle")
@servers_option
@timeout_option(10.0, "How long to wait for a server's answer.")
@option("--watch", is_flag=True, help="Until no server knows the job any more.")
@option("--interval", type=click.FloatRange(min=0.05), default=1.0, metavar="SECONDS", help="With --watch: how often.")
@json_option
def status(handle: str, servers: ServerCollection, timeout: float, watch: bool, interval: float, json: bool) -> None:
    """Say whether the job HANDLE waits or runs, and how far it is.

    A job that has ended, well or not, is as unknown to its server as one that never was: exit code 9.
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
                    progress.status(found.numerator, found.denominator)
                if found != earlier and not sys.stderr.isatty():
                    _print(handle, found, json)
        if sys.stderr.isatty():
            _print(handle, found, json)


def _ask(servers: ServerCollection, handle: str, timeout: float) -> JobStatus:
    """The first server's answer that knows the job: handles are each server's own."""
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
    state = (
        "running" if found.is_running else "waiting" if found.is_known else "not known: done, failed, or never there"
    )
    share = "" if found.fraction is None else f" ({found.fraction:.0%})"
    done = f" {found.numerator}/{found.denominator}{share}" if found.denominator or found.numerator else ""
    print_line(f"{handle} {state}{done}")
