"""Rows as a table on a terminal, as tab-separated lines in a pipe, or as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gearman_cffi.cli.errors import code_of
from gearman_cffi.cli.io import print_line, print_message, write
from gearman_cffi.exceptions import GearmanError
from gearman_cffi.messages import escape
from gearman_cffi.servers import Server

_GAP = 2  # spaces between two columns
_MAX_WORD = 24  # a longer word may be broken


@dataclass(frozen=True)
class Column:
    """A column of a table.

    short is its title if the terminal is too narrow for the long one. A column of numbers is aligned to the right and
    is never shortened. The cells of a column that wraps take several lines, broken at spaces; those of any other column
    are cut in the middle. A column that is hidden is in pipes and in JSON only.
    least: characters that remain at least.
    """

    title: str
    short: str = ""
    is_number: bool = False
    wraps: bool = False
    is_hidden: bool = False
    least: int = 0


def server_column(is_hidden: bool) -> Column:
    """The column of addresses, which a narrow terminal shows with their ports."""
    return Column("Server", is_hidden=is_hidden, least=len("127.0.…:65535"))


def make_table(columns: Sequence[Column], rows: Sequence[Sequence[object]], width: int) -> Table:
    """A table of rich, at most width cells wide. Cells that are a Text of rich keep its style; others are escaped."""
    shown = [index for index, column in enumerate(columns) if not column.is_hidden]
    columns = [columns[index] for index in shown]
    cells = [[_text(row[index]) for index in shown] for row in rows]
    titles = [column.title for column in columns]
    if _natural_width(titles, cells) > width:
        titles = [column.short or column.title for column in columns]
    widths = _widths(columns, titles, cells, width)
    table = Table(box=SIMPLE_HEAD, padding=(0, _GAP - 1, 0, 0), pad_edge=False, show_edge=False)
    for column, title, room in zip(columns, titles, widths, strict=True):
        table.add_column(
            title,
            justify="right" if column.is_number else "left",
            width=room,
            no_wrap=not column.wraps,
            overflow="fold",
        )
    for row in cells:
        table.add_row(*(_fit(cell, room, column) for cell, room, column in zip(row, widths, columns, strict=True)))
    return table


def print_rows(columns: Sequence[Column], rows: Sequence[Sequence[object]], as_json: bool, *, nothing: str) -> None:
    """Prints rows. In JSON and in pipes the titles are in lower case.

    nothing: what a terminal shows if there are no rows: "no jobs".
    """
    titles = [column.title.lower() for column in columns]
    if as_json:
        print_json([dict(zip(titles, row, strict=True)) for row in rows])
    elif not sys.stdout.isatty():
        for row in [titles, *rows]:
            print_line(*row)
    elif rows:
        console = Console()
        console.print(make_table(columns, rows, console.width))
    else:
        print_line(nothing)


def print_paragraph(text: str) -> None:
    """Prints a text on the terminal, broken at spaces."""
    Console(highlight=False).print(text, markup=False)


def print_json(value: Any) -> None:
    """Prints a JSON document, in ASCII without control characters."""
    write(json.dumps(value, default=str).replace("\x7f", r"\u007f").encode() + b"\n")


def collect_rows(answers: Mapping[Server, Any]) -> tuple[list[Any], int]:
    """The rows of all servers, and the exit code. Prints a message for each server that failed."""
    rows, code = [], 0
    for answer in answers.values():
        if isinstance(answer, GearmanError):
            print_message(f"gearman-cffi: {answer}")
            code = code_of(answer)
        else:
            rows.extend(answer)
    return rows, code


def cut(text: str, room: int) -> str:
    """The text in at most room characters. It is cut in the middle, because names often differ at the end."""
    if len(text) <= room:
        return text
    end = (room - 1) // 2
    return f"{text[: room - 1 - end]}…{text[len(text) - end :]}"


def _text(cell: object) -> Text:
    return cell if isinstance(cell, Text) else Text(escape(cell))


def _fit(cell: Text, room: int, column: Column) -> Text:
    if column.wraps or column.is_number or cell.cell_len <= room:
        return cell
    return Text(cut(cell.plain, room), style=cell.style)


def _natural_widths(titles: Sequence[str], cells: Sequence[Sequence[Text]]) -> list[int]:
    return [max([cell_len(title), *(row[index].cell_len for row in cells)]) for index, title in enumerate(titles)]


def _natural_width(titles: Sequence[str], cells: Sequence[Sequence[Text]]) -> int:
    return sum(_natural_widths(titles, cells)) + _GAP * (len(titles) - 1)


def _widths(columns: Sequence[Column], titles: Sequence[str], cells: Sequence[Sequence[Text]], width: int) -> list[int]:
    """The widths of the columns. If they do not fit, the widest columns of text give way first."""
    widths = _natural_widths(titles, cells)
    least = [
        size
        if column.is_number
        else max(cell_len(title), min(size, column.least), _longest_word(cells, index) if column.wraps else 0)
        for index, (column, title, size) in enumerate(zip(columns, titles, widths, strict=True))
    ]
    for _ in range(sum(widths) + _GAP * (len(columns) - 1) - width):
        widest = max(range(len(widths)), key=lambda index: widths[index] if widths[index] > least[index] else 0)
        if widths[widest] > least[widest]:
            widths[widest] -= 1
    return widths


def _longest_word(cells: Sequence[Sequence[Text]], index: int) -> int:
    return min(_MAX_WORD, max((cell_len(word) for row in cells for word in row[index].plain.split()), default=0))
