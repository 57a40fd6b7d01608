"""gearman-cffi top."""

from __future__ import annotations

import signal
import sys
import time
from dataclasses import asdict
from functools import partial
from typing import Any

import click
from rich.console import Console
from rich.live import Live
from rich.text import Text

from gearman_cffi.admin import Admin
from gearman_cffi.cli.errors import code_of, exit_on_error
from gearman_cffi.cli.history import Answers, History, Line
from gearman_cffi.cli.keyboard import Keyboard
from gearman_cffi.cli.options import (
    command,
    json_option,
    namespace_option,
    option,
    servers_option,
    timeout_option,
)
from gearman_cffi.cli.poller import Poller
from gearman_cffi.cli.tables import collect_rows, print_json, print_rows
from gearman_cffi.cli.top_screen import columns_of, render, row_of
from gearman_cffi.cli.top_view import Action, Sort, View
from gearman_cffi.cli.types import Number
from gearman_cffi.exceptions import GearmanError
from gearman_cffi.servers import ServerCollection

_TICK = 0.1  # seconds: how often the program looks for answers and for a new size of the terminal


@command(
    examples=[
        ("Watch the functions that have jobs:", "top --hide-idle"),
        ("Print the longest queues for a script:", "top --once | head"),
    ]
)
@servers_option
@namespace_option
@timeout_option(5.0, "How long to wait for each server.")
@option("--interval", type=Number(min=0.1), default=2.0, metavar="SECONDS", help="Time between two refreshes.")
@option(
    "--sort", type=click.Choice([sort.value for sort in Sort]), default="queued", help="The order of the functions."
)
@option(
    "--filter", default="", show_default=False, metavar="TEXT", help="Show only functions with this text in their name."
)
@option("--hide-idle", is_flag=True, help="Show only functions with jobs.")
@option("--once", is_flag=True, help="Print once and exit (the default when output is not a terminal).")
@json_option
def top(
    servers: ServerCollection,
    namespace: str | None,
    timeout: float,
    interval: float,
    sort: str,
    filter: str,
    hide_idle: bool,
    once: bool,
    json: bool,
) -> None:
    """Show the queues and workers of all servers, the longest queue first, until q or Ctrl-C.

    Keys sort, filter and pause; ? explains them and the columns. A function is red if jobs wait for it and it has no
    worker.
    """
    view = View(Sort(sort), filter, hide_idle)
    connect = partial(Admin, timeout=timeout, namespace=namespace)
    with exit_on_error():
        if once or json or not sys.stdout.isatty():
            sys.exit(_once(connect(servers).gather(Admin.status), view, json))
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that SIGTERM restores the terminal, too
        try:
            screen = _Screen(Poller(connect, servers, interval), view)
            while screen.follow() is Action.SUSPEND:
                signal.raise_signal(signal.SIGTSTP)
        except KeyboardInterrupt:
            sys.exit(0)


def _once(answers: Answers, view: View, as_json: bool) -> int:
    lines = view.select(History().update(answers, time.monotonic()))
    if as_json:
        print_json(_document(answers, lines))
        return max((code_of(answer) for answer in answers.values() if isinstance(answer, GearmanError)), default=0)
    _, code = collect_rows(answers)
    rows = [row_of(line) for line in lines]
    print_rows(columns_of(with_server=len(answers) > 1), rows, False, nothing="no functions")
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


class _Screen:
    """Draws the screen when there are answers, when a key is pressed, and when the terminal has another size."""

    def __init__(self, poller: Poller, view: View) -> None:
        self._poller = poller
        self._view = view
        self._history = History()
        self._shown: tuple[Answers, list[Line]] | None = None

    def follow(self) -> Action:
        """Shows the queues until a key ends it: returns QUIT or SUSPEND."""
        console = Console()
        with Keyboard() as keyboard, Live(console=console, screen=True, auto_refresh=False) as live:
            size = None
            while True:
                if self._update() or size != console.size:
                    size = console.size
                    live.update(self._render(console), refresh=True)
                for key in keyboard.read(_TICK):
                    action = self._view.press(key)
                    if action is not Action.REDRAW:
                        return action
                    size = None

    def _update(self) -> bool:
        """Takes answers; returns whether they are to be shown."""
        taken = self._poller.take()
        if taken is None:
            return False
        now, answers = taken
        lines = self._history.update(answers, now)
        if self._view.is_paused:
            return False
        self._shown = answers, lines
        return True

    def _render(self, console: Console) -> Any:
        if self._shown is None:
            return Text(f"asking {', '.join(map(str, self._poller.servers))} ...")
        return render(console, *self._shown, self._view)
