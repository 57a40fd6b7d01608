"""top, workers, jobs, cancel, ping and version: in pipes, as JSON, on terminals."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from gearman_cffi import Admin, Client, __version__
from gearman_cffi.admin import FunctionStatus
from gearman_cffi.cli.history import History
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


@pytest.mark.parametrize("width", [80, 200])
def test_top_on_a_terminal(server: Gearmand, width: int) -> None:
    """No line is wider than the terminal, numbers are complete, and a wide terminal has spark lines."""
    with Terminal(f"{server.address},{NO_SERVER}", width, "top", "--interval=0.1") as terminal:
        terminal.await_text("+0.0")
        head = next(line for line in terminal.text.splitlines() if "Function" in line)
        numbers = ["Queued", "Running", "Workers", "Available", "Change/s"]
        assert head.split()[2:7] == (numbers if width == 200 else ["Queue", "Run", "Work", "Free", "+-/s"])
        assert ("Last minutes" in head) == (width == 200)
        assert "2 queued" not in terminal.text
        assert "4 queued, 0 running" in terminal.text
        assert f"could not connect to {NO_SERVER}" in terminal.text
        assert all(len(line) <= width for line in terminal.text.splitlines())
        assert "its-end" in terminal.text
        assert terminal.interrupt() == 0


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
    with running(gearmand, handlers(**{LONG: str})):
        wait_until(lambda: is_served(gearmand, LONG), "the worker is there")
        with Terminal(gearmand, width, "workers") as terminal:
            terminal.await_text(LONG if width == 200 else "…")
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
