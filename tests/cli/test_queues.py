"""top, workers, jobs, cancel, ping and version: in pipes, as JSON, on terminals."""

from __future__ import annotations

import json
import socket
import threading
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from gearman_cffi import Admin, Client, Job, __version__
from gearman_cffi.admin import FunctionStatus, ServerTimeout
from gearman_cffi.cli.history import History, Line
from gearman_cffi.cli.keyboard import CLOSED, SUSPEND
from gearman_cffi.cli.top_screen import render
from gearman_cffi.cli.top_view import Action, Sort, View
from gearman_cffi.ext import capabilities
from gearman_cffi.servers import Server
from gearman_cffi.testing import Gearmand
from tests.cli.programs import Terminal, run
from tests.python_layer.workers import handlers, running
from tests.support import gearmand_version, is_served, wait_until

NO_SERVER = "127.0.0.1:1"
LONG = "a-function-with-a-name-that-is-longer-than-it-has-to-be-for-anything-at-all-and-its-end"


@pytest.fixture
def server(gearmand: Gearmand) -> Gearmand:
    """A server with waiting jobs."""
    client = Client(gearmand.address)
    client.execute_jobs_in_background([])
    for function in ("mail", "mail", LONG, "two\nlines"):
        client.execute_in_background(function, "x")
    return gearmand


def test_top_in_a_pipe(server: Gearmand) -> None:
    """It prints once, separates cells by tabs, and shortens nothing."""
    lines = run(server, "top").out.splitlines()
    assert lines[0].split("\t") == ["server", "function", "queued", "running", "workers", "available"]
    assert lines[1].split("\t") == [server.address, "mail", "2", "0", "0", "0"]
    assert {line.split("\t")[1] for line in lines[2:]} == {LONG, r"two\nlines"}


def test_top_as_json(server: Gearmand) -> None:
    """The document also contains servers that do not answer; the exit code is that of an error."""
    ended = run(f"{server.address},{NO_SERVER}", "top", "--json")
    document = json.loads(ended.out)
    assert ended.code == 4
    assert [one["error"] is None for one in document["servers"]] == [True, False]
    assert document["functions"][0]["queued"] == 2


@pytest.mark.parametrize("width", [60, 80, 200])
def test_top_on_a_terminal(server: Gearmand, width: int) -> None:
    """No line is wider than the terminal, ports and numbers are complete, and a wide terminal has spark lines."""
    with Terminal(f"{server.address},{NO_SERVER}", width, "top", "--interval=0.1") as terminal:
        terminal.await_text("+0.0")
        head = next(line for line in terminal.text.splitlines() if "Function" in line)
        numbers = ["▾Queued", "Running", "Workers", "Available", "Change/s"]
        assert head.split()[2:7] == (numbers if width == 200 else ["▾Queue", "Run", "Work", "Free", "+-/s"])
        assert ("Jobs, last 5 minutes" in head) == (width == 200)
        assert "2 queued" not in terminal.text
        assert "4 queued, 0 running, 3 without workers" in terminal.text
        assert f"could not connect to {NO_SERVER}" in terminal.text
        assert all(len(line) <= width for line in terminal.text.splitlines())
        assert "s-end" in terminal.text
        assert f":{server.port}  mail" in terminal.text
        assert terminal.interrupt() == 0


