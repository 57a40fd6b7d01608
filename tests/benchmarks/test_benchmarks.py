"""The benchmark command runs, and its figures are computed right. Nothing here looks at how fast anything is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.bench import Sample
from benchmarks.figures import Figures, Goal, Spread, Verdict
from benchmarks.programs import ProgramError
from benchmarks.report import BEGIN, END, goals, table, write_between_markers
from benchmarks.runner import Outcome, run
from benchmarks.works import Row, Work
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
    def test_measures_each_program_and_writes_tables_and_figures(self, tmp_path: Path) -> None:
        """Client, worker and gearmand apart, latencies, ratios and goals, on the screen, in Markdown and in JSON."""
        page, figures = tmp_path / "page.md", tmp_path / "figures.json"
        page.write_text(f"before\n{BEGIN}\nan old table\n{END}\nafter\n")
        works = "echo-client,drain,bulk,layer-echo-worker"
        done = command("--quick", "--only", works, "--markdown", str(page), "--json", str(figures))
        assert done.returncode == 0, done.stderr
        measured: dict[str, Any] = json.loads(figures.read_text())["works"]
        assert set(measured) == set(works.split(","))
        assert not any(work["failed"] or work["left_out"] for work in measured.values())
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

    def test_names_a_work_that_is_not_there(self) -> None:
        done = command("--only", "echo-client,ecko")
        assert done.returncode == 2
        assert "'ecko'" in done.stderr

    def test_a_page_without_markers_is_refused_before_anything_is_run(self, tmp_path: Path) -> None:
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


class TestFigures:
    FIGURES = Figures(
        {
            "C": [{"rate": 10.0}, {"rate": 100.0}, {"rate": 20.0}],
            "ours": [{"rate": 5.0}, {"rate": 60.0}, {"rate": 30.0}],
            "empty": [],
        }
    )

    def test_a_spread_is_median_lowest_and_highest(self) -> None:
        assert self.FIGURES.spread("C", "rate") == Spread(20.0, 10.0, 100.0)

    def test_a_ratio_compares_round_with_round(self) -> None:
        """0.5, 0.6 and 1.5: not the ratio of the medians, which is 1.5."""
        assert self.FIGURES.ratio("ours", "rate", "C") == pytest.approx(0.6)

    def test_what_was_not_measured_has_no_figure(self) -> None:
        assert self.FIGURES.spread("empty", "rate") is None
        assert self.FIGURES.spread("C", "p50_us") is None
        assert self.FIGURES.ratio("ours", "rate", "empty") is None
        assert self.FIGURES.verdict(Goal("empty", "rate", 1)) is None

    @pytest.mark.parametrize(
        ("value", "at_least", "holds"),
        [(1.0, False, True), (1.0, True, True), (1.006, False, False), (1.004, False, True), (0.99, True, False)],
    )
    def test_a_goal_is_held_against_the_figure_as_it_is_shown(self, value: float, at_least: bool, holds: bool) -> None:
        assert Verdict(Goal("ours", "rate", 1.0, "C", at_least), value).holds is holds

    def test_goals_for_a_ratio_and_for_a_figure(self) -> None:
        ratio = self.FIGURES.verdict(Goal("ours", "rate", 0.5, "C", at_least=True))
        figure = self.FIGURES.verdict(Goal("ours", "rate", 29))
        assert ratio is not None
        assert figure is not None
        assert ratio.value == pytest.approx(0.6)
        assert ratio.holds
        assert figure.value == 30
        assert not figure.holds


class TestRunning:
    def test_the_rows_take_turns(self) -> None:
        order = []

        def row(name: str) -> Row:
            def measure() -> Sample:
                order.append(name)
                return {"rate": len(order)}

            return Row(name, measure)

        outcome = silently(work_of(row("A"), row("B")), rounds=3)
        assert order == ["A", "B"] * 3
        assert outcome.figures.samples["B"] == [{"rate": 2}, {"rate": 4}, {"rate": 6}]

    def test_a_row_without_its_tool_is_left_out_visibly(self) -> None:
        row = Row("PHP", lambda: {"rate": 1.0}, needs=("no-such-tool",))
        assert "PHP: left out, no-such-tool is not installed." in table(silently(work_of(row)))

    def test_a_slow_row_is_run_on_request_only(self) -> None:
        work = work_of(Row("C", lambda: {"rate": 1.0}, slow=True))
        assert "C: left out, takes long" in table(silently(work))
        assert "| C " in table(silently(work, slow=True))

    def test_a_program_that_fails_is_named_and_ends_nothing(self) -> None:
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
        assert "1 of 2 hold." in text
        assert "jobs/s ≥ 0.9 x C" in text
        assert text.count("**missed**") == 1

    def test_a_page_without_markers_is_not_touched(self, tmp_path: Path) -> None:
        page = tmp_path / "page.md"
        page.write_text(f"a page\n{BEGIN}\n")
        with pytest.raises(ValueError, match="has no lines"):
            write_between_markers(page, "tables")
        assert page.read_text() == f"a page\n{BEGIN}\n"
