"""The configuration for systemd and for supervisor: systemd checks the unit, supervisor runs the program."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gearman_cffi import Client
from gearman_cffi.testing import Gearmand
from tests.docs.blocks import blocks
from tests.support import INSTALLED, ROOT, is_served, wait_until

COMMAND = "/srv/shop/venv/bin/gearman-cffi"
TASKS = """
from gearman_cffi import JobCollection

jobs = JobCollection()

@jobs.handler("mail")
def mail(job):
    return "sent"
"""


def _block(page: str, title: str) -> str:
    (source,) = (block.source for block in blocks(ROOT / "docs/how-to" / page) if block.title == title)
    return source


@pytest.mark.needs("systemd")
@pytest.mark.parametrize("for_older_systemd", [False, True])
def test_systemd(tmp_path: Path, for_older_systemd: bool) -> None:
    """systemd-analyze finds nothing in the unit, as far as the unit's Type is known to this version of systemd."""
    unit = _block("systemd.md", "shop-worker.service").replace(COMMAND, sys.executable)
    if for_older_systemd:
        (older,) = (block.source for block in blocks(ROOT / "docs/how-to/systemd.md") if "ExecReload" in block.source)
        older = older.replace("ExecReload=kill ", f"ExecReload={sys.executable} ")  # not everywhere is there a kill
        unit = unit.replace("Type=notify-reload\n", older)
    file = tmp_path / "shop-worker.service"
    file.write_text(unit)
    verify = ["systemd-analyze", "verify", "--man=no", str(file)]
    said = subprocess.run(verify, capture_output=True, text=True, timeout=20, check=False)
    complaints = [line for line in said.stderr.splitlines() if "notify-reload" not in line]
    assert not complaints
    version = subprocess.run(
        ["systemd-analyze", "--version"], capture_output=True, text=True, check=True
    ).stdout.split()[1]
    if for_older_systemd or int(version) >= 253:
        assert said.returncode == 0


@pytest.fixture
def supervisor(gearmand: Gearmand, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """supervisorctl of a supervisor that has the program of the page, for this server. It returns the output."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/tasks.py").write_text(TASKS)
    program = _block("supervisor.md", "/etc/supervisor/conf.d/shop-worker.conf")
    program = program.replace(COMMAND, f"{sys.executable} -m gearman_cffi").replace("/srv/shop", str(tmp_path))
    program = program.replace("/var/log", str(tmp_path)).replace("--processes 8", "--processes 1")
    program = re.sub(r"^user=.*\n", "", program, flags=re.MULTILINE)
    program = re.sub(
        r"^environment=.*$",
        f'environment=GEARMAN_SERVERS="{gearmand.address}",PYTHONPATH="{INSTALLED}"',
        program,
        flags=re.MULTILINE,
    )
    socket = tmp_path / "control"
    (tmp_path / "supervisord.conf").write_text(f"""
[supervisord]
logfile={tmp_path}/supervisord.log
pidfile={tmp_path}/supervisord.pid
[unix_http_server]
file={socket}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://{socket}
{program}""")
    configuration = ["-c", str(tmp_path / "supervisord.conf")]
    command = [sys.executable, "-W", "ignore", "-m"]

    def control(line: str) -> str:
        done = subprocess.run(
            [*command, "supervisor.supervisorctl", *configuration, *line.split()],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        return done.stdout

    daemon = subprocess.Popen(
        [*command, "supervisor.supervisord", "--nodaemon", *configuration], stdout=subprocess.DEVNULL
    )
    try:
        wait_until(socket.exists, "supervisor listens")
        yield control
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(30)


def test_supervisor(gearmand: Gearmand, tmp_path: Path, supervisor: Callable[[str], str]) -> None:
    """It starts the command, reloads it, stops it, and does not start it again and again if it cannot be used."""
    log = tmp_path / "shop-worker.log"
    wait_until(lambda: is_served(gearmand, "mail"), "the workers serve")
    assert Client(gearmand.address, timeout=20).execute_job("mail", 1) == "sent"
    supervisor("signal HUP shop-worker")
    wait_until(lambda: "reload finished" in log.read_text(), "the code is loaded again")
    assert "stopped" in supervisor("stop shop-worker")
    assert "SIGTERM: shutting down" in log.read_text()
    assert "STOPPED" in supervisor("status shop-worker")
    (tmp_path / "shop/tasks.py").write_text("import nowhere")
    supervisor("start shop-worker")
    wait_until(lambda: re.search("EXITED|FATAL", supervisor("status shop-worker")), "it gives up")
    assert "No module named 'nowhere'" in log.read_text()
