"""How the command ends when something fails."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

import click

from gearman_cffi.admin import CommandRefused
from gearman_cffi.cli.extras import MissingExtra
from gearman_cffi.exceptions import GearmanException, JobError


class ExitCode(IntEnum):
    """The exit codes of all commands but `worker`; 2 is a wrong use."""

    OK = 0
    FAILED = 1  # anything else
    UNREACHABLE = 4  # a server cannot be reached, or went away
    JOB_FAILED = 5  # the worker failed the job
    TIMEOUT = 6  # no answer in time
    REFUSED = 7  # the server, or libgearman, refuses what was asked
    UNREADABLE = 8  # the worker has done the job, and its answer is not of the serializer's form
    NOT_KNOWN = 9  # status, cancel: no server knows the job
    INTERRUPTED = 130  # Ctrl-C


@contextmanager
def failing() -> Iterator[None]:
    """Failures in the block become a line on stderr and an exit code."""
    try:
        yield
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
    except (GearmanException, MissingExtra, ValueError, OSError) as error:
        if isinstance(error, BrokenPipeError) and not isinstance(error, GearmanException):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the reader is gone: nothing is left to say
            sys.exit(ExitCode.FAILED)
        click.echo(f"gearman-cffi: {error}", err=True)
        sys.exit(code_of(error))


@contextmanager
def naming_address(host: str, port: int) -> Iterator[None]:
    """The system's errors name the address that cannot be served at."""
    try:
        yield
    except OSError as error:
        raise OSError(f"cannot serve at {host}:{port}: {error.strerror or error}") from None


def code_of(error: Exception) -> ExitCode:
    """The exit code for a failure."""
    if isinstance(error, JobError):
        return ExitCode.JOB_FAILED
    if isinstance(error, TimeoutError):
        return ExitCode.TIMEOUT
    if isinstance(error, ConnectionError):
        return ExitCode.UNREACHABLE
    if isinstance(error, (CommandRefused, ValueError)):
        return ExitCode.REFUSED
    return ExitCode.FAILED
