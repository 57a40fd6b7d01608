"""docs/command.md documents every command and every option with its environment variable."""

from __future__ import annotations

from importlib import import_module

import click
import pytest

from gearman_cffi.cli.app import COMMANDS
from gearman_cffi.exit_code import ExitCode
from tests.support import ROOT

COMMAND = (ROOT / "docs/command.md").read_text("utf-8")
METRICS = (ROOT / "docs/metrics.md").read_text("utf-8")


@pytest.mark.parametrize("name", COMMANDS)
def test_options(name: str) -> None:
    """Each option is in the table of the command, or in the text if the command has no table."""
    command: click.Command = getattr(import_module(f"gearman_cffi.cli.{COMMANDS[name][0]}"), name)
    text = METRICS if name == "exporter" else COMMAND
    assert f"`{name}" in COMMAND
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert all(long in text for long in parameter.opts if long.startswith("--")), parameter.opts
            variables = [parameter.envvar] if isinstance(parameter.envvar, str) else parameter.envvar
            variable = variables[0] if variables else (parameter.name or "").upper()
            assert name not in ("worker", "submit") or f"`{variable}`" in COMMAND or f"{variable}`" in COMMAND


def test_exit_codes() -> None:
    """Every code is in one of the two tables, those of the worker in the first one."""
    worker, _, others = COMMAND.partition("### Exit codes")[2].partition("| Code | The other")
    workers = {ExitCode.OK, ExitCode.FAILED, ExitCode.NOT_LOADED, ExitCode.UNREACHABLE, ExitCode.INTERRUPTED_JOB}
    for code in ExitCode:
        assert f"| {code.value} " in (worker if code in workers else others), code
