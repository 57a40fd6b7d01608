"""The command's standard streams: lines and data on stdout, messages on stderr, and what to do if they are closed."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper

from gearman_cffi.messages import escape


def prepare_streams() -> None:
    """Replaces closed standard streams by /dev/null, and escapes what the encoding of stdout cannot express.

    Otherwise a socket would get the descriptor of a closed stream. sys.stdin stays None: reading it is an error.
    """
    for number, stream in enumerate((sys.stdin, sys.stdout, sys.stderr)):
        if stream is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(descriptor, descriptor == number)
            if number == 1:
                sys.stdout = os.fdopen(descriptor, "w", errors="backslashreplace")
            elif number == 2:
                sys.stderr = os.fdopen(descriptor, "w", errors="backslashreplace")
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def flush_streams() -> bool:
    """Flushes stdout and stderr before the process ends; False if one cannot be written to.

    Such a stream is replaced by /dev/null: Python would print a traceback at its end and exit with code 120.
    """
    succeeded = True
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            succeeded = False
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return succeeded


def print_line(*cells: object) -> None:
    """Prints a line on stdout: the escaped cells with tabs between them. Raises OSError, which names stdout."""
    with _naming_stdout():
        print(*map(escape, cells), sep="\t", flush=True)


def print_message(text: str, *, multiline: bool = False) -> None:
    """Prints a line on stderr, escaped; nothing happens if stderr cannot be written to.

    multiline: the text is our own, so that its line ends are not escaped.
    """
    lines = text.splitlines() if multiline else [text]
    with suppress(OSError):
        print(*map(escape, lines), sep="\n", file=sys.stderr, flush=True)


def write(data: bytes) -> None:
    """Writes bytes to stdout at once. Raises OSError with a text that names stdout.

    A terminal gets control characters as backslash escapes, except line ends and tabs; anything else the bytes as
    they are.
    """
    if sys.stdout.isatty():
        data = escape(data.decode("utf-8", "backslashreplace"), keep="\n\t").encode()
    with _naming_stdout():
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


@contextmanager
def _naming_stdout() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OSError(f"cannot write to stdout: {error.strerror or error}") from error
