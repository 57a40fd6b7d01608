"""gearman-cffi health: for the probes of Kubernetes, Docker and others."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from gearman_cffi.admin import Admin, FunctionStatus
from gearman_cffi.cli.errors import exit_on_error
from gearman_cffi.cli.io import print_line, print_message
from gearman_cffi.cli.options import command, namespace_option, option, servers_option, timeout_option
from gearman_cffi.cli.tables import collect_rows
from gearman_cffi.exit_code import ExitCode
from gearman_cffi.servers import ServerCollection


@command(
    examples=[
        ("Whether the pool of this container serves its functions:", "health --ready-file /tmp/ready"),
        ("Whether the servers answer, and a function has workers:", "health --function mail"),
    ]
)
@servers_option
@namespace_option
@timeout_option(5.0, "How long to wait for each server.")
@option(
    "--ready-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Check the pool of `worker --ready-file FILE` on this machine, and no server unless a function is given.",
)
@option("--function", multiple=True, metavar="FUNCTION", help="Check that it has a worker; can be repeated.")
def health(
    servers: ServerCollection, namespace: str | None, timeout: float, ready_file: Path | None, function: tuple[str, ...]
) -> None:
    """Check a pool or the servers: exit code 0 if all is well, 1 if not, 4 if a server cannot be reached."""
    with exit_on_error():
        problems, code = [] if ready_file is None else _problems_of_pool(ready_file), 0
        if ready_file is None or function:
            rows, code = collect_rows(Admin(servers, timeout, namespace=namespace).gather(Admin.status))
            problems += _without_workers(rows, function)
        for problem in problems:
            print_message(f"gearman-cffi: {problem}")
        if not problems and not code:
            print_line("ok")
        sys.exit(code or (ExitCode.FAILED if problems else ExitCode.OK))


def _problems_of_pool(ready_file: Path) -> list[str]:
    try:
        pid = int(ready_file.read_text())
        os.kill(pid, 0)
    except FileNotFoundError:
        return [f"the pool is not ready: there is no file {str(ready_file)!r}"]
    except ProcessLookupError:
        return [f"the pool has died: its process {pid}, which has written the file {str(ready_file)!r}, is gone"]
    except PermissionError:  # the process of another user
        pass
    except (OSError, ValueError) as error:
        return [f"cannot read the ready file {ready_file}: {error}"]
    return []


def _without_workers(rows: list[FunctionStatus], functions: tuple[str, ...]) -> list[str]:
    served = {row.function for row in rows if row.workers}
    return [f"the function {name!r} has no worker" for name in functions if name not in served]
