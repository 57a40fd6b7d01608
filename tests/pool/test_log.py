"""The log: text, JSON, and text from the network."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import pytest

from gearman_cffi import Client, JobException, RawSerializer
from gearman_cffi.testing import Gearmand
from tests.cli.programs import Terminal
from tests.pool.commands import TASKS, WorkerCommand


def test_log(gearmand: Gearmand, tmp_path: Path) -> None:
    """Each event is a line of JSON; errors have a traceback."""
    with WorkerCommand(tmp_path, gearmand, "-p1", "--log-format=json", "--log-level=debug") as command:
        client = Client(gearmand.address, timeout=20)
        pid = int(client.execute_job("pid", 1))
        with pytest.raises(JobException):
            client.execute_job("fail", 1)
        command.await_log('"failed"')
        events = [json.loads(line) for line in command.log.splitlines()]
    about = [event for event in events if event.get("function") in ("pid", "fail")]
    assert [(event["message"].partition(" ")[0], event["level"]) for event in about] == [
        ("started", "debug"),
        ("done", "info"),
        ("started", "debug"),
        ("failed", "error"),
    ]
    assert {event["pid"] for event in about} == {pid}
    assert about[0]["handle"] == "H:test:1"
    assert about[3]["error"] == "ValueError: two\nlines"
    assert "in fail" in about[3]["traceback"]


def test_text_log(gearmand: Gearmand, tmp_path: Path) -> None:
    with WorkerCommand(tmp_path, gearmand, "-p1") as command:
        with pytest.raises(JobException):
            Client(gearmand.address, timeout=20).execute_job("fail", 1)
        command.await_log("failed")
        (line,) = (line for line in command.log.splitlines() if "failed" in line)
        lines = command.log.splitlines()
    assert line.partition(" ERROR ")[2].strip().startswith("fail H:test:1: failed: ValueError: two\\nlines (tasks.py:")
    assert "    Traceback (most recent call last):" in lines
    assert "gearman_cffi/" not in command.log  # no frames of this package


def test_the_place_of_an_error_of_this_package(gearmand: Gearmand, tmp_path: Path) -> None:
    """The line names the place in the function that called this package."""
    with WorkerCommand(tmp_path, gearmand, "-p1", "--serializer=json") as command:
        with pytest.raises(JobException):
            Client(gearmand.address, serializer=RawSerializer(), timeout=20).execute_job("double", "{")
        command.await_log("failed: SerializerError: invalid JSON: ")
        (line,) = (line for line in command.log.splitlines() if "failed: SerializerError" in line)
    assert re.search(r"\(tasks\.py:\d+ in double\)$", line)


LOGGING = """
import logging
from gearman_cffi import JobCollection, Retry

jobs = JobCollection()

@jobs.handler("mail", retries=1)
def mail(job):
    logging.getLogger("shop").info("two\\nlines")
    if job.attempt == 1:
        raise Retry(delay=0)
    try:
        open("nowhere")
    except OSError as error:
        raise ValueError("no mail") from error
