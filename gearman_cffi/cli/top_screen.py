"""The screen of top: a heading, the servers that failed, as many functions as fit, and the keys."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from gearman_cffi.cli.history import Answers, Line
from gearman_cffi.cli.tables import Column, make_table, server_column
from gearman_cffi.cli.top_view import Sort, View
from gearman_cffi.exceptions import GearmanError
from gearman_cffi.messages import count, escape

_NUMBERS = {
    Sort.QUEUED: Column("Queued", "Queue", is_number=True),
    Sort.RUNNING: Column("Running", "Run", is_number=True),
    Sort.WORKERS: Column("Workers", "Work", is_number=True),
    Sort.AVAILABLE: Column("Available", "Free", is_number=True),
}
_CHANGE = Column("Change/s", "+-/s", is_number=True)
_SPARK = "Jobs, last 5 minutes"
_FIXED_LINES = 5  # the heading, an empty line, the titles and their rule, the keys
_HELP = """\
Queued, Queue    waiting jobs
Running, Run     running jobs
Workers, Work    connected workers of the function
Available, Free  workers minus running jobs; one that is
                 busy with another function counts, too
Change/s, +-/s   how much the queue grows each second
red              jobs wait, and the function has no worker

s  sort by the next column    r  reverse the order
/  filter by name             i  hide functions with no jobs
Esc  clear the filter         p  pause
up, down, page up, page down  move
q  quit (or Ctrl-C)

Press any key to go back."""


def lacks_workers(line: Line) -> bool:
    """Whether jobs wait for a function without workers."""
    return bool(line.status.queued and not line.status.workers)


def numbers_of(line: Line) -> list[object]:
    """Queued, running, workers, available."""
    return [line.status.queued, line.status.running, line.status.workers, line.available]


def columns_of(with_server: bool) -> list[Column]:
    """The columns of the functions, without those that need a history."""
    return [server_column(is_hidden=not with_server), Column("Function"), *_NUMBERS.values()]


def row_of(line: Line) -> list[object]:
    """The cells for columns_of()."""
    name = Text(escape(line.status.function), style="red" if lacks_workers(line) else "")
    return [str(line.status.server), name, *numbers_of(line)]


def render(console: Console, answers: Answers, lines: list[Line], view: View) -> RenderableType:
    """The screen. lines are all functions; the view selects from them, and gets the number that fits."""
    if view.shows_help:
        return Text(_HELP, no_wrap=True, overflow="ellipsis")
    failed = [
        Text(escape(answer), style="red", no_wrap=True, overflow="ellipsis")
        for answer in answers.values()
        if isinstance(answer, GearmanError)
    ]
    shown = view.select(lines)
    view.page = max(1, console.height - len(failed) - _FIXED_LINES)
    view.offset = min(view.offset, max(0, len(shown) - view.page))
    page = shown[view.offset : view.offset + view.page]
    table = _table(console.width, len(answers) > 1, page, view) if page else _nothing(lines, view)
    return Group(_heading(answers, lines, view, len(failed)), *failed, Text(), table, _footer(shown, lines, view))


def _heading(answers: Answers, lines: Sequence[Line], view: View, failed: int) -> Text:
    """The sums of all functions, the important ones first: a narrow terminal cuts the rest."""
    text = Text(time.strftime("%H:%M:%S  "), style="bold", no_wrap=True, overflow="ellipsis")
    if view.is_paused:
        text.append("PAUSED  ", style="yellow")
    queued, running = (sum(getattr(line.status, name) for line in lines) for name in ("queued", "running"))
    text.append(f"{queued} queued, {running} running")
    without = sum(map(lacks_workers, lines))
    if without:
        text.append(f", {without} without workers", style="red")
    functions = len({line.status.function for line in lines})
    servers = len(answers) - failed
    return text.append(f", {count(functions, 'function', 'functions')}, {count(servers, 'server', 'servers')}")


def _footer(shown: Sequence[Line], lines: Sequence[Line], view: View) -> Text:
    """The keys, and what they are set to."""
    text = Text(no_wrap=True, overflow="ellipsis", style="dim")
    if view.is_typing:
        return text.append(f"filter: {view.filter}_", style="bold").append("   Enter keeps it, Esc clears it")
    if len(shown) > view.page:
        last = min(len(shown), view.offset + view.page)
        text.append(f"{view.offset + 1}-{last} of {len(shown)}  ")
    text.append("q quit  s sort  / filter  i idle  p pause  ? help")
    hidden = len(lines) - len(shown)
    reasons = ["idle"] * view.hides_idle + [f"filter {view.filter!r}"] * bool(view.filter)
    return text.append(f"  {hidden} hidden ({', '.join(reasons)})") if reasons else text


def _nothing(lines: Sequence[Line], view: View) -> Text:
    """In place of a table without functions: why, and the keys that show some."""
    keys = ["i shows idle ones"] * view.hides_idle + ["Esc clears the filter"] * bool(view.filter)
    why = f"no function to show: {', '.join(keys)}" if lines and keys else "no functions"
    return Text(why, no_wrap=True, overflow="ellipsis")


def _table(width: int, with_server: bool, lines: Sequence[Line], view: View) -> Table:
    """The functions. If there is room, spark lines fill it."""
    columns = [_marked(column, view) for column in (*columns_of(with_server), _CHANGE)]
    rows = [[*row_of(line), "" if line.rate is None else f"{line.rate:+.1f}"] for line in lines]
    table = make_table(columns, rows, width)
    room = width - sum(column.width or 0 for column in table.columns) - 2 * len(table.columns)
    if room >= len(_SPARK):
        table = make_table(
            [*columns, Column(_SPARK)],
            [[*row, Text(line.spark(room).rjust(room), style="cyan")] for row, line in zip(rows, lines, strict=True)],
            width,
        )
    return table


def _marked(column: Column, view: View) -> Column:
    """The column, with an arrow in its titles if the functions are sorted by it."""
    if column.title.partition("/")[0].lower() != view.sort.value:
        return column
    arrow = "▴" if view.is_reversed else "▾"
    return Column(
        arrow + column.title, arrow + (column.short or column.title), column.is_number, is_hidden=column.is_hidden
    )
