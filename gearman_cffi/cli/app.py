"""The command and its subcommands. A subcommand is imported when it is used, so that a worker does not load rich."""

from __future__ import annotations

import importlib
from contextlib import suppress
from pathlib import Path

import click

from gearman_cffi import __version__
from gearman_cffi.cli.config import load_config
from gearman_cffi.cli.extras import MissingExtra
from gearman_cffi.cli.io import print_message
from gearman_cffi.exit_code import ExitCode

COMMANDS = {  # name: (module, text in the list of commands)
    "worker": ("worker", "Run a pool of worker processes."),
    "submit": ("submit", "Submit a job, or one for each line of input."),
    "status": ("status", "Show whether a job waits or runs, and its progress."),
    "top": ("top", "Show the queues and workers of all servers, refreshed."),
    "workers": ("queues", "List the connected workers and their functions."),
    "jobs": ("queues", "List the jobs of the servers."),
    "cancel": ("queues", "Take a waiting job out of the queue."),
    "ping": ("queues", "Check whether the servers answer, and how fast."),
    "version": ("queues", "Show the versions of this package and of the servers."),
    "health": ("health", "Check a pool or the servers, for probes."),
    "exporter": ("exporter", "Serve the servers' queues as Prometheus metrics."),
}


SECTIONS = {
    "Run workers": ("worker",),
    "Submit and follow jobs": ("submit", "status", "cancel"),
    "Look at the servers": ("top", "workers", "jobs", "ping", "version", "health", "exporter"),
}
_EXAMPLES = """\
Start gearmand, four worker processes, and a job:

\b
  gearmand --daemon
  gearman-cffi worker shop.tasks:jobs --processes 4
  gearman-cffi submit mail anna@example.org

Each command has examples: gearman-cffi COMMAND --help
"""


class _LazyGroup(click.Group):
    """A group whose commands are imported when they are used."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"gearman_cffi.cli.{COMMANDS[name][0]}")
        command: click.Command = getattr(module, name)
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, COMMANDS))
        for section, names in SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl([(name.ljust(width), COMMANDS[name][1]) for name in names])


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True, "max_content_width": 100},
    epilog=_EXAMPLES,
)
@click.version_option(__version__, message="%(prog)s %(version)s", help="Show the version of this package and exit.")
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.toml",
    show_default="[tool.gearman-cffi] of ./pyproject.toml",
    help="A file with options for the commands.",
)
@click.pass_context
def gearman(context: click.Context, config: Path | None) -> None:
    """Run Gearman workers, submit jobs, and look at the queues of job servers."""
    load_config(context, gearman, config)


def run() -> int:
    """Runs the command line; returns the exit code."""
    try:
        code = gearman.main(prog_name="gearman-cffi", auto_envvar_prefix="GEARMAN_CFFI", standalone_mode=False)
    except SystemExit as end:
        code = end.code
    except click.ClickException as error:
        with suppress(OSError):  # stderr cannot be written to
            error.show()
        code = error.exit_code
    except MissingExtra as error:
        print_message(f"gearman-cffi: {error}")
        code = ExitCode.FAILED
    except (click.Abort, KeyboardInterrupt):
        code = ExitCode.INTERRUPTED
    except OSError as error:  # from click's own output, such as --help
        print_message(f"gearman-cffi: cannot write to stdout: {error.strerror or error}")
        code = ExitCode.FAILED
    return code if isinstance(code, int) else 0
