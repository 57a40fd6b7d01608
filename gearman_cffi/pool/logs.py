"""The log of the pool: one line for each event, as text or as JSON."""

from __future__ import annotations

import json
import logging
import os
import re
import time
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

from gearman_cffi.job_log_filter import JobLogFilter
from gearman_cffi.messages import escape, short_repr
from gearman_cffi.pool.stderr import STDERR
from gearman_cffi.pool.tracebacks import full_traceback, user_frames
from gearman_cffi.subscribers.levels import register_notice_level

FORMATS = ("text", "json")
LEVELS = ("debug", "info", "warning", "error", "critical")
PACKAGE = "gearman_cffi"
DETAILS = "gearman_details"
_JOB = ("function", "handle", "unique", "attempt")
_STANDARD = {*logging.makeLogRecord({}).__dict__, "message", "asctime", "taskName"}
_GENERATED_KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_COLORS = ((logging.ERROR, "1;31"), (logging.WARNING, "33"), (logging.INFO, "32"), (0, "36"))  # of ANSI, by level


def split_details(text: str) -> tuple[str, dict[str, Any]]:
    """The first line of a text, and the extra= of a log call for the lines below it, for example a traceback."""
    line, _, details = text.partition("\n")
    return line, {DETAILS: details}


class TextFormatter(logging.Formatter):
    """time pid LEVEL function handle: message [error].

    A line that is not from this package begins with the name of its logger, and ends with the extra= of the log call.
    An exception is written into the line, with the place where it was raised; its traceback follows, with its causes.
    Lines that belong to the line before are indented. Control characters, which may come from the network, are escaped.

    tracebacks: also those that this package logs below level error. is_terminal: with colors, the local time without
    the date, and the line ends of messages as they are.
    """

    def __init__(self, tracebacks: bool, is_terminal: bool = False) -> None:
        super().__init__()
        self._tracebacks = tracebacks
        self._is_terminal = is_terminal
        self._has_colors = is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        message = record.getMessage()
        error = _error_of(record)
        is_ours = record.name.split(".")[0] == PACKAGE
        details = [str(getattr(record, DETAILS, "")), record.stack_info or ""]
        if error is not None:
            message += f": {_describe(error)}{_place(error)}"
            if self._tracebacks or not is_ours or record.levelno >= logging.ERROR:
                details.insert(0, full_traceback(error))
        if record.name != "root" and not is_ours:
            message = f"{record.name}: {message}"
        message += "".join(f" {name}={value}" for name, value in _extra(record).items() if _is_short(value))
        first, *rest = message.split("\n") if self._is_terminal else [message]
        line = escape(f"{_job_of(record)} {first}")
        lines = [
            f"{self._heading(record)}{line}",
            *map(escape, (*rest, *chain.from_iterable(map(str.splitlines, details)))),
        ]
        return "\n    ".join(lines)

    def _heading(self, record: logging.LogRecord) -> str:
        when = time.strftime("%H:%M:%S", time.localtime(record.created)) if self._is_terminal else _time(record)
        level = escape(f"{record.levelname:<7}")
        if not self._has_colors:
            return f"{when} {record.process} {level}"
        color = next(color for least, color in _COLORS if record.levelno >= least)
        return f"\x1b[2m{when} {record.process}\x1b[0m \x1b[{color}m{level}\x1b[0m"


class JsonFormatter(logging.Formatter):
    """A JSON object for each event.

    time, pid, level, logger, message; function, handle, unique, attempt of the job, and error, traceback, stack if any;
    and the extra= of the log call.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        details = getattr(record, DETAILS, "")
        fields: dict[str, Any] = {
            "time": _time(record),
            "pid": record.process,
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage() + (f"\n{details}" if details else ""),
        }
        fields |= {name: value for name in _JOB if (value := getattr(record, f"gearman_{name}", ""))}
        error = _error_of(record)
        if error is not None:
            fields |= {"error": _describe(error), "traceback": full_traceback(error)}
        if record.stack_info:
            fields["stack"] = record.stack_info
        extra = {name: _for_json(value) for name, value in _extra(record).items()}
        line = json.dumps({**extra, **fields}, ensure_ascii=False)
        return "".join(letter if letter.isprintable() else json.dumps(letter)[1:-1] for letter in line)


def set_up(level: str, format: str, make_handler: Callable[[logging.Formatter], logging.Handler]) -> logging.Handler:
    """Makes a handler and attaches it. make_handler: a class of log_handlers.py."""
    register_notice_level()
    text = TextFormatter(tracebacks=level == "debug", is_terminal=os.isatty(STDERR))
    handler = make_handler(JsonFormatter() if format == "json" else text)
    handler.addFilter(JobLogFilter())
    attach(handler, level)
    return handler


def attach(handler: logging.Handler, level: str) -> None:
    """Sends the log to the handler: all loggers, or only those of this package if the user's code has set up logging.

    To be called again after code of the user's that may have set up logging, which by default disables other loggers.
    """
    root, ours = logging.getLogger(), logging.getLogger(PACKAGE)
    for name, logger in list(root.manager.loggerDict.items()):
        if isinstance(logger, logging.Logger) and name.split(".")[0] == PACKAGE:
            logger.disabled = False
    if any(other is not handler for other in root.handlers):
        root.removeHandler(handler)
        ours.addHandler(handler)
        ours.propagate = False
    else:
        root.addHandler(handler)
        root.setLevel(level.upper())
    ours.setLevel(level.upper())


def _time(record: logging.LogRecord) -> str:
    """UTC, with milliseconds."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"


def _job_of(record: logging.LogRecord) -> str:
    """The job of a record: function, handle, a unique key that the client has chosen, the number of a later attempt."""
    function, handle, unique, attempt = (getattr(record, f"gearman_{name}", None) for name in _JOB)
    if not function:
        return ""
    key = f" unique {unique}" if unique and not _GENERATED_KEY.fullmatch(unique) else ""
    return f" {function} {handle}{key}{f' attempt {attempt}' if attempt and attempt > 1 else ''}:"


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    """The extra= of the log call."""
    given = record.__dict__.items()
    return {name: value for name, value in given if name not in _STANDARD and not name.startswith("gearman_")}


def _is_short(value: object) -> bool:
    """Whether a text log shows it: objects, such as the request that Django adds, are for JSON."""
    return value is None or isinstance(value, (str, int, float))


def _for_json(value: object) -> object:
    """The value if JSON can express it, otherwise its text."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return short_repr(value)
    return value


def _error_of(record: logging.LogRecord) -> BaseException | None:
    return record.exc_info[1] if record.exc_info else None


def _describe(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"
    except Exception as unprintable:
        return f"{type(error).__name__}: its text cannot be shown ({type(unprintable).__name__})"


def _place(error: BaseException) -> str:
    """The line of the user's code, or of a library's, that raised the exception; empty if this package raised it."""
    frames = user_frames(error)
    return f" ({Path(frames[-1].filename).name}:{frames[-1].lineno} in {frames[-1].name})" if frames else ""
