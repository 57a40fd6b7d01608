"""The benchmark command runs, and its figures are computed correctly. No test depends on how fast anything is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.bench import Bench, Sample
from benchmarks.figures import Figures, Goal, Spread, Verdict
from benchmarks.programs import ProgramError
from benchmarks.report import BEGIN, END, goals, table, write_between_markers
from benchmarks.runner import Outcome, run
from benchmarks.works import Row, Work, all_works
from tests.support import ROOT

PEERS = {"C", "PHP", "gearman_cffi.ext", "C again"}


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=55, check=False)


def work_of(*rows: Row, goals: tuple[Goal, ...] = ()) -> Work:
    return Work("a-work", "Something", ("rate",), rows, goals)


def silently(work: Work, rounds: int = 1, slow: bool = False) -> Outcome:
    return run(work, rounds, slow, lambda text: None)


class TestCommand:
    @pytest.mark.php
    def test_measures_each_program_and_writes_tables_and_figures(self, tmp_path: Path) -> None:
        """Client, worker and gearmand, latencies, ratios and goals: on the screen, in Markdown and in JSON."""
        page, figures = tmp_path / "page.md", tmp_path / "figures.json"
        page.write_text(f"before\n{BEGIN}\nan old table\n{END}\nafter\n")
        works = "echo-client,drain,bulk,layer-echo-worker,layer-drain"
        done = command("--quick", "--only", works, "--markdown", str(page), "--json", str(figures))
        assert done.returncode == 0, done.stderr
        measured: dict[str, Any] = json.loads(figures.read_text())["works"]
        assert set(measured) == set(works.split(","))
        assert not any(work["failed"] or work["left_out"] for work in measured.values())
        for work in ("drain", "layer-drain"):
            total, *parts = (
                measured[work]["rows"]["C"]["figures"][metric]["median"]
                for metric in ("total_us", "worker_us", "gearmand_us")
            )
            assert total == pytest.approx(sum(parts))
        for work in ("echo-client", "drain"):
            assert set(measured[work]["rows"]) == PEERS
        for work in measured.values():
            assert work["rows"]["C"]["ratios"]["C"] == 1
            assert all(row["figures"]["gearmand_us"]["median"] > 0 for row in work["rows"].values())
        echo = measured["echo-client"]["rows"]["gearman_cffi.ext"]
        assert {"client_us", "worker_us", "rate", "p50_us", "p99_us", "client_mb"} <= set(echo["figures"])
        assert [goal["measured"] for goal in echo["goals"]] == [echo["ratios"]["C"]]
        text = page.read_text()
        assert text.startswith(f"before\n{BEGIN}\n")
        assert text.endswith(f"\n{END}\nafter\n")
        assert "an old table" not in text
        tables = [line for line in text.splitlines() if line.startswith("|")]
        assert set(tables) <= set(done.stdout.splitlines())
        assert sum(line.startswith("| gearman_cffi.ext ") for line in tables) == len(measured)

    def test_an_unknown_work(self) -> None:
        done = command("--only", "echo-client,ecko")
        assert done.returncode == 2
        assert "'ecko'" in done.stderr

    def test_a_page_without_markers_fails_before_the_first_run(self, tmp_path: Path) -> None:
        page = tmp_path / "page.md"
        page.write_text("a page\n")
        done = command("--quick", "--only", "drain", "--markdown", str(page))
        assert done.returncode == 2
        assert BEGIN in done.stderr
        assert not done.stdout

    def test_lists_the_works(self) -> None:
        names = [line.split()[0] for line in command("--list").stdout.splitlines()]
        assert {"echo-client", "background-no-key", "batch-50000", "large-16", "instructions-drain"} <= set(names)
        assert len(names) == len(set(names))


def test_the_goals(tmp_path: Path) -> None:
    """Those that the documentation promises; instructions are reported without a goal."""
    works = {work.name: work for work in all_works(Bench(tmp_path, 0))}
    limits = {(name, goal.row, goal.metric): goal.limit for name, work in works.items() for goal in work.goals}
    assert limits["echo-client", "gearman_cffi.ext", "client_us"] == 1.35
    assert limits["echo-worker", "gearman_cffi.ext", "worker_us"] == 1.35
    assert limits["layer-echo-client", "Client, raw", "client_us"] == 1.5
    assert limits["layer-drain", "Worker, raw", "total_us"] == 1.15
    assert limits["io-worker", "10 coroutines, at most 500 jobs/s", "rate"] == 400
    assert limits["io-worker", "50 coroutines, at most 2,500 jobs/s", "rate"] == 2000
    assert limits["import", "import gearman_cffi", "import_ms"] == 10
    assert limits["import", "from gearman_cffi import Client, Worker", "import_ms"] == 45
    assert limits["idle", "gearman_cffi", "idle_mb"] == 18
    assert not any(name.startswith("instructions-") for name, _, _ in limits)


class TestFigures:
    FIGURES = Figures(
        {
            "C": [{"rate": 10.0}, {"rate": 100.0}, {"rate": 20.0}],
            "ours": [{"rate": 5.0}, {"rate": 60.0}, {"rate": 30.0}],
            "empty": [],
        }
    )

    def test_spread(self) -> None:
        assert self.FIGURES.spread("C", "rate") == Spread(20.0, 10.0, 100.0)

    def test_a_ratio_compares_the_rows_of_each_round(self) -> None:
        """The ratios are 0.5, 0.6 and 1.5; the ratio of the medians is 1.5."""
        assert self.FIGURES.ratio("ours", "rate", "C") == pytest.approx(0.6)

    def test_a_row_without_samples_has_no_figure(self) -> None:
        assert self.FIGURES.spread("empty", "rate") is None
        assert self.FIGURES.spread("C", "p50_us") is None
        assert self.FIGURES.ratio("ours", "rate", "empty") is None
        assert self.FIGURES.verdict(Goal("empty", "rate", 1)) is None

    @pytest.mark.parametrize(
        ("value", "at_least", "is_met"),
        [(1.0, False, True), (1.0, True, True), (1.006, False, False), (1.004, False, True), (0.99, True, False)],
    )
    def test_a_goal_is_compared_with_the_rounded_figure(self, value: float, at_least: bool, is_met: bool) -> None:
        assert Verdict(Goal("ours", "rate", 1.0, "C", at_least), value).is_met is is_met

    def test_goals_for_a_ratio_and_for_a_figure(self) -> None:
        ratio = self.FIGURES.verdict(Goal("ours", "rate", 0.5, "C", at_least=True))
        figure = self.FIGURES.verdict(Goal("ours", "rate", 29))
        assert ratio is not None
        assert figure is not None
        assert ratio.value == pytest.approx(0.6)
        assert ratio.is_met
        assert figure.value == 30
        assert not figure.is_met


class TestRunning:
    def test_the_rows_run_in_turn(self) -> None:
        order = []

        def row(name: str) -> Row:
            def measure() -> Sample:
                order.append(name)
                return {"rate": len(order)}

            return Row(name, measure)

        outcome = silently(work_of(row("A"), row("B")), rounds=3)
        assert order == ["A", "B"] * 3
        assert outcome.figures.samples["B"] == [{"rate": 2}, {"rate": 4}, {"rate": 6}]

    def test_the_table_names_a_row_whose_tool_is_missing(self) -> None:
        row = Row("PHP", lambda: {"rate": 1.0}, needs=("no-such-tool",))
        assert "PHP: left out, no-such-tool is not installed." in table(silently(work_of(row)))

    def test_a_slow_row_runs_only_on_request(self) -> None:
        work = work_of(Row("C", lambda: {"rate": 1.0}, slow=True))
        assert "C: left out, it is slow" in table(silently(work))
        assert "| C " in table(silently(work, slow=True))

    def test_a_program_that_fails_does_not_stop_the_others(self) -> None:
        def fail() -> Sample:
            raise ProgramError("client echo ended too early")

        outcome = silently(work_of(Row("C", lambda: {"rate": 1.0}), Row("PHP", fail)), rounds=2)
        assert outcome.failed == {"PHP": "client echo ended too early"}
        assert "PHP: FAILED, client echo ended too early" in table(outcome)
        assert len(outcome.figures.samples["C"]) == 2


class TestReport:
    def test_goals_are_counted(self) -> None:
        rows = (Row("C", lambda: {"rate": 10.0}), Row("ours", lambda: {"rate": 8.0}))
        wanted = (Goal("ours", "rate", 0.9, "C", at_least=True), Goal("ours", "rate", 9))
        text = goals([silently(work_of(*rows, goals=wanted))])
        assert "1 of 2 are met." in text
        assert "jobs/s ≥ 0.9 x C" in text
        assert text.count("**missed**") == 1

    def test_a_page_without_markers_is_not_changed(self, tmp_path: Path) -> None:
        page = tmp_path / "page.md"
        page.write_text(f"a page\n{BEGIN}\n")
        with pytest.raises(ValueError, match="needs the lines"):
            write_between_markers(page, "tables")
        assert page.read_text() == f"a page\n{BEGIN}\n"
