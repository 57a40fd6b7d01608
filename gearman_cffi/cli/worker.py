"""gearman-cffi worker."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from gearman_cffi.cli.errors import exit_on_error
from gearman_cffi.cli.extras import need
from gearman_cffi.cli.options import (
    SERVERS,
    command,
    connect_timeout_option,
    namespace_option,
    option,
    program_servers_option,
)
from gearman_cffi.cli.types import Assignment, Integer, Number, Size, TargetName
from gearman_cffi.pool import Pool, PoolOptions
from gearman_cffi.pool.log_handlers import BackgroundHandler
from gearman_cffi.pool.logs import FORMATS, LEVELS, set_up
from gearman_cffi.pool.options import Preload, usable_cpus
from gearman_cffi.pool.stderr import open_closed_streams
from gearman_cffi.pool.target import Target
from gearman_cffi.serializers.by_name import BY_NAME

# Headings in --help.
_PROGRAM, _PROCESSES, _LIMITS, _SERVICE, _LOG = "The program", "Processes", "Limits", "As a service", "Log"
_SECONDS = Number(min=0, min_open=True)
_PRELOAD = {None: Preload.AUTO, True: Preload.ALWAYS, False: Preload.NEVER}  # of --preload and --no-preload


@command(
    examples=[
        ("Run four processes, and two more for one function:", "worker shop.tasks:jobs -p 4 --dedicate mail=2"),
        ("While you write the program:", "worker shop.tasks:jobs -p 1 --reload --log-level debug"),
        ("Empty the queues, then exit:", "worker shop.tasks:jobs --burst"),
        ("Never grow, never hang:", "worker shop.tasks:jobs --memory-limit 256M --job-timeout '*=300'"),
    ],
    last_groups=(_LIMITS, _SERVICE, _LOG),
)
@click.argument("target", metavar="MODULE:OBJECT...", nargs=-1, required=True, type=TargetName())
@program_servers_option
@option(
    "-p",
    "--processes",
    type=Integer(min=0),
    metavar="N",
    show_default="one for each CPU",
    help="Number of processes that run all functions.",
    group=_PROCESSES,
)
@option(
    "--dedicate",
    type=Assignment("n", int),
    multiple=True,
    help="N more processes that run only this function; can be repeated.",
    group=_PROCESSES,
)
@option(
    "--concurrency",
    type=Integer(min=1),
    metavar="N",
    show_default="that of the program, the number of --threads, or 1",
    help="How many jobs each process runs at once: plain handlers in threads, async def handlers in an event loop.",
    group=_PROCESSES,
)
@option(
    "--threads",
    type=Integer(min=1),
    metavar="N",
    show_default="that of the program, or the number of --concurrency",
    help="How many of these jobs may be those of plain handlers, each of which occupies a thread.",
    group=_PROCESSES,
)
@option("--only", multiple=True, metavar="FUNCTION", help="Run only this function; can be repeated.", group=_PROGRAM)
@option(
    "--except",
    "excluded",
    multiple=True,
    metavar="FUNCTION",
    help="Do not run this function; can be repeated.",
    group=_PROGRAM,
)
@option("--max-jobs", type=Integer(min=1), metavar="N", help="Replace a process after this many jobs.", group=_LIMITS)
@option(
    "--max-runtime",
    type=_SECONDS,
    metavar="SECONDS",
    help="Replace a process after this time, when its job is done.",
    group=_LIMITS,
)
@option(
    "--memory-limit",
    type=Size(),
    help="Replace a process that uses more memory than this after a job: 128M, 1G.",
    group=_LIMITS,
)
@option(
    "--splay",
    type=Number(0, 1, max_open=True),
    metavar="SHARE",
    default=0.1,
    help="Lower each of these limits at random by up to this share, so that processes are not replaced all at once.",
    group=_LIMITS,
)
@option(
    "--job-timeout",
    type=Assignment("seconds", float),
    multiple=True,
    help="Kill the process if a job of FUNCTION runs longer; gearmand then gives the job to another worker. Other jobs "
    "of the process are finished first. A coroutine is cancelled, and its job fails. * sets the default.",
    group=_LIMITS,
)
@option(
    "--shutdown-timeout",
    type=_SECONDS,
    default=60.0,
    metavar="SECONDS",
    help="How long to wait at shutdown for running jobs and threads before killing them.",
    group=_LIMITS,
)
@option("--burst", is_flag=True, help="Exit when the queues are empty.", group=_SERVICE)
@option(
    "--reload",
    is_flag=True,
    help="Replace the processes when a Python file changes (needs the extra reload).",
    group=_SERVICE,
)
@option(
    "--reload-dir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    multiple=True,
    show_default="the current directory",
    help="A directory to watch with --reload; can be repeated.",
    group=_SERVICE,
)
@option(
    "--preload/--no-preload",
    default=None,
    show_default="preload if forking is safe",
    help="Import the module once and fork, or import it in each process.",
    group=_PROGRAM,
)
@option(
    "--ready-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file that exists while the pool serves its functions; it contains the pid. While a process can "
    "reach no server, there is no file.",
    group=_SERVICE,
)
@option(
    "--client-id",
    metavar="NAME",
    show_default="that of the program",
    help="The name of the processes in the servers' list of workers.",
    group=_PROCESSES,
)
@namespace_option
@option(
    "--serializer",
    type=click.Choice(list(BY_NAME)),
    show_default="that of the program, or php",
    help="The format of workloads and results.",
    group=_PROGRAM,
)
@option(
    "--idle-interval",
    type=_SECONDS,
    metavar="SECONDS",
    show_default="that of the program, or 5",
    help="How often an idle process tries to reconnect to lost servers.",
    group=SERVERS,
)
@connect_timeout_option("the jobs of the others are done meanwhile", None)
@option(
    "--metrics-port",
    type=Integer(1, 65535),
    metavar="PORT",
    help="Serve Prometheus metrics of all processes on this port (needs the extra metrics).",
    group=_SERVICE,
)
@option(
    "--metrics-host",
    default="127.0.0.1",
    metavar="ADDRESS",
    help="The address to listen on for --metrics-port.",
    group=_SERVICE,
)
@option(
    "--log-level",
    type=click.Choice(LEVELS, case_sensitive=False),
    default="info",
    help="The lowest level to log; debug adds a line when a job begins.",
    group=_LOG,
)
@option(
    "--log-format", type=click.Choice(FORMATS), default="text", help="Log lines as text or as JSON objects.", group=_LOG
)
def worker(**given: Any) -> None:
    """Run a pool of processes with the program MODULE:OBJECT.

    OBJECT is an Application, a Worker, a JobCollection, a handler, a decorated function, a list of these, or a function
    that returns one of them. Several objects run together.

    SIGTERM and SIGINT stop the pool when the running jobs are done; a second one stops it at once. SIGHUP imports the
    module again and replaces the processes one by one.
    """
    open_closed_streams()
    with exit_on_error():
        port, host, options = given.pop("metrics_port"), given.pop("metrics_host"), _options(given)
        set_up(options.log_level, options.log_format, BackgroundHandler)
        if port is None:
            sys.exit(Pool(options).run())
        need("metrics", "prometheus_client")
        from gearman_cffi.cli.pool_metrics import serving

        with serving(host, port) as directory:
            sys.exit(Pool(options, directory).run())


def _options(given: dict[str, Any]) -> PoolOptions:
    """The options of the pool. Raises click.UsageError if they do not fit together."""
    reload, directories = given.pop("reload"), given.pop("reload_dir")
    if reload:
        need("reload", "watchfiles")
        given["reload_directories"] = directories or (Path.cwd(),)
    if given["processes"] is None:
        given["processes"] = usable_cpus()
    names, only, excluded = (given.pop(name) for name in ("target", "only", "excluded"))
    given["target"] = Target(names, only, excluded)
    given["preload"] = _PRELOAD[given["preload"]]
    given["dedicated"] = dict(given.pop("dedicate"))
    given["job_timeouts"] = dict(given.pop("job_timeout"))
    try:
        return PoolOptions(**given)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
