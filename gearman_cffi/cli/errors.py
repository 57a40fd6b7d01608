"""How the command ends if something fails."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from gearman_cffi.admin import CommandRefused
from gearman_cffi.cli.extras import MissingExtra
from gearman_cffi.cli.io import print_message
from gearman_cffi.exceptions import (
    GearmanError,
    GearmanException,
    JobError,
    JobException,
    SerializerError,
    UnsupportedValue,
)
from gearman_cffi.exit_code import ExitCode

_HINT = "Does the worker use another serializer? Choose it with --serializer"


@contextmanager
def exit_on_error() -> Iterator[None]:
    """Prints an error of the block as one line on stderr and ends with its exit code."""
    try:
        yield
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
    except BrokenPipeError:  # the reader of stdout has gone
        sys.exit(ExitCode.FAILED)
    except (GearmanException, MissingExtra, ValueError, OSError) as error:
        print_message(f"gearman-cffi: {_text_of(error)}")
        sys.exit(code_of(error))


@contextmanager
def with_address_in_errors(host: str, port: int) -> Iterator[None]:
    """Adds the address to an OSError of the block, which starts to listen there."""
    try:
        yield
    except OSError as error:
        raise OSError(f"cannot listen on {host}:{port}: {error.strerror or error}") from None


def code_of(error: Exception) -> ExitCode:
    """The exit code for an error."""
    if isinstance(error, JobError):
        return ExitCode.JOB_FAILED
    if isinstance(error, TimeoutError):
        return ExitCode.TIMEOUT
    if isinstance(error, ConnectionError):
        return ExitCode.UNREACHABLE
    if isinstance(error, (CommandRefused, ValueError)):
        return ExitCode.REFUSED
    return ExitCode.FAILED


def describe_failure(error: GearmanError) -> tuple[str, ExitCode]:
    """The message for a job without a readable result, and the exit code."""
    if isinstance(error, SerializerError) and not isinstance(error, UnsupportedValue):
        return f"the job is done, but its result cannot be read: {error}. {_HINT}", ExitCode.UNREADABLE
    return _text_of(error), code_of(error)


def _text_of(error: BaseException) -> str:
    """The text of an error, with a hint if the worker could not read the data."""
    if isinstance(error, JobException) and error.remote_type == SerializerError.__name__:
        return f"{error}. {_HINT}"
    return str(error)