"""


def test_lines_of_the_program(gearmand: Gearmand, tmp_path: Path) -> None:
    """They carry the job, its unique key and the attempt."""
    with WorkerCommand(tmp_path, gearmand, "-p1", "--log-format=json", tasks=LOGGING) as command:
        with pytest.raises(JobException):
            Client(gearmand.address, timeout=20).execute_job("mail", 1, unique="order-7")
        command.await_log('"failed"')
        events = [json.loads(line) for line in command.log.splitlines()]
    ours = [event for event in events if event["logger"] == "shop"]
    assert [event["attempt"] for event in ours] == [1, 2]
    expected = {"message": "two\nlines", "function": "mail", "unique": "order-7"}
    assert all(event.items() >= expected.items() and event["handle"].startswith("H:") for event in ours)
    (failed,) = (event for event in events if event["message"] == "failed")
    assert failed.items() >= {"function": "mail", "unique": "order-7", "attempt": 2}.items()
    assert "direct cause" in failed["traceback"]


def test_on_a_terminal(gearmand: Gearmand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Colors, line ends, tracebacks with their causes, what runs at shutdown, and what was interrupted."""
    (tmp_path / "tasks.py").write_text(
        f"{LOGGING}\n@jobs.handler()\ndef slow(job):\n    import time; print('begun', flush=True); time.sleep(60)\n"
    )
    monkeypatch.chdir(tmp_path)
    with Terminal(gearmand, 200, "worker", "tasks:jobs", "-p1") as terminal:
        terminal.await_text("ready")
        assert f"tasks:jobs, 1 process, pid {terminal.process.pid}; Ctrl-C or SIGTERM stops" in terminal.text
        assert f"functions mail, slow; servers {gearmand.address}; serializer php" in terminal.text
        client = Client(gearmand.address, timeout=20)
        with pytest.raises(JobException):
            client.execute_job("mail", 1, unique="order-7")
        terminal.await_text("unique order-7 attempt 2: failed: ValueError: no mail (tasks.py:")
        terminal.await_text("The above exception was the direct cause")
        assert re.search(r"mail H:\S+ unique order-7: shop: two\r?\n    lines", terminal.text)
        assert b"\x1b[1;31mERROR" in terminal.raw
        handle = client.execute_in_background("slow", 1, unique="order-8")
        terminal.await_text("begun")
        terminal.process.send_signal(signal.SIGINT)
        terminal.await_text(f"SIGINT: shutting down, waiting for 1 job: {handle} (slow); SIGINT again to force")
        terminal.process.send_signal(signal.SIGINT)
        terminal.await_text(f"SIGINT again: interrupting 1 job: {handle} (slow)")
        terminal.await_text(f"slow {handle} unique order-8: interrupted; the server gives the job to another worker")
        assert terminal.process.wait(20) == 8


CONFIGURES = """
import logging, logging.config
from gearman_cffi import Application, JobCollection, JobLogFilter

jobs = JobCollection()
app = Application(jobs)

@jobs.handler()
def mail(job):
    logging.getLogger("shop").warning("sent")
    if job.get_workload() == "bad":
        raise ValueError("no mail")

def dict_config():
    handler = {"class": "logging.FileHandler", "filename": "own.log", "filters": ["job"], "formatter": "job"}
    logging.config.dictConfig({
        "version": 1,
        "filters": {"job": {"()": "gearman_cffi.JobLogFilter"}},
        "formatters": {"job": {"format": "%(gearman_function)s %(message)s"}},
        "handlers": {"own": handler},
        "root": {"handlers": ["own"]},
    })

def file_config():
    logging.config.fileConfig("own.ini")

def basic_config():
    handler = logging.FileHandler("own.log")
    handler.addFilter(JobLogFilter())
    logging.basicConfig(handlers=[handler], format="%(gearman_function)s %(message)s")
"""
FILE_CONFIG = """
[loggers]
keys=root
[handlers]
keys=own
[formatters]
keys=job
[logger_root]
handlers=own
[handler_own]
class=FileHandler
formatter=job
args=("own.log",)
[formatter_job]
format=mail %(message)s
"""


@pytest.mark.parametrize(
    "call", ["dict_config()", "app.on_start(dict_config)", "app.on_start(file_config)", "basic_config()"]
)
def test_a_program_that_sets_up_logging(gearmand: Gearmand, tmp_path: Path, call: str) -> None:
    """Its lines go to its handlers, and those of the pool to stderr, whatever loggers the set-up disables."""
    (tmp_path / "own.ini").write_text(FILE_CONFIG)
    tasks = f"{CONFIGURES}\n{call}\n"
    with WorkerCommand(tmp_path, gearmand, "-p1", tasks=tasks, target="tasks:app") as command:
        client = Client(gearmand.address, timeout=20)
        client.execute_job("mail", "good")
        with pytest.raises(JobException):
            client.execute_job("mail", "bad")
        command.await_log("failed: ValueError: no mail")
        assert len(re.findall(r"mail H:\S+ done in", command.log)) == 1
        assert "shop" not in command.log
    assert (tmp_path / "own.log").read_text().splitlines()[:2] == ["mail sent"] * 2


