"""Options from pyproject.toml and from the file of --config; the option and the environment come first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest

from gearman_cffi.cli.app import gearman


@pytest.fixture(autouse=True)
def _own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def values(*arguments: str) -> dict[str, Any]:
    """The values that the command gets."""
    found: dict[str, Any] = {}
    command = gearman.get_command(click.Context(gearman), next(one for one in arguments if one in ("worker", "ping")))
    assert command is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command, "callback", lambda **given: found.update(given))
        gearman.main(list(arguments), "gearman-cffi", standalone_mode=False, auto_envvar_prefix="GEARMAN_CFFI")
    return found


PROJECT = """
[tool.gearman-cffi]
servers = ["10.0.0.5:4730", "10.0.0.6"]
[tool.gearman-cffi.worker]
target = "shop.program:app"
processes = 3
preload = false
dedicate = { mail = 2, "thumb.make" = 1 }
except = ["report"]
max-jobs = 100
"""


def test_project_file(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    found = values("worker")
    assert str(found["servers"]) == "10.0.0.5:4730,10.0.0.6:4730"
    assert found["target"] == ("shop.program:app",)
    assert found["processes"] == 3
    assert found["preload"] is False
    assert found["dedicate"] == (("mail", 2), ("thumb.make", 1))
    assert found["excluded"] == ("report",)
    assert str(values("ping")["servers"]) == "10.0.0.5:4730,10.0.0.6:4730"


def test_precedence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Option, environment, file, default."""
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    assert values("worker")["splay"] == 0.1
    monkeypatch.setenv("GEARMAN_CFFI_WORKER_PROCESSES", "4")
    monkeypatch.setenv("GEARMAN_CFFI_WORKER_MAX_JOBS", "5")
    monkeypatch.setenv("GEARMAN_SERVERS", "10.0.0.7")
    monkeypatch.setenv("GEARMAN_CFFI_WORKER_EXCEPT", "a b")
    found = values("worker", "-p", "6", "other:jobs")
    assert (found["processes"], found["max_jobs"], found["target"]) == (6, 5, ("other:jobs",))
    assert found["excluded"] == ("a", "b")
    assert str(found["servers"]) == "10.0.0.7:4730"


def test_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no prefix, and the project's file is not read."""
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "other.toml").write_text("[worker]\ntarget = ['a:b', 'c:d']\nprocesses = 1")
    found = values("--config", "other.toml", "worker")
    assert (found["target"], found["processes"], found["max_jobs"]) == (("a:b", "c:d"), 1, None)
    monkeypatch.setenv("GEARMAN_CFFI_CONFIG", "other.toml")
    assert values("worker")["processes"] == 1


def test_another_file_like_that_of_a_project(tmp_path: Path) -> None:
    """It may have the tables of pyproject.toml."""
    (tmp_path / "other.toml").write_text("# options\n[tool.gearman-cffi.worker]\nprocesses = 2")
    assert values("--config", "other.toml", "worker", "a:b")["processes"] == 2
    (tmp_path / "other.toml").write_text("# as in [tool.gearman-cffi]\n[worker]\nprocesses = 3")
    assert values("--config", "other.toml", "worker", "a:b")["processes"] == 3


def test_the_option_after_the_command() -> None:
    with pytest.raises(click.UsageError, match=r"write --config before .*: gearman-cffi --config FILE\.toml worker"):
        values("worker", "a:b", "--config", "other.toml")


