"""gearman-cffi workers, jobs, cancel, ping, version: commands that ask all servers once."""

from __future__ import annotations

import sys
import time
from enum import Enum
from functools import partial
from typing import Any

import click

import gearman_cffi
from gearman_cffi.admin import Admin
from gearman_cffi.cli.completion import complete_handle
from gearman_cffi.cli.errors import code_of, exit_on_error
from gearman_cffi.cli.io import print_line, print_message
from gearman_cffi.cli.options import command, json_option, namespace_option, option, servers_option, timeout_option
from gearman_cffi.cli.status import describe_progress, describe_state
from gearman_cffi.cli.tables import Column, collect_rows, print_json, print_paragraph, print_rows, server_column
from gearman_cffi.client import Client
from gearman_cffi.exceptions import GearmanError
from gearman_cffi.exit_code import ExitCode
from gearman_cffi.ext import capabilities, gearman_version
from gearman_cffi.servers import ServerCollection

_timeout = timeout_option(5.0, "How long to wait for each server.")
_all = option("--all", is_flag=True, help="Also list connections without functions: clients.")


@command(examples=[("List the workers of a function:", "workers | grep -w mail")])
@servers_option
@namespace_option
@_timeout
@_all
@json_option
def workers(servers: ServerCollection, namespace: str | None, timeout: float, all: bool, json: bool) -> None:
    """List the connected workers and their functions."""
    with exit_on_error():
        answers = Admin(servers, timeout, namespace=namespace).gather(Admin.workers)
        rows, code = collect_rows(answers)
        rows = [row for row in rows if row.functions or all]
        columns = [
            server_column(is_hidden=len(answers) == 1),
            Column("Address"),
            Column("Fd", is_number=True),
            Column("Id", is_hidden=not any(row.client_id for row in rows)),
            Column("Functions", wraps=True),
        ]
        cells = [
            [str(row.server), row.address, row.file_descriptor, row.client_id, _names(row.functions, json)]
            for row in sorted(rows, key=lambda row: (str(row.server), row.client_id, row.file_descriptor))
        ]
        print_rows(columns, cells, json, nothing="no workers")
    sys.exit(code)


@command(examples=[("See which jobs run, and their progress:", "jobs --state")])
@servers_option
@_timeout
@option("--state", is_flag=True, help="Ask for each job whether it waits or runs, and for its progress.")
@json_option
def jobs(servers: ServerCollection, timeout: float, state: bool, json: bool) -> None:
    """List the waiting and running jobs of the servers.

    Retries counts the workers that were lost while they ran the job. Ignored jobs will not run: they were cancelled, or
    their client has disconnected. gearmand reports neither the functions of jobs nor their age: see top for the
    functions that have jobs.
    """
    with exit_on_error():
        answers = Admin(servers, timeout).gather(partial(_jobs, with_state=state, timeout=timeout))
        rows, code = collect_rows(answers)
        columns = [server_column(is_hidden=len(answers) == 1), Column("Handle"), Column("Retries", is_number=True)]
        if state:
            columns += [Column("State"), Column("Progress", is_hidden=not any(progress for *_, progress in rows))]
        columns.append(Column("Ignored", is_hidden=not any(job.ignored for job, *_ in rows)))
        cells = [
            [str(job.server), job.handle, job.retries, *more, job.ignored if json else _yes(job.ignored)]
            for job, *more in sorted(rows, key=lambda row: (str(row[0].server), len(row[0].handle), row[0].handle))
        ]
        print_rows(columns, cells, json, nothing="no jobs")
        if sys.stdout.isatty() and not columns[-1].is_hidden:
            print_paragraph("Ignored jobs will not run: they were cancelled, or their client has disconnected.")
    sys.exit(code)


def _jobs(admin: Admin, with_state: bool, timeout: float) -> list[tuple[Any, ...]]:
    """The jobs of one server, each with its state and progress if these are wanted."""
    jobs = admin.show_jobs()
    if not with_state:
        return [(job,) for job in jobs]
    with Client(admin.servers, timeout=timeout) as client:
        found = [(job, client.get_job_status(job.handle)) for job in jobs]
    return [(job, describe_state(status), describe_progress(status)) for job, status in found if status.is_known]


