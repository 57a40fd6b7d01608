"""The log of the pool: one line for each event, as text or as JSON."""

from __future__ import annotations

import json
import logging
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gearman_cffi.messages import escape
from gearman_cffi.subscribers.levels import register_notice_level

FORMATS = ("text", "json")
LEVELS = ("debug", "info", "warning", "error", "critical")
DETAILS = "gearman_details"


def split_details(text: str) -> tuple[str, dict[str, Any]]:
    """The first line of a text, and the extra= of a log call for the lines below it, for example a traceback."""
    line, _, details = text.partition("\n")
    return line, {DETAILS: details}


def about(function: str, handle: str) -> dict[str, Any]:
    """The extra= of a log call about a job."""
    return {"gearman_function": function, "gearman_handle": handle}


class TextFormatter(logging.Formatter):
    """time pid LEVEL function handle: message [error].

    An exception is written into the line, with the place where it was raised; its traceback follows at level debug.
    Lines that belong to the line before are indented. Control characters, which may come from the network, are escaped.
    """

    def __init__(self, tracebacks: bool) -> None:
        super().__init__()
        self._tracebacks = tracebacks

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        function, handle = _job_of(record)
        where = f" {function} {handle}:" if function else ""
        line = f"{_time(record)} {record.process} {record.levelname:<7}{where} {record.getMessage()}"
        error = _error_of(record)
        details = str(getattr(record, DETAILS, ""))
        if error is not None:
            line += f": {_describe(error)}{_place(error)}"
            details = _traceback(error) if self._tracebacks else ""
        return "\n    ".join([escape(line), *map(escape, details.splitlines())])


class JsonFormatter(logging.Formatter):
    """A JSON object for each event: time, pid, level, logger, message; function, handle, error, traceback if any."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        function, handle = _job_of(record)
        details = getattr(record, DETAILS, "")
        fields: dict[str, Any] = {
            "time": _time(record),
            "pid": record.process,
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage() + (f"\n{details}" if details else ""),
        }
        if function:
            fields |= {"function": function, "handle": handle}
        error = _error_of(record)
        if error is not None:
            fields |= {"error": _describe(error), "traceback": _traceback(error)}
        line = json.dumps(fields, ensure_ascii=False)
        return "".join(letter if letter.isprintable() else json.dumps(letter)[1:-1] for letter in line)


def set_up(level: str, format: str, make_handler: Callable[[logging.Formatter], logging.Handler]) -> None:
    """Sends the log to a handler: all loggers, or only those of this package if the user's module has set up logging.

    make_handler: a class of log_handlers.py.
    """
    register_notice_level()
    handler = make_handler(JsonFormatter() if format == "json" else TextFormatter(tracebacks=level == "debug"))
    root, ours = logging.getLogger(), logging.getLogger("gearman_cffi")
    if root.handlers:
        ours.addHandler(handler)
        ours.propagate = False
    else:
        root.addHandler(handler)
        root.setLevel(level.upper())
    ours.setLevel(level.upper())


def _time(record: logging.LogRecord) -> str:
    """UTC, with milliseconds."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"


def _job_of(record: logging.LogRecord) -> tuple[str, str]:
    return getattr(record, "gearman_function", ""), getattr(record, "gearman_handle", "")


def _error_of(record: logging.LogRecord) -> BaseException | None:
    return record.exc_info[1] if record.exc_info else None


def _describe(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"
    except Exception as unprintable:
        return f"{type(error).__name__}: its text cannot be shown ({type(unprintable).__name__})"


def _place(error: BaseException) -> str:
    """The line of code that raised the exception."""
    frames = traceback.extract_tb(error.__traceback__)
    return f" ({Path(frames[-1].filename).name}:{frames[-1].lineno} in {frames[-1].name})" if frames else ""


def _traceback(error: BaseException) -> str:
    return "".join(traceback.format_exception(type(error), error, error.__traceback__)).rstrip()
