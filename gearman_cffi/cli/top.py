"""gearman-cffi top."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from gearman_cffi.admin import Admin
from gearman_cffi.cli.errors import code_of, exit_on_error
from gearman_cffi.cli.history import Answers, History, Line
from gearman_cffi.cli.options import Number, json_option, namespace_option, option, servers_option, timeout_option
from gearman_cffi.cli.tables import collect_rows, make_table, print_json, print_rows
from gearman_cffi.exceptions import GearmanError
from gearman_cffi.messages import escape
from gearman_cffi.servers import ServerCollection

_NUMBERS = ("Queued", "Running", "Workers", "Available")
_TITLES = (*_NUMBERS, "Change/s")
_SHORT_TITLES = ("Queue", "Run", "Work", "Free", "+-/s")
_MIN_NAME_WIDTH = 12
_MIN_SPARK_WIDTH = 10


@click.command()
@servers_option
@namespace_option
@timeout_option(5.0, "How long to wait for each server.")
@option("--interval", type=Number(min=0.1), default=2.0, metavar="SECONDS", help="Time between two refreshes.")
@option("--once", is_flag=True, help="Print once and exit (the default when output is not a terminal).")
@json_option
def top(
    servers: ServerCollection, namespace: str | None, timeout: float, interval: float, once: bool, json: bool
) -> None:
    """Show the queues and workers of all servers, the longest queue first, until Ctrl-C.

    Change/s is how much the queue grew per second since the last refresh. A function is red if jobs wait for it and it
    has no worker.
    """
    admin, history = Admin(servers, timeout, namespace=namespace), History()
    with exit_on_error():
        if once or json or not sys.stdout.isatty():
            sys.exit(_once(admin.gather(Admin.status), history, json))
        try:
            _follow(admin, history, interval)
        except KeyboardInterrupt:
            sys.exit(0)


def _once(answers: Answers, history: History, as_json: bool) -> int:
    lines = history.update(answers, time.monotonic())
    if as_json:
        print_json(_document(answers, lines))
        return max((code_of(answer) for answer in answers.values() if isinstance(answer, GearmanError)), default=0)
    _, code = collect_rows(answers)
    columns = {"Server": "left", "Function": "left", **dict.fromkeys(_NUMBERS, "right")}
    print_rows(columns, [[str(line.status.server), line.status.function, *_numbers(line)] for line in lines], False)
    return code


def _document(answers: Answers, lines: list[Line]) -> dict[str, Any]:
    functions = []
    for line in lines:
        known = {**asdict(line.status), "server": str(line.status.server)}
        functions.append({**known, "queued": line.status.queued, "available": line.available})
    servers = [
        {"server": str(server), "error": str(answer) if isinstance(answer, GearmanError) else None}
        for server, answer in answers.items()
    ]
    return {"servers": servers, "functions": functions}


def _follow(admin: Admin, history: History, interval: float) -> None:
    console = Console()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that SIGTERM restores the terminal, too
    with Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            answers = admin.gather(Admin.status)
            live.update(_screen(console, answers, history.update(answers, time.monotonic())), refresh=True)
            time.sleep(interval)


def _screen(console: Console, answers: Answers, lines: list[Line]) -> Group:
    """The screen: a heading, the servers that failed, and as many functions as fit."""
    failed = [Text(escape(answer), style="red") for answer in answers.values() if isinstance(answer, GearmanError)]
    jobs, running = (sum(getattr(line.status, name) for line in lines) for name in ("queued", "running"))
    head = Text(
        f"{time.strftime('%H:%M:%S')}  {_count(len(answers) - len(failed), 'server')}, "
        f"{_count(len(lines), 'function')}, {jobs} queued, {running} running",
        style="bold",
        no_wrap=True,
        overflow="ellipsis",
    )
    room = max(1, console.height - len(failed) - 5)
    more = [Text(f"... and {len(lines) - room} more", style="dim")] if len(lines) > room else []
    return Group(head, *failed, Text(), _table(console.width, len(answers) > 1, lines[: room - len(more)]), *more)


def _table(width: int, with_server: bool, lines: list[Line]) -> Table:
    """The functions. On a narrow terminal titles and names are shortened, on a wide one there are spark lines."""
    numbers = [[*map(str, _numbers(line)), "" if line.rate is None else f"{line.rate:+.1f}"] for line in lines]
    servers = 3 + max((len(str(line.status.server)) for line in lines), default=6) if with_server else 0
    longest = max((len(escape(line.status.function)) for line in lines), default=8)
    titles = _TITLES
    if width - servers - _width_of(titles, numbers) < longest:
        titles = _SHORT_TITLES
    left = width - servers - _width_of(titles, numbers)
    room = max(_MIN_NAME_WIDTH, min(longest, left))
    bars = left - room - 3
    columns = {"Server": "left"} if with_server else {}
    columns |= {"Function": "left", **dict.fromkeys(titles, "right")}
    if bars >= _MIN_SPARK_WIDTH:
        columns["Last minutes"] = "left"
    rows: list[list[object]] = []
    for line, cells in zip(lines, numbers, strict=True):
        row: list[object] = [str(line.status.server)] if with_server else []
        row += [_name(line, room), *cells]
        if bars >= _MIN_SPARK_WIDTH:
            row.append(Text(line.spark(bars), style="cyan"))
        rows.append(row)
    return make_table(columns, rows)


def _width_of(titles: Sequence[str], numbers: list[list[str]]) -> int:
    """The width of the columns of numbers, with the space before each."""
    return sum(3 + max(map(len, column)) for column in zip(titles, *numbers, strict=True))


def _name(line: Line, room: int) -> Text:
    """The name of a function. A long name is cut in the middle, because names often differ at the end."""
    name = escape(line.status.function)
    if len(name) > room:
        end = (room - 1) // 2
        name = f"{name[: room - 1 - end]}…{name[len(name) - end :]}"
    return Text(name, style="red" if line.status.queued and not line.status.workers else "")


def _numbers(line: Line) -> list[object]:
    return [line.status.queued, line.status.running, line.status.workers, line.available]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
