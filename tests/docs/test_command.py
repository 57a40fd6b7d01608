"""docs/command.md documents every command and every option with its environment variable."""

from __future__ import annotations

import re
import shlex
from importlib import import_module

import click
import pytest
from click.shell_completion import ShellComplete

from gearman_cffi import Client
from gearman_cffi.cli.app import COMMANDS, SECTIONS, gearman
from gearman_cffi.exit_code import ExitCode
from gearman_cffi.testing import Gearmand
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
            long = next(name for name in parameter.opts if name.startswith("--"))
            variable = variables[0] if variables else long[2:].replace("-", "_").upper()
            assert name not in ("worker", "submit") or f"`{variable}`" in COMMAND or f"{variable}`" in COMMAND


@pytest.mark.parametrize("name", COMMANDS)
def test_help(name: str) -> None:
    """--help is in groups, says how the variables are called, and its examples can be run."""
    command: click.Command = getattr(import_module(f"gearman_cffi.cli.{COMMANDS[name][0]}"), name)
    parent = click.Context(gearman, info_name="gearman-cffi", auto_envvar_prefix="GEARMAN_CFFI")
    text = click.Context(command, parent, info_name=name).get_help()
    assert "\nServers:\n" in text
    found = re.search(rf"such as GEARMAN_CFFI_{name.upper()}_(\w+) for --([a-z-]+)\.", " ".join(text.split()))
    assert found is not None
    assert found[1] == found[2].replace("-", "_").upper()
    examples = [line.split("|")[0] for line in text.splitlines() if line.startswith("    gearman-cffi ")]
    assert examples
    for example in examples:
        _, _, *arguments = shlex.split(example.replace("\\\n", ""))
        if arguments:
            command.make_context(name, arguments, parent)


def test_sections_of_the_list() -> None:
    assert sorted(name for names in SECTIONS.values() for name in names) == sorted(COMMANDS)


def test_completion(gearmand: Gearmand, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shell offers commands, options, and the functions and jobs of the servers."""

    def offered(*words: str) -> list[str]:
        shell = ShellComplete(gearman, {}, "gearman-cffi", "_GEARMAN_CFFI_COMPLETE")
        return [item.value for item in shell.get_completions(list(words[:-1]), words[-1])]

    handle = Client(gearmand.address).execute_in_background("mail.send", "x")
    monkeypatch.setenv("GEARMAN_SERVERS", gearmand.address)
    assert offered("wor") == ["worker", "workers"]
    assert offered("top", "--so") == ["--sort"]
    assert offered("submit", "ma") == ["mail.send"]
    assert offered("status", "H:") == [handle]
    assert offered("submit", "-s", "127.0.0.1:1", "ma") == []


def test_exit_codes() -> None:
    """Every code is in one of the two tables, those of the worker in the first one."""
    worker, _, others = COMMAND.partition("### Exit codes")[2].partition("| Code | The other")
    workers = {ExitCode.OK, ExitCode.FAILED, ExitCode.NOT_LOADED, ExitCode.UNREACHABLE, ExitCode.INTERRUPTED_JOB}
    for code in ExitCode:
        assert f"| {code.value} " in (worker if code in workers else others), code
