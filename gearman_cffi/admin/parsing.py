"""Parses the answers of the text protocol into rows: accepts additional columns, and is strict about the known ones.

The name of a function and the id of a worker can contain line ends. A line that is not a row by itself is therefore
joined with the next one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeVar

from gearman_cffi.admin.models import FunctionStatus, JobInfo, PriorityStatus, WorkerInfo
from gearman_cffi.admin.protocol import not_understood
from gearman_cffi.servers import Server

_Row = TypeVar("_Row")
_MAX_JOINED = 8192  # characters; a name has at most 512 bytes. Rows without line ends are not limited.
_NUMBER = r"([0-9]{1,20})"  # 64 bits; int() raises ValueError above 4,300 digits
_EXTRA = r"((?:\t[^\t\n]*)*)"
# The name ends at the first sequence of numbers: later versions of gearmand may add columns at the end.
_STATUS = re.compile(rf"(.*?)\t{_NUMBER}\t{_NUMBER}\t{_NUMBER}{_EXTRA}", re.DOTALL)
_PRIORITY = re.compile(rf"(.*?)\t{_NUMBER}\t{_NUMBER}\t{_NUMBER}\t{_NUMBER}{_EXTRA}", re.DOTALL)
_JOB = re.compile(rf"([^\t]+)\t{_NUMBER}\t{_NUMBER}\t{_NUMBER}{_EXTRA}", re.DOTALL)
# Both an id and a function name can contain " : ". The last one is taken for the separator.
_WORKER = re.compile(r"(-?[0-9]{1,20}) (\S+) (.*) :(?: (.*))?", re.DOTALL)


def status(server: Server, text: str) -> list[FunctionStatus]:
    """The rows of `status`."""

    def row(found: re.Match[str]) -> FunctionStatus:
        return FunctionStatus(server, found[1], int(found[2]), int(found[3]), int(found[4]), _extra(found[5]))

    return list(_rows(server, "status", text, _STATUS, row))


def priority_status(server: Server, text: str) -> list[PriorityStatus]:
    """The rows of `prioritystatus`."""

    def row(found: re.Match[str]) -> PriorityStatus:
        high, normal, low, workers = (int(found[column]) for column in range(2, 6))
        return PriorityStatus(server, found[1], high, normal, low, workers, _extra(found[6]))

    return list(_rows(server, "prioritystatus", text, _PRIORITY, row))


def jobs(server: Server, text: str) -> list[JobInfo]:
    """The rows of `show jobs`."""

    def row(found: re.Match[str]) -> JobInfo:
        return JobInfo(server, found[1], int(found[2]), int(found[3]) != 0, int(found[4]) != 0, _extra(found[5]))

    return list(_rows(server, "show jobs", text, _JOB, row))


def workers(server: Server, text: str) -> list[WorkerInfo]:
    """The rows of `workers`."""

    def row(found: re.Match[str]) -> WorkerInfo:
        name = "" if found[3] == "-" else found[3]
        return WorkerInfo(server, int(found[1]), found[2], name, tuple((found[4] or "").split()))

    return list(_rows(server, "workers", text, _WORKER, row))


def process_id(server: Server, text: str) -> int:
    """The number in the answer to `getpid`."""
    if not re.fullmatch(_NUMBER, text):
        raise not_understood(server, "getpid", text.encode("utf-8", "surrogateescape"))
    return int(text)


def unique_keys(text: str) -> list[str]:
    """The keys of `show unique jobs`."""
    return [line.partition("\t")[0] for line in text.split("\n")[:-1]]


def _rows(
    server: Server, command: str, text: str, pattern: re.Pattern[str], row: Callable[[re.Match[str]], _Row]
) -> Iterator[_Row]:
    joined = ""
    for line in text.split("\n")[:-1]:
        found = pattern.fullmatch(joined + line)
        if found is None:
            joined += line + "\n"
            if len(joined) > _MAX_JOINED:
                break
            continue
        joined = ""
        yield row(found)
    if joined:
        raise not_understood(server, command, joined.encode("utf-8", "surrogateescape"))


def _extra(columns: str) -> tuple[str, ...]:
    return tuple(columns.split("\t")[1:])
