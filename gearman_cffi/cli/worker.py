"""gearman-cffi worker."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from gearman_cffi.cli.errors import exit_on_error
from gearman_cffi.cli.extras import need
from gearman_cffi.cli.options import Assignment, Size, option, servers_option
from gearman_cffi.pool import Pool, PoolOptions
from gearman_cffi.pool.logs import FORMATS, LEVELS, set_up
from gearman_cffi.pool.options import usable_cpus
from gearman_cffi.serializers.by_name import BY_NAME

_SECONDS = click.FloatRange(min=0, min_open=True)


@click.command()
@click.argument("target", metavar="MODULE:OBJECT")
@servers_option
@option(
    "-p",
    "--processes",
    type=click.IntRange(min=0),
    show_default="one for each CPU",
    help="How many serve all functions.",
)
@option("--dedicate", type=Assignment("n", int), multiple=True, help="N more processes that serve this function only.")
@option("--max-jobs", type=click.IntRange(min=1), help="A process leaves after this many jobs.")
@option("--max-runtime", type=_SECONDS, metavar="SECONDS", help="A process leaves after this time, and after its job.")
@option("--memory-limit", type=Size(), help="A process leaves when it uses more after a job; 128M, 1G.")
@option(
    "--splay",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.1,
    help="Lower each limit at random by up to this share.",
)
@option(
    "--job-timeout",
    type=Assignment("seconds", float),
    multiple=True,
    help="A longer job costs its process; * is any other function.",
)
@option(
    "--shutdown-timeout",
    type=_SECONDS,
    default=60.0,
    metavar="SECONDS",
    help="For the jobs that are done when the command is told to stop, and for threads of a process that is to leave.",
)
@option("--burst", is_flag=True, help="End when the queues are empty.")
@option("--reload", is_flag=True, help="Replace the processes when a Python file changes (extra: reload).")
@option(
    "--reload-dir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    multiple=True,
    show_default="the current one",
    help="A directory to watch.",
)
@option(
    "--preload/--no-preload",
    default=None,
    show_default="where it is safe",
    help="Import once and fork, or import in each process.",
)
@option(
    "--ready-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Exists while the functions are registered at a server.",
)
@option("--client-id", help="The processes' name in the servers' list of workers.")
@option("--serializer", type=click.Choice(list(BY_NAME)), default="php", help="The form of workloads and results.")
@option(
    "--idle-interval",
    type=_SECONDS,
    default=5.0,
    metavar="SECONDS",
    help="How often an idle process looks for lost servers.",
)
@option(
    "--metrics-port",
    type=click.IntRange(1, 65535),
    help="Serve Prometheus metrics of all processes here (extra: metrics).",
)
@option("--metrics-host", default="127.0.0.1", help="The address for --metrics-port.")
@option(
    "--log-level",
    type=click.Choice(LEVELS, case_sensitive=False),
    default="info",
    help="debug adds tracebacks, and a line when a job begins.",
)
@option("--log-format", type=click.Choice(FORMATS), default="text", help="A line for each event, or a JSON object.")
def worker(**given: Any) -> None:
    """Run processes that do the jobs of MODULE:OBJECT.

    OBJECT is a JobCollection, a handler, a list of them, or a function that returns one.

    SIGTERM, SIGINT: leave after the jobs that are being done; once more: leave now. SIGHUP: import anew and replace
    the processes one by one.
    """
    with exit_on_error():
        port, host, options = given.pop("metrics_port"), given.pop("metrics_host"), _options(given)
        set_up(options.log_level, options.log_format)
        if port is None:
            sys.exit(Pool(options).run())
        need("metrics", "prometheus_client")
        from gearman_cffi.cli.pool_metrics import serving

        with serving(host, port) as directory:
            sys.exit(Pool(options, directory).run())


def _options(given: dict[str, Any]) -> PoolOptions:
    """Checked options; usage errors are click's."""
    reload, directories = given.pop("reload"), given.pop("reload_dir")
    if reload:
        need("reload", "watchfiles")
        given["reload_directories"] = directories or (Path.cwd(),)
    if given["processes"] is None:
        given["processes"] = usable_cpus()
    given["dedicated"] = dict(given.pop("dedicate"))
    given["job_timeouts"] = dict(given.pop("job_timeout"))
    try:
        return PoolOptions(**given)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