def test_no_target() -> None:
    with pytest.raises(click.MissingParameter) as caught:
        values("worker")
    assert "set target in [tool.gearman-cffi.worker] of pyproject.toml" in caught.value.format_message()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[worker]\nprozesses = 1", "other.toml: unknown option 'worker.prozesses': did you mean processes?"),
        ("[worker]\nmax_jobs = 1", "other.toml: unknown option 'worker.max_jobs': did you mean max-jobs?"),
        ("[worker]\nxyzzy = 1", "other.toml: unknown option 'worker.xyzzy': use burst, "),
        ("[wrk]\nprocesses = 1", "other.toml: unknown table 'wrk': did you mean worker?"),
        ("xyzzy = 1", "other.toml: unknown option 'xyzzy': use cancel, "),
        ("worker = 3", "other.toml: worker must be a table of options, not 3"),
        ("[worker", "cannot read other.toml: "),
        ("[worker]\nprocesses = 'x'", "'--processes' (other.toml): 'x' is not a whole number"),
        ("[worker]\nprocesses = 1.5", "'--processes' (other.toml): '1.5' is not a whole number"),
        ("[worker]\nprocesses = true", "other.toml: worker.processes must be a number, not True"),
        ("[worker]\nprocesses = [1, 2]", "other.toml: worker.processes must be a number, not [1, 2]"),
        ("[worker]\nprocesses = {a = 1}", "other.toml: worker.processes must be a number, not {'a': 1}"),
        ("[worker]\nprocesses = 2026-01-01", "'--processes' (other.toml): '2026-01-01' is not a whole number"),
        ("[worker]\nmax-jobs = inf", "'--max-jobs' (other.toml): 'inf' is not a whole number"),
        ("[worker]\nsplay = 'x'", "'--splay' (other.toml): 'x' is not a number"),
        ("[worker]\nsplay = nan", "'--splay' (other.toml): 'nan' is not a number"),
        ("[worker]\nmemory-limit = true", "other.toml: worker.memory-limit must be a text, not True"),
        ("[worker]\nmemory-limit = 2026-01-01", "'--memory-limit' (other.toml): invalid memory limit '2026-01-01'"),
        ("[worker]\ndedicate = 3", "'--dedicate' (other.toml): expected FUNCTION=N with a number above 0, not '3'"),
        ("[worker]\ndedicate = [['a', 2]]", "other.toml: worker.dedicate must be a table of numbers, not [['a', 2]]"),
        ("[worker]\ndedicate = {a = [2]}", "other.toml: worker.dedicate must be a table of numbers, not {'a': [2]}"),
        ("[worker]\nburst = 'yes'", "other.toml: worker.burst must be true or false, not 'yes'"),
        ("[worker]\nburst = 3", "other.toml: worker.burst must be true or false, not 3"),
        ("[worker]\nonly = {a = 1}", "other.toml: worker.only must be a text or a list of texts, not {'a': 1}"),
        ("[worker]\nonly = [['a']]", "other.toml: worker.only must be a text or a list of texts, not [['a']]"),
        ("[worker]\ntarget = [true]", "other.toml: worker.target must be a text or a list of texts, not [True]"),
        ("[worker]\nready-file = ['a']", "other.toml: worker.ready-file must be a text, not ['a']"),
        ("[worker]\nclient-id = ['a', 'b']", "other.toml: worker.client-id must be a text, not ['a', 'b']"),
        ("servers = {a = 1}", "other.toml: servers must be a text or a list of texts, not {'a': 1}"),
        ("servers = []", "other.toml: servers must be a text or a list of texts, not []"),
        ("servers = ['a:b']", "'--servers' (other.toml): invalid server address 'a:b'"),
        ("namespace = ['a']", "other.toml: namespace must be a text, not ['a']"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "other.toml").write_text(text)
    with pytest.raises(click.UsageError) as caught:
        values("--config", "other.toml", "worker", "a:b")
    assert said in caught.value.format_message()


def test_numbers_and_texts(tmp_path: Path) -> None:
    """A number can stand for a text, and a text for a number, as on the command line."""
    text = "[worker]\nclient-id = 3\nprocesses = '2'\nmemory-limit = 1000000\nonly = 'a'\njob-timeout = ['a=1', 'b=2']"
    (tmp_path / "other.toml").write_text(text)
    found = values("--config", "other.toml", "worker", "a:b")
    assert (found["client_id"], found["processes"], found["memory_limit"], found["only"]) == ("3", 2, 1000000, ("a",))
    assert found["job_timeout"] == (("a", 1.0), ("b", 2.0))


@pytest.mark.parametrize("text", ["tool.gearman-cffi = 3", "[[tool.gearman-cffi]]"])
def test_a_project_file_without_a_table(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(click.UsageError, match=r"pyproject\.toml: gearman-cffi must be a table, not "):
        values("worker", "a:b")


def test_other_projects(tmp_path: Path) -> None:
    """A project file without our table is not parsed."""
    (tmp_path / "pyproject.toml").write_text("[project]\ndependencies = ['gearman-cffi']\nbroken")
    assert values("worker", "a:b")["max_jobs"] is None
