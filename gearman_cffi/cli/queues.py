"""gearman-cffi workers, jobs, cancel, ping, version: one question to the servers each."""

from __future__ import annotations

import sys
import time
from typing import Any

import click

import gearman_cffi
from gearman_cffi.admin import Admin
from gearman_cffi.cli.errors import ExitCode, code_of, failing
from gearman_cffi.cli.options import json_option, option, servers_option, timeout_option
from gearman_cffi.cli.tables import of_all, print_json, print_rows
from gearman_cffi.exceptions import GearmanError
from gearman_cffi.ext import gearman_version
from gearman_cffi.servers import ServerCollection

_timeout = timeout_option(5.0, "How long to wait for each server.")
_all = option("--all", "show_all", is_flag=True, help="Also connections without a function: clients.")


@click.command()
@servers_option
@_timeout
@_all
@json_option
def workers(servers: ServerCollection, timeout: float, show_all: bool, as_json: bool) -> None:
    """List the connected workers and the functions that they announced."""
    with failing():
        rows, code = of_all(Admin(servers, timeout).gather(Admin.workers))
        rows = [row for row in rows if row.functions or show_all]
        columns = {"Server": "left", "Address": "left", "Fd": "right", "Id": "left", "Functions": "left"}
        print_rows(
            columns,
            [
                [str(row.server), row.address, row.file_descriptor, row.client_id, _names(row.functions, as_json)]
                for row in sorted(rows, key=lambda row: (str(row.server), row.client_id, row.file_descriptor))
            ],
            as_json,
        )
    sys.exit(code)


@click.command()
@servers_option
@_timeout
@json_option
def jobs(servers: ServerCollection, timeout: float, as_json: bool) -> None:
    """List the jobs that the servers have: handles, and how often a worker was lost over one."""
    with failing():
        rows, code = of_all(Admin(servers, timeout).gather(Admin.show_jobs))
        columns = {"Server": "left", "Handle": "left", "Retries": "right", "Ignored": "left"}
        cells: list[list[object]] = [
            [str(row.server), row.handle, row.retries, row.ignored if as_json else _yes(row.ignored)] for row in rows
        ]
        print_rows(columns, cells, as_json)
    sys.exit(code)


@click.command()
@click.argument("handle")
@servers_option
@_timeout
def cancel(handle: str, servers: ServerCollection, timeout: float) -> None:
    """Take the waiting job HANDLE out of the queue. One that runs already is not stopped."""
    with failing():
        if not Admin(servers, timeout).cancel_job(handle):
            click.echo(f"gearman-cffi: no server has a job {handle}", err=True)
            sys.exit(ExitCode.NOT_KNOWN)
        click.echo(f"{handle} cancelled")


@click.command()
@servers_option
@_timeout
@json_option
def ping(servers: ServerCollection, timeout: float, as_json: bool) -> None:
    """Ask each server for its version, and say how long the answer took."""

    def one(admin: Admin) -> list[list[object]]:
        began = time.perf_counter()
        ((server, version),) = admin.version().items()
        milliseconds = round(1000 * (time.perf_counter() - began), 3)
        return [[str(server), version, milliseconds]]

    with failing():
        rows, code = of_all(Admin(servers, timeout).gather(one))
        print_rows({"Server": "left", "Version": "left", "Milliseconds": "right"}, rows, as_json)
    sys.exit(code)


@click.command()
@servers_option
@_timeout
@json_option
def version(servers: ServerCollection, timeout: float, as_json: bool) -> None:
    """Print the versions of this package, of libgearman and of the servers."""
    code, found = 0, _own()
    with failing():
        for server, answer in Admin(servers, timeout).gather(Admin.version).items():
            if isinstance(answer, GearmanError):
                code = code_of(answer)
                found[f"gearmand {server}"] = f"no answer: {answer}"
            else:
                found[f"gearmand {server}"] = answer[server]
        if as_json:
            print_json(found)
        else:
            for name, number in found.items():
                click.echo(f"{name} {number}")
    sys.exit(code)


def _own() -> dict[str, Any]:
    return {"gearman-cffi": gearman_cffi.__version__, "libgearman": gearman_version()}


def _names(functions: tuple[str, ...], as_json: bool) -> object:
    return list(functions) if as_json else " ".join(functions)


def _yes(value: bool) -> str:
    return "yes" if value else ""
