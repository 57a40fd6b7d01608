"""submit and status: results, progress, many lines, exit codes."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import pytest

from gearman_cffi import Client, Job, JobCollection, JsonSerializer, PhpSerializer, RawSerializer, Serializer
from gearman_cffi.cli.app import COMMANDS
from gearman_cffi.cli.options import Option
from gearman_cffi.testing import Gearmand
from tests.cli.programs import Ended, Terminal, run, run_binary
from tests.python_layer.workers import handlers, running
from tests.support import queued, wait_until

NO_SERVER = "127.0.0.1:1"
go = threading.Event()


def reverse(job: Job) -> str:
    return str(job.get_workload())[::-1]


def fail(job: Job) -> None:
    raise ValueError("no good")


def pieces(job: Job) -> str:
    for number in range(3):
        job.send_status(number + 1, 3)
        job.send_data(f"part {number}\n")
    job.send_warning("careful")
    return "the rest"


def waits(job: Job) -> str:
    job.send_status(1, 4)
    go.wait(20)
    return "done"


def kind(job: Job) -> dict[str, Any]:
    return {"got": job.get_workload()}


@pytest.fixture
def server(gearmand: Gearmand) -> Iterator[Gearmand]:
    """A server with a worker."""
    go.clear()
    with running(gearmand, handlers(reverse=reverse, fail=fail, pieces=pieces, waits=waits, kind=kind)):
        yield gearmand
        go.set()


def test_data(server: Gearmand, tmp_path: Path) -> None:
    """The data is an argument, stdin, a file, or empty."""
    (tmp_path / "data").write_text("from a file")
    assert run(server, "submit", "reverse", "text").out == "txet\n"
    assert run(server, "submit", "reverse", "-", stdin="from stdin").out == "nidts morf\n"
    assert run(server, "submit", "reverse", f"@{tmp_path / 'data'}").out == "elif a morf\n"
    assert run(server, "submit", "reverse").out == "\n"


def test_values(server: Gearmand) -> None:
    """A result that is not text is printed as JSON."""
    assert json.loads(run(server, "submit", "kind", "größe").out) == {"got": "größe"}


@pytest.mark.parametrize(
    ("name", "given", "printed"), [("raw", "x\\y", "x\\y"), ("json", '{"a": [1]}', '{"a": [1]}\n')]
)
def test_serializers(gearmand: Gearmand, name: str, given: str, printed: str) -> None:
    def echo(job: Job) -> Any:
        return job.get_workload()

    with running(gearmand, handlers(echo=echo), serializer=RawSerializer()):
        assert run(gearmand, "submit", "echo", given, "--serializer", name).out == printed
    bad = run(gearmand, "submit", "echo", "{", "--serializer=json")
    assert (bad.code, bad.out) == (7, "")
    assert "DATA is not JSON: " in bad.err
    assert """With --serializer json write a text with quotation marks: '"anna"'""" in bad.err


@pytest.mark.parametrize("data", [bytes(range(256)) * 40, b"line\n", b"text", b"", b"\r\n\n"])
def test_binary_results(gearmand: Gearmand, tmp_path: Path, data: bytes) -> None:
    """Binary results are written unchanged with any serializer, without an added line end."""
    (tmp_path / "data").write_bytes(data)

    def parts(job: Job) -> bytes:
        job.send_data(data[:7])
        return data

    def binary(job: Job) -> bytes:
        return b"\xff" + data

    with running(gearmand, handlers(same=lambda job: data, parts=parts, binary=binary), serializer=RawSerializer()):
        given = ("--serializer=raw", f"@{tmp_path / 'data'}")
        assert run_binary(gearmand, "submit", "same", *given) == data
        assert run_binary(gearmand, "submit", "parts", *given) == data[:7] + data
        assert run_binary(gearmand, "submit", "binary", *given) == b"\xff" + data
        assert run_binary(gearmand, "submit", "binary", "x") == b"\xff" + data


def test_a_raw_result_on_a_terminal(gearmand: Gearmand) -> None:
    """On a terminal a line end is added, so that the prompt is in a new line."""
    with (
        running(gearmand, handlers(same=lambda job: b"text"), serializer=RawSerializer()),
        Terminal(gearmand, 80, "submit", "same", "--serializer=raw") as terminal,
    ):
        terminal.await_text("text\r\n")
        assert terminal.process.wait(20) == 0


@pytest.mark.parametrize("how", ["raw", "php", "parts", "lines"])
def test_control_characters_on_a_terminal(gearmand: Gearmand, how: str) -> None:
    """A terminal gets control characters escaped, except line ends and tabs; a pipe gets the bytes as they are."""
    data = b"red \x1b[31m\x1b]0;title\x07\x9b1m \xc2\x9b1m \xe2\x80\xae \x08\r\x00\x7f|tab\tgr\xc3\xbcn\nnext"
    shown = r"red \x1b[31m\x1b]0;title\x07\x9b1m \x9b1m \u202e \x08\r\x00\x7f|tab" + "\tgr\xfcn\r\nnext\r\n"

    def job(job: Job) -> bytes:
        if how == "parts":
            job.send_data(data)
            return b""
        return data

    arguments = ["submit", "job", "--serializer=php" if how == "php" else "--serializer=raw"]
    arguments += ["--lines", "@/etc/hostname"] if how == "lines" else ["x"]
    serializer = PhpSerializer() if how == "php" else RawSerializer()
    with running(gearmand, handlers(job=job), serializer=serializer):
        with Terminal(gearmand, 200, *arguments) as terminal:
            terminal.await_end()
        assert run_binary(gearmand, *arguments) == data + (b"\n" if how == "lines" else b"")
    assert terminal.raw.decode() == shown


@pytest.mark.parametrize("serializer", [RawSerializer(), PhpSerializer()], ids=["raw", "php"])
def test_an_empty_result_on_a_terminal(gearmand: Gearmand, serializer: Serializer) -> None:
    """On a terminal an empty result is a line end."""
    name = "raw" if isinstance(serializer, RawSerializer) else "php"
    with (
        running(gearmand, handlers(empty=lambda job: b""), serializer=serializer),
        Terminal(gearmand, 80, "submit", "empty", f"--serializer={name}") as terminal,
    ):
        terminal.await_end()
    assert terminal.raw == b"\r\n"


def test_an_unreadable_workload(gearmand: Gearmand) -> None:
    """The message asks for the serializer of the worker; that of another failure does not."""

    def fail(job: Job) -> None:
        raise ValueError(job.get_workload())

    with running(gearmand, handlers(kind=kind, fail=fail), serializer=JsonSerializer()):
        for options in ([], ["--lines"]):
            ended = run(gearmand, "submit", "kind", "hello", *options)
            assert ended.code == 5
            assert "failed: SerializerError: invalid JSON: " in ended.err
            assert ended.err.endswith(". Does the worker use another serializer? Choose it with --serializer\n")
        assert run(gearmand, "submit", "fail", "1", "--serializer=json").err.endswith(" failed: ValueError: 1\n")


def test_unreadable_results(gearmand: Gearmand) -> None:
    """The job is done, so the exit code differs from that of data that cannot be sent."""
    with running(gearmand, handlers(kind=kind)):
        ended = run(gearmand, "submit", "kind", '{"a": 1}', "--serializer=json")
        assert (ended.code, ended.out) == (10, "")
        assert "the job is done, but its result cannot be read: invalid JSON" in ended.err
        assert "Does the worker use another serializer? Choose it with --serializer\n" in ended.err
        ended = run(gearmand, "submit", "kind", "--lines", "--serializer=json", stdin="1\n2\n")
        assert (ended.code, ended.out) == (10, "\n\n")
        assert "line 2: the job is done" in ended.err


def test_ctrl_c(server: Gearmand) -> None:
    with Terminal(server, 80, "submit", "waits") as terminal:
        terminal.await_text("1/4")
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.process.wait(20) == 130


def test_parts_and_warnings(server: Gearmand) -> None:
    """Partial data is printed once, warnings go to stderr, and there is no bar without a terminal."""
    ended = run(server, "submit", "pieces")
    assert ended.out == "part 0\npart 1\npart 2\nthe rest\n"
    assert ended.err == "warning: careful\n"


@pytest.mark.parametrize("width", [80, 200])
def test_progress_on_a_terminal(server: Gearmand, width: int) -> None:
    with Terminal(server, width, "submit", "waits") as terminal:
        terminal.await_text("1/4")
        go.set()
        terminal.await_text("done\r\n")
        assert terminal.process.wait(20) == 0


def test_background_and_status(gearmand: Gearmand) -> None:
    handle = run(gearmand, "submit", "later", "x", "--background", "--priority=high", "--unique=key").out.strip()
    assert run(gearmand, "submit", "later", "x", "--background", "--unique=key").out.strip() == handle
    assert queued(gearmand, "later") == 1
    assert run(gearmand, "status", handle).out == f"{handle} waiting\n"
    assert json.loads(run(gearmand, "status", handle, "--json").out)["is_known"] is True
    unknown = run(gearmand, "status", "H:no:1")
    assert (unknown.code, unknown.out[:17]) == (9, "H:no:1 not known:")


def test_delayed(gearmand: Gearmand) -> None:
    """--delay and --at imply --background, also with --lines; a worker gets the jobs when it is time."""
    later = run(gearmand, "submit", "later", "x", "--delay=1000").out.strip()
    assert run(gearmand, "status", later).out == f"{later} waiting\n"
    assert run(gearmand, "submit", "later", "x", "--at=2037-12-31T12:00:00Z").out == "H:test:2\n"
    assert run(gearmand, "submit", "later", "--lines", "--delay=1000", stdin="a\nb\n").out == "H:test:3\nH:test:4\n"
    run(gearmand, "submit", "later", "now", "--at=2001-01-31 12:00:00+01:00")
    done: list[str] = []
    with running(gearmand, handlers(later=lambda job: done.append(job.get_workload()))):
        wait_until(lambda: done, "the job that is due is done")
        assert queued(gearmand, "later") == 4
    assert done == ["now"]


def test_retries(gearmand: Gearmand) -> None:
    """--retries is for both kinds of jobs: in the foreground the worker tries again while the command waits."""
    run(gearmand, "submit", "later", "x", "--background", "--retries=5", "--unique=k")
    assert "k~try1/6" in gearmand.ask("show unique jobs")
    jobs = JobCollection()

    @jobs.handler("flaky", backoff=0)
    def flaky(job: Job) -> str:
        if job.attempt == 1:
            raise OSError("not at once")
        return f"attempt {job.attempt} of {job.last_attempt}"

    with running(gearmand, jobs):
        assert run(gearmand, "submit", "flaky", "x", "--retries=2").out == "attempt 2 of 3\n"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--at=tomorrow"], "'tomorrow' is not a time: write '2030-01-31T12:00:00+01:00'"),
        (["--at=2030-01-31T12:00:00"], "has no time zone: write '2030-01-31T12:00:00+01:00', or Z for UTC"),
        (["--at=2030-01-31T12:00:00Z", "--delay=1"], "--delay cannot be used with --at"),
        (["--delay=-1"], "--delay"),
        (["--delay=1", "--priority=high"], "Priority.NORMAL"),
    ],
)
def test_wrong_delays(options: list[str], reason: str) -> None:
    ended = run(NO_SERVER, "submit", "later", "x", *options)
    assert (ended.code, ended.out) in ((2, ""), (7, ""))
    assert reason in " ".join(ended.err.split())


def test_status_watch(server: Gearmand) -> None:
    """The command ends when the job has ended, and prints a line for each change."""
    handle = Client(server.address).execute_in_background("waits", 1)
    with Terminal(server, 80, "status", handle, "--watch", "--interval=0.05") as terminal:
        terminal.await_text("1/4")
        go.set()
        terminal.await_text("not known")
        assert terminal.process.wait(20) == 0


def test_lines(server: Gearmand) -> None:
    """Any number of lines, with results in their order."""
    lines = [f"line {number}" for number in range(500)]
    ended = run(server, "submit", "reverse", "--lines", "--in-flight=7", stdin="\n".join(lines))
    assert ended.out.splitlines() == [line[::-1] for line in lines]


def test_lines_behind_a_slow_one(server: Gearmand) -> None:
    """Results wait for that of a slow line. If as many wait as may be in flight, no more lines are read."""
    seen: list[Any] = []
    ended: list[Ended] = []

    def first_is_slow(job: Job) -> Any:
        if job.get_workload() == "0":
            go.wait(20)
        seen.append(job.get_workload())
        return job.get_workload()

    lines = [str(number) for number in range(2000)]
    given = ("submit", "slow", "--lines", "--in-flight=10")
    with running(server, handlers(slow=first_is_slow)), running(server, handlers(slow=first_is_slow)):
        thread = threading.Thread(target=lambda: ended.append(run(server, *given, stdin="\n".join(lines))))
        thread.start()
        wait_until(lambda: len(seen) == 19, "19 answers wait for the first one")
        wait_until(lambda: queued(server, "slow") == 1, "no other line has been submitted")
        assert [Client(server.address).execute_job("reverse", "ab") for _ in range(20)] == ["ba"] * 20
        assert len(seen) == 19
        go.set()
        thread.join(20)
    assert ended[0].out.splitlines() == lines


def test_lines_in_background(gearmand: Gearmand) -> None:
    ended = run(gearmand, "submit", "later", "--lines", "--background", "--in-flight=3", stdin="a\nb\nc\nd\n")
    assert ended.out.split() == [f"H:test:{number}" for number in range(1, 5)]


def test_failed_lines(server: Gearmand) -> None:
    """A failed line is an empty line and a message with its number on stderr; the exit code is that of the failure."""
    ended = run(server, "submit", "fail", "--lines", stdin="a\nb\n")
    assert (ended.code, ended.out) == (5, "\n\n")
    assert "line 2: " in ended.err


def test_invalid_lines(gearmand: Gearmand) -> None:
    """Invalid JSON, too deep nesting and values that JSON does not have fail only their own line."""
    deep = "[" * 100_000
    with running(gearmand, handlers(kind=lambda job: job.get_workload()), serializer=JsonSerializer()):
        given = ("submit", "kind", "--lines", "--serializer=json")
        ended = run(gearmand, *given, "--in-flight=1", stdin=f"{{bad\n1\n{deep}\n2\nNaN\n3\n")
        assert (ended.code, ended.out) == (7, "\n1\n\n2\n\n3\n")
        assert [line.split(": ")[1] for line in ended.err.splitlines()] == ["line 1", "line 3", "line 5"]
        assert ended.err.count("DATA is not JSON: ") == 2
        only_bad = run(gearmand, *given, stdin="{\n" * 50)
        assert (only_bad.code, only_bad.out) == (7, "\n" * 50)


def test_invalid_lines_in_background(gearmand: Gearmand) -> None:
    """The handles of the other lines are printed in their places."""
    given = ("submit", "later", "--lines", "--serializer=json", "--background", "--in-flight=3")
    ended = run(gearmand, *given, stdin="1\n{bad\n2\n{\n{\n{\n3\n")
    assert (ended.code, ended.out) == (7, "H:test:1\n\nH:test:2\n\n\n\nH:test:3\n")
    assert [line.split(": ")[1] for line in ended.err.splitlines()] == ["line 2", "line 4", "line 5", "line 6"]
    assert queued(gearmand, "later") == 3


def test_failed_lines_in_background() -> None:
    """Errors are as in the foreground."""
    ended = run(NO_SERVER, "submit", "later", "--lines", "--background", stdin="a\nb\n")
    assert (ended.code, ended.out) == (4, "\n\n")
    assert "line 2: " in ended.err


def test_line_ends(server: Gearmand, tmp_path: Path) -> None:
    """Lines end in the same way in a file and on stdin; a carriage return within a line does not end it."""
    (tmp_path / "data").write_bytes(b"a\rb\r\nc\x0cd\n\ne")
    from_file = run(server, "submit", "reverse", f"@{tmp_path / 'data'}", "--lines")
    assert from_file.out == "b\ra\nd\x0cc\n\ne\n"
    assert run(server, "submit", "reverse", "--lines", stdin="a\rb\r\nc\x0cd\n\ne") == from_file


def test_exit_codes(server: Gearmand) -> None:
    failed = run(server, "submit", "fail", "x")
    assert (failed.code, failed.out) == (5, "")
    assert "ValueError: no good" in failed.err
    assert run(server, "submit", "nobody", "x", "--timeout=0.2").code == 6
    assert run(NO_SERVER, "submit", "reverse", "x").code == 4
    assert run(server, "submit", "").code == 7
    assert run(server, "submit", "reverse", "@/no/such/file").code == 1
    assert run(server, "submit").code == 2
    assert run("no:port:at:all,", "submit", "reverse").code == 2


def test_options_from_the_environment(server: Gearmand) -> None:
    environment = {"GEARMAN_CFFI_SUBMIT_TIMEOUT": "0.2", "GEARMAN_CFFI_SERVERS": server.address}
    assert run(NO_SERVER, "submit", "nobody", "x", **environment).code == 6


@pytest.mark.parametrize("value", ["tcp://10.101.82.102:9418", "udp://10.101.82.102:53", "sctp://[fd00::1]:1"])
@pytest.mark.parametrize("name", COMMANDS)
def test_variables_of_kubernetes(name: str, value: str) -> None:
    """The variables of a Service called gearman-cffi-COMMAND... set no option of the command."""
    command: click.Command = getattr(import_module(f"gearman_cffi.cli.{COMMANDS[name][0]}"), name)
    options = [option for option in command.params if isinstance(option, Option)]
    assert options
    service = f"GEARMAN_CFFI_{name.upper()}"
    for option in options:
        variable = f"{service}_{option.long_name[2:].replace('-', '_')}".upper()
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv(variable, value)
            context = click.Context(command, auto_envvar_prefix=service)
            assert option.resolve_envvar_value(context) == (None if variable.endswith("_PORT") else value)


@pytest.mark.parametrize("name", COMMANDS)
def test_nan_is_in_no_range(name: str) -> None:
    """Each option that takes a fraction refuses nan, which compares with no limit."""
    command: click.Command = getattr(import_module(f"gearman_cffi.cli.{COMMANDS[name][0]}"), name)
    options = [option for option in command.params if isinstance(option.type, click.types.FloatParamType)]
    assert options
    for option in options:
        for value in "nan", "-NaN":
            with pytest.raises(click.BadParameter, match="not a number"):
                option.type_cast_value(click.Context(command), value)


def test_commands_in_kubernetes() -> None:
    """The exporter uses its default port, and the worker serves no metrics."""
    address = "tcp://10.101.82.102:9418"
    ended = run(NO_SERVER, "exporter", "--host=no-such-host.invalid", GEARMAN_CFFI_EXPORTER_PORT=address)
    assert (ended.code, "cannot listen on no-such-host.invalid:9418" in ended.err) == (1, True), ended.err
    ended = run(NO_SERVER, "worker", "no_such_module:jobs", GEARMAN_CFFI_WORKER_METRICS_PORT=address)
    assert (ended.code, "no_such_module" in ended.err) == (3, True), ended.err


@pytest.mark.parametrize("level", ["INFO", "Debug", "warning"])
def test_log_levels(level: str) -> None:
    """They can be written in upper case."""
    assert run(NO_SERVER, "worker", "no_such_module:jobs", f"--log-level={level}").code == 3
    assert run(NO_SERVER, "worker", "no_such_module:jobs", GEARMAN_CFFI_WORKER_LOG_LEVEL=level).code == 3


def test_a_wrong_value_names_its_variable() -> None:
    """The message names the variable and the option, and no variable for a wrong argument."""
    wrong = [
        ({"GEARMAN_CFFI_SUBMIT_TIMEOUT": "x"}, "(environment variable GEARMAN_CFFI_SUBMIT_TIMEOUT): 'x'"),
        ({"GEARMAN_CFFI_SERVERS": "x:y"}, "(environment variable GEARMAN_CFFI_SERVERS): invalid"),
        ({"GEARMAN_SERVERS": "x:y"}, "(environment variable GEARMAN_SERVERS): invalid"),
        ({"GEARMAN_CFFI_SUBMIT_SERVERS": "x:y"}, "(environment variable GEARMAN_CFFI_SUBMIT_SERVERS): invalid"),
    ]
    for environment, said in wrong:
        ended = run(NO_SERVER, "submit", "x", **environment)
        assert (ended.code, said in ended.err) == (2, True), ended.err
    ended = run(NO_SERVER, "submit", "x", "--timeout=x", GEARMAN_CFFI_SUBMIT_TIMEOUT="1")
    assert (ended.code, "environment" in ended.err) == (2, False), ended.err


def test_missing_extra(tmp_path: Path) -> None:
    """Without click the command prints what to install."""
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util\nfound = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *rest: None if name == 'click' else found(name, *rest)\n"
    )
    ended = run(NO_SERVER, "version", PYTHONPATH=f"{tmp_path}:{':'.join(sys.path)}")
    assert ended.code == 1
    assert "click is not installed: pip install 'gearman-cffi[cli]'" in ended.err