@command(
    examples=[
        ("Take all waiting jobs out of the queue:", "jobs | tail -n +2 | cut -f 2 | xargs -n 1 gearman-cffi cancel")
    ]
)
@click.argument("handle", shell_complete=complete_handle)
@servers_option
@_timeout
def cancel(handle: str, servers: ServerCollection, timeout: float) -> None:
    """Take the waiting job HANDLE out of the queue. A running job is not stopped: exit code 1."""
    with exit_on_error():
        answers = Admin(servers, timeout).gather(lambda admin: _cancel(admin, handle, timeout))
        outcomes, code = set(), ExitCode.NOT_KNOWN
        for server, answer in answers.items():
            if isinstance(answer, GearmanError):
                print_message(f"gearman-cffi: {answer}")
                code = code_of(answer)
                continue
            outcomes.add(answer)
            if answer is _Outcome.RUNNING:
                print_message(f"gearman-cffi: the job {handle} is running at {server} and was not stopped")
        if _Outcome.CANCELLED in outcomes:
            print_line(f"{handle} cancelled")
            code = ExitCode.OK
        if _Outcome.RUNNING in outcomes:
            code = ExitCode.FAILED
        if code is ExitCode.NOT_KNOWN:
            print_message(f"gearman-cffi: no server has a job {handle}")
        sys.exit(code)


class _Outcome(Enum):
    CANCELLED = "cancelled"
    RUNNING = "running"
    UNKNOWN = "unknown"


def _cancel(admin: Admin, handle: str, timeout: float) -> _Outcome:
    """Cancels a job at the only server of admin, if it waits. (gearmand 1.1.20 says OK for a running job too.)"""
    with Client(admin.servers, timeout=timeout) as client:
        before = client.get_job_status(handle)
        if not before.is_known:
            return _Outcome.UNKNOWN
        if before.is_running:
            return _Outcome.RUNNING
        if not admin.cancel_job(handle):
            return _Outcome.UNKNOWN
        began = client.get_job_status(handle).is_running  # a worker may have taken the job in between
        return _Outcome.RUNNING if began else _Outcome.CANCELLED


@command(examples=[("Check the servers in a script:", "ping --timeout 1 || echo 'a server is down'")])
@servers_option
@_timeout
@json_option
def ping(servers: ServerCollection, timeout: float, json: bool) -> None:
    """Ask each server for its version, and measure how long the answer takes."""

    def ask(admin: Admin) -> list[list[object]]:
        began = time.perf_counter()
        ((server, version),) = admin.version().items()
        milliseconds = round(1000 * (time.perf_counter() - began), 3)
        return [[str(server), version, milliseconds]]

    with exit_on_error():
        rows, code = collect_rows(Admin(servers, timeout).gather(ask))
        columns = [Column("Server"), Column("Version"), Column("Milliseconds", is_number=True)]
        if rows or json:
            print_rows(columns, rows, json, nothing="")
    sys.exit(code)


@command(examples=[("See which libgearman is loaded:", "version --verbose")])
@servers_option
@_timeout
@option("--verbose", "-v", is_flag=True, help="Also print the distribution, and the file of libgearman.")
@json_option
def version(servers: ServerCollection, timeout: float, verbose: bool, json: bool) -> None:
    """Print the versions of this package, libgearman and the servers."""
    code, found = 0, _own(verbose)
    with exit_on_error():
        for server, answer in Admin(servers, timeout).gather(Admin.version).items():
            if isinstance(answer, GearmanError):
                code = code_of(answer)
                found[f"gearmand {server}"] = f"no answer: {answer}"
            else:
                found[f"gearmand {server}"] = answer[server]
        if json:
            print_json(found)
        else:
            for name, number in found.items():
                print_line(f"{name} {number}")
    sys.exit(code)


def _own(verbose: bool) -> dict[str, Any]:
    found = {"gearman-cffi": gearman_cffi.__version__, "libgearman": gearman_version()}
    if verbose:
        found["distribution"] = capabilities.distribution
        found["library"] = capabilities.library or "unknown"
    return found


def _names(functions: tuple[str, ...], as_json: bool) -> object:
    return list(functions) if as_json else " ".join(functions)


def _yes(value: bool) -> str:
    return "yes" if value else ""