EXTRA = """
import logging
from gearman_cffi import JobCollection

jobs = JobCollection()

@jobs.handler()
def mail(job):
    try:
        open("nowhere")
    except OSError:
        circle = []
        circle.append(circle)
        extra = {"order": 7, "to": "anna\\nbert", "lines": [1, 2], "object": object(), "circle": circle, "level": "own"}
        logging.getLogger("shop").warning("not sent", exc_info=True, stack_info=True, extra=extra)
"""


def test_extra_and_tracebacks_of_the_program(gearmand: Gearmand, tmp_path: Path) -> None:
    with WorkerCommand(tmp_path, gearmand, "-p1", tasks=EXTRA) as command:
        Client(gearmand.address, timeout=20).execute_job("mail", 1)
        command.await_log("done in")
        text = command.log
    assert re.search(
        r"WARNING mail H:\S+ shop: not sent: FileNotFoundError: .* order=7 to=anna\\nbert level=own\n", text
    )
    assert "\n    FileNotFoundError: " in text
    assert "\n    Stack (most recent call last):" in text
    assert "\n    \n" not in text


def test_extra_in_json(gearmand: Gearmand, tmp_path: Path) -> None:
    with WorkerCommand(tmp_path, gearmand, "-p1", "--log-format=json", tasks=EXTRA) as command:
        Client(gearmand.address, timeout=20).execute_job("mail", 1)
        command.await_log("done in")
        (event,) = (event for event in map(json.loads, command.log.splitlines()) if event["logger"] == "shop")
    expected = {"order": 7, "to": "anna\nbert", "lines": [1, 2], "level": "warning", "function": "mail"}
    assert event.items() >= expected.items()
    assert event["object"].startswith("<object")
    assert event["error"].startswith("FileNotFoundError")
    assert event["stack"].startswith("Stack (")


HOSTILE = "x\x1b]0;title\x07\r\n2026-11-29T00:00:00.000Z 1 INFO    f H:1: done\n\x9b31m\u202e\u2028\x7f"


@pytest.mark.parametrize(
    ("form", "level", "kind"),
    [
        ("text", "info", "ValueError"),
        ("text", "debug", "ValueError"),
        ("json", "info", "ValueError"),
        ("text", "debug", "BaseException"),
        ("text", "debug", "type('Str', (Exception,), {'__str__': lambda self: data})"),
        ("json", "debug", "SystemExit"),
        ("text", "debug", "SystemExit"),
    ],
)
def test_hostile_text_in_the_log(gearmand: Gearmand, tmp_path: Path, form: str, level: str, kind: str) -> None:
    """It can neither control a terminal nor look like a line of the log."""
    tasks = f"{TASKS}\n@jobs.handler()\ndef hostile(job):\n    data = job.get_workload()\n    raise {kind}(data)\n"
    options = ("-p1", f"--log-format={form}", f"--log-level={level}")
    with WorkerCommand(tmp_path, gearmand, *options, tasks=tasks) as command:
        Client(gearmand.address).execute_in_background("hostile", HOSTILE)
        command.await_log("ERROR" if form == "text" else '"error":')
        command.send(signal.SIGTERM)
        command.end(5)
        log = command.log_file.read_bytes().decode()
    assert not set(log) & set("\x1b\x07\r\x9b\u202e\u2028\x7f")
    lines = log.splitlines()
    assert not [line for line in lines if line.startswith("2026-11-29T00:00:00.000Z")]
    if form == "json":
        errors = [event["error"] for event in map(json.loads, lines) if "error" in event]
        assert errors[0].endswith(HOSTILE)
    else:
        assert all(line.startswith(("20", "    ")) for line in lines)
