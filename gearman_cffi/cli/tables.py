"""Rows as a table on a terminal, as tab-separated lines in a pipe, or as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gearman_cffi.cli.errors import code_of
from gearman_cffi.cli.io import print_line, print_message, write
from gearman_cffi.exceptions import GearmanError
from gearman_cffi.messages import escape
from gearman_cffi.servers import Server


def make_table(columns: Mapping[str, str], rows: Sequence[Sequence[object]]) -> Table:
    """A table of rich. columns maps titles to "left" or "right"."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for title, side in columns.items():
        table.add_column(title, justify="right" if side == "right" else "left", overflow="ellipsis", no_wrap=True)
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(escape(cell)) for cell in row))
    return table


def print_rows(columns: Mapping[str, str], rows: Sequence[Sequence[object]], as_json: bool) -> None:
    """Prints rows. columns maps titles to "left" or "right"; in JSON and in pipes the titles are in lower case."""
    if as_json:
        print_json([dict(zip((title.lower() for title in columns), row, strict=True)) for row in rows])
    elif sys.stdout.isatty():
        Console().print(make_table(columns, rows))
    else:
        for row in [[title.lower() for title in columns], *rows]:
            print_line(*row)


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