def test_keys_of_top(server: Gearmand) -> None:
    """Keys work while a server does not answer, and q ends the program at once."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = "{}:{}".format(*silent.getsockname())
        with Terminal(f"{server.address},{address}", 80, "top", "--interval=0.1", "--timeout=50") as terminal:
            terminal.await_text(f"no answer from {address} yet")
            terminal.type("?")
            terminal.await_text("Press any key to go back.")
            page = terminal.text.rpartition("Queued, Queue    waiting jobs")[2]
            assert "…" not in page
            assert max(len(line.rstrip()) for line in page.splitlines()) <= 60
            terminal.type(" /TWO")
            terminal.await_text("filter: TWO_")
            terminal.type("\n")
            terminal.await_text("2 hidden (filter 'TWO')")
            terminal.type("p")
            terminal.await_text("PAUSED")
            terminal.type("q")
            terminal.await_end()
            assert b"\x1b[?1049l" in terminal.raw  # the earlier screen is back


def test_view_of_top() -> None:
    """What the keys select, sort and move."""

    def shown(view: View) -> list[str]:
        return [line.status.function for line in view.select(lines)]

    def press(view: View, *keys: str) -> View:
        assert [view.press(key) for key in keys] == [Action.REDRAW] * len(keys)
        return view

    rows = [("idle", 0, 0, 3), ("lost", 2, 0, 0), ("busy", 9, 8, 8), ("long", 7, 1, 9)]
    lines = [Line(FunctionStatus(Server(), *row), float(-row[1]), ()) for row in rows]
    assert shown(View()) == ["long", "lost", "busy", "idle"]
    assert shown(press(View(), "s")) == ["busy", "long", "idle", "lost"]
    assert shown(press(View(), "r")) == ["idle", "busy", "lost", "long"]
    assert shown(View(Sort.CHANGE)) == ["idle", "lost", "long", "busy"]
    assert shown(View(Sort.FUNCTION)) == ["busy", "idle", "long", "lost"]
    assert shown(press(View(), "i")) == ["long", "lost", "busy"]
    assert shown(press(View(), "/", "L", "O", "backspace", "enter", "i")) == ["long", "lost"]
    assert shown(press(View(), "/", "q", "escape")) == ["long", "lost", "busy", "idle"]
    assert press(View(page=10), "down", "j", "page down", "up").offset == 11
    assert press(View(), "up").offset == 0
    assert press(View(), " ").is_paused
    assert [View().press(key) for key in ("q", CLOSED, SUSPEND)] == [Action.QUIT, Action.QUIT, Action.SUSPEND]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("/mail\r", ["4 hidden (filter 'mail')", "no function to show: Esc clears the filter"]),
        ("i", ["2 hidden (idle)"]),
        (
            "/idle\ri",
            ["4 hidden (idle, filter 'idle')", "no function to show: i shows idle ones, Esc clears the filter"],
        ),
    ],
)
def test_what_top_hides(keys: str, said: list[str]) -> None:
    """The footer says why, and an empty table which keys help."""
    view = View()
    for key in keys:
        view.press("enter" if key == "\r" else key)
    rows = [("idle", 0, 0, 3), ("unused", 0, 0, 1), ("lost", 2, 0, 0), ("busy", 9, 8, 8)]
    lines = [Line(FunctionStatus(Server(), *row), 0.0, ()) for row in rows]
    console = Console(width=110, height=20, file=StringIO())
    console.print(render(console, {Server(): [line.status for line in lines]}, lines, view))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert all(line in text for line in said), text


def test_selection_for_a_script(server: Gearmand) -> None:
    ended = run(server, "top", "--sort=function", "--filter=L", "--hide-idle")
    assert [line.split("\t")[1] for line in ended.out.splitlines()] == ["function", LONG, "mail", r"two\nlines"]


def test_lists_on_a_narrow_terminal(server: Gearmand) -> None:
    """Two servers can be told apart, headings and numbers are complete, and names of functions are not broken."""
    functions = [f"thumbnails.create-{number}" for number in range(4)]
    with Gearmand() as second, running(second, handlers(**dict.fromkeys(functions, str)), client_id="shop-worker-1"):
        wait_until(lambda: is_served(second, functions[-1]), "the worker is there")
        both = f"{server.address},{second.address}"
        shown = {}
        for command in ("top --once", "workers", "jobs --state"):
            with Terminal(both, 60, *command.split()) as terminal:
                terminal.await_end()
                shown[command] = terminal.text
                assert all(len(line) <= 60 for line in terminal.text.splitlines())
        assert shown["top --once"].split()[:6] == ["Server", "Function", "Queue", "Run", "Work", "Free"]
        assert all(f":{one.port}" in shown["top --once"] for one in (server, second))
        assert all(f":{one.port}" in shown["workers"] + shown["jobs --state"] for one in (server, second))
        assert shown["workers"].split()[:5] == ["Server", "Address", "Fd", "Id", "Functions"]
        assert all(name in shown["workers"].split() for name in functions)
        assert shown["jobs --state"].split()[:4] == ["Server", "Handle", "Retries", "State"]
        assert shown["jobs --state"].count("waiting") == 4


def test_history() -> None:
    """Rates, spark lines and order of the lines."""
    server, history = Server(), History()

    def update(now: float, **totals: int) -> dict[str, tuple[float | None, str]]:
        rows = [FunctionStatus(server, name, total, 0, 1) for name, total in totals.items()]
        return {line.status.function: (line.rate, line.spark(10)) for line in history.update({server: rows}, now)}

    assert update(0, one=0, two=4) == {"two": (None, "▇"), "one": (None, "▁")}
    assert update(2, one=8, two=4) == {"one": (4.0, "▁█"), "two": (0.0, "▇▇")}
    assert update(4, two=0) == {"two": (-2.0, "▇▇▁")}
    assert update(900, one=1, two=0) == {"one": (None, "▅"), "two": (0.0, "▁")}


def test_history_of_a_server_that_misses_a_round() -> None:
    """It goes on when the server answers again. A function that the server has forgotten has none."""
    server, other, history = Server(), Server("10.0.0.6"), History()

    def totals(now: float, *rows: tuple[Server, str, int], failed: Server | None = None) -> dict[str, tuple[int, ...]]:
        answers: dict[Server, Any] = {one: [] for one in (server, other)}
        for one, name, total in rows:
            answers[one].append(FunctionStatus(one, name, total, 0, 1))
        if failed is not None:
            answers[failed] = ServerTimeout("no answer yet")
        return {
            f"{line.status.server.host} {line.status.function}": line.totals for line in history.update(answers, now)
        }

    assert totals(0, (server, "a", 1), (other, "a", 5), (other, "b", 9)) == {
        "127.0.0.1 a": (1,),
        "10.0.0.6 a": (5,),
        "10.0.0.6 b": (9,),
    }
    assert totals(1, (server, "a", 2), failed=other) == {"127.0.0.1 a": (1, 2)}
    assert totals(2, (server, "a", 3), (other, "a", 6)) == {"127.0.0.1 a": (1, 2, 3), "10.0.0.6 a": (5, 6)}
    assert totals(3, (other, "b", 8), failed=server) == {"10.0.0.6 b": (8,)}
    assert totals(400, failed=server) == {}
    assert totals(401, (server, "a", 4)) == {"127.0.0.1 a": (4,)}


def test_workers(gearmand: Gearmand) -> None:
    with running(gearmand, handlers(one=str, two=str)):
        wait_until(lambda: is_served(gearmand, "two"), "the worker is there")
        lines = run(gearmand, "workers").out.splitlines()
        assert len(lines) == 2
        assert sorted(lines[1].split("\t")[4].split()) == ["one", "two"]
        (row,) = json.loads(run(gearmand, "workers", "--json").out)
        assert sorted(row["functions"]) == ["one", "two"]


@pytest.mark.parametrize("width", [80, 200])
def test_workers_on_a_terminal(gearmand: Gearmand, width: int) -> None:
    """A name that is too long is broken; nothing is left out."""
    with running(gearmand, handlers(**{LONG: str})):
        wait_until(lambda: is_served(gearmand, LONG), "the worker is there")
        with Terminal(gearmand, width, "workers") as terminal:
            terminal.await_text("and-its-end")
            assert ("".join(terminal.text.split())).endswith(LONG)
            assert all(len(line) <= width for line in terminal.text.splitlines())


def test_jobs_and_cancel(server: Gearmand) -> None:
    """A waiting job is cancelled; it stays in the list until a worker asks for jobs."""
    handles = {line.split("\t")[1] for line in run(server, "jobs").out.splitlines()[1:]}
    assert handles == {f"H:test:{number}" for number in range(1, 5)}
    assert run(server, "cancel", "H:test:1").out == "H:test:1 cancelled\n"
    assert {job["handle"]: job["ignored"] for job in json.loads(run(server, "jobs", "--json").out)}["H:test:1"] is True
    missing = run(server, "cancel", "H:test:77")
    assert (missing.code, missing.err) == (9, "gearman-cffi: no server has a job H:test:77\n")


def test_cancelling_a_running_job(gearmand: Gearmand) -> None:
    """The job is not stopped, and the exit code is 1."""
    go = threading.Event()
    with running(gearmand, handlers(slow=lambda job: go.wait(20))):
        handle = Client(gearmand.address).execute_in_background("slow", "x")
        wait_until(lambda: Client(gearmand.address).get_job_status(handle).is_running, "the job runs")
        ended = run(gearmand, "cancel", handle)
        said = f"gearman-cffi: the job {handle} is running at {gearmand.address} and was not stopped\n"
        assert (ended.code, ended.out, ended.err) == (1, "", said)
        (job,) = json.loads(run(gearmand, "jobs", "--json").out)
        assert job["ignored"] is False  # the server gives the job to another worker if this one dies
        go.set()
        wait_until(lambda: not Client(gearmand.address).get_job_status(handle).is_known, "the job is done")
    assert run(gearmand, "cancel", handle).code == 9


def test_states_of_jobs(gearmand: Gearmand) -> None:
    """Waiting and running jobs, and the progress that a worker has sent."""
    go = threading.Event()

    def slow(job: Job) -> None:
        job.send_status(3, 4)
        go.wait(20)

    client = Client(gearmand.address)
    with running(gearmand, handlers(slow=slow)):
        handle = client.execute_in_background("slow", "x")
        wait_until(lambda: client.get_job_status(handle).numerator == 3, "the job runs")
        client.execute_in_background("mail", "x")
        rows = {row.pop("handle"): row for row in json.loads(run(gearmand, "jobs", "--state", "--json").out)}
        assert rows.pop(handle).items() >= {"state": "running", "progress": "3/4 (75%)"}.items()
        assert [(row["state"], row["progress"]) for row in rows.values()] == [("waiting", "")]
        go.set()


def test_cancelling_at_several_servers(gearmand: Gearmand) -> None:
    """The server that has the job is found; a server that cannot be reached is named on stderr."""
    with Gearmand() as second:
        handle = Client(second.address).execute_in_background("mail", "x")
        cancelled = run(f"{gearmand.address},{NO_SERVER},{second.address}", "cancel", handle)
        assert (cancelled.code, cancelled.out) == (0, f"{handle} cancelled\n")
        assert NO_SERVER in cancelled.err
        assert [job.ignored for job in Admin(second.address).show_jobs()] == [True]
    unknown = run(f"{gearmand.address},{NO_SERVER}", "cancel", "H:test:77")
    assert (unknown.code, unknown.out) == (4, "")


def test_ping_and_version(gearmand: Gearmand) -> None:
    """Servers that answer are shown; the others are named on stderr."""
    both = f"{gearmand.address},{NO_SERVER}"
    pinged = run(both, "ping")
    assert pinged.code == 4
    assert pinged.out.splitlines()[1].startswith(f"{gearmand.address}\t{gearmand_version()}\t")
    assert f"could not connect to {NO_SERVER}" in pinged.err
    shown = run(gearmand, "version")
    assert shown.out.startswith(f"gearman-cffi {__version__}\nlibgearman ")
    assert f"gearmand {gearmand.address} {gearmand_version()}\n" in shown.out
    assert json.loads(run(both, "version", "--json").out)["gearman-cffi"] == __version__
    told = json.loads(run(gearmand, "version", "-v", "--json").out)
    assert told["distribution"] == capabilities.distribution
    assert "/libgearman" in told["library"]
    assert Path(told["library"]).is_file()
    assert f"library {told['library']}\n" in run(gearmand, "version", "--verbose").out
    assert run(NO_SERVER, "--version").out == f"gearman-cffi {__version__}\n"


def test_health_of_servers(gearmand: Gearmand) -> None:
    with running(gearmand, handlers(one=str)):
        wait_until(lambda: is_served(gearmand, "one"), "the worker is there")
        well = run(gearmand, "health", "--function=one")
        assert (well.code, well.out) == (0, "ok\n")
        ill = run(gearmand, "health", "--function=one", "--function=two")
        assert (ill.code, ill.err) == (1, "gearman-cffi: the function 'two' has no worker\n")
    assert run(NO_SERVER, "health").code == 4
