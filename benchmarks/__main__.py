"""The command: python -m benchmarks."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from datetime import datetime, timezone
from fnmatch import fnmatch
from pathlib import Path

from benchmarks import chart, report
from benchmarks.bench import Bench
from benchmarks.machine import description
from benchmarks.programs import ProgramError, compile_c, compile_python
from benchmarks.runner import Outcome, run
from benchmarks.works import Work, all_works
from gearman_cffi.testing import GearmandError

ROUNDS = 5


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Returns the options. Exits with code 2 for invalid ones."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Run the same work in C, PHP and Python, in turn, against private gearmands.",
    )
    parser.add_argument("--list", action="store_true", help="print the names of the works and exit")
    parser.add_argument(
        "--only", metavar="NAME,...", default="*", help="run only these works; patterns such as 'echo-*' are allowed"
    )
    parser.add_argument("--rounds", type=int, metavar="N", help=f"the number of rounds ({ROUNDS}; 1 with --quick)")
    parser.add_argument(
        "--quick", action="store_true", help="run few jobs, to see whether everything works; the figures mean nothing"
    )
    parser.add_argument("--slow", action="store_true", help="also run the rows that take very long, once")
    parser.add_argument("--cpu", type=int, metavar="N", help="pin everything to this CPU (default: the last one)")
    parser.add_argument(
        "--markdown",
        type=Path,
        metavar="FILE",
        help="write the tables between the markers of FILE, and the chart to images/performance.svg beside it",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE")
    options = parser.parse_args(arguments)
    if not hasattr(os, "sched_setaffinity"):
        parser.error("this needs Linux, which can pin a process to a CPU")
    usable = os.sched_getaffinity(0)
    options.cpu = max(usable) if options.cpu is None else options.cpu
    if options.rounds is None:
        options.rounds = 1 if options.quick else ROUNDS
    if options.cpu not in usable:
        parser.error(f"CPU {options.cpu} is not available; choose one of {sorted(usable)}")
    if options.rounds < 1:
        parser.error("--rounds must be 1 or more")
    return options


def select_works(works: Sequence[Work], only: str) -> list[Work]:
    """Returns the works that match a pattern. Raises ValueError for a pattern that matches none."""
    patterns = [pattern.strip() for pattern in only.split(",")]
    for pattern in patterns:
        if not any(fnmatch(work.name, pattern) for work in works):
            raise ValueError(f"no work matches {pattern!r}; see --list")
    return [work for work in works if any(fnmatch(work.name, pattern) for pattern in patterns)]


def main(arguments: Sequence[str]) -> int:
    """Runs the works. Returns the exit code: 1 if a program failed, 2 for a wrong option."""
    options = parse_arguments(arguments)
    with tempfile.TemporaryDirectory(prefix="gearman-benchmarks-") as folder:
        bench = Bench(Path(folder), options.cpu, options.quick)
        try:
            works = select_works(all_works(bench), options.only)
            if options.markdown:
                report.around_markers(options.markdown)  # fail now, not after the measurements
        except (ValueError, OSError) as error:
            print(f"benchmarks: {error}", file=sys.stderr)
            return 2
        if options.list:
            print("\n".join(f"{work.name:32} {work.title}" for work in works))
            return 0
        try:
            compile_c(bench.folder)
            compile_python()
            about = _about(options)
        except (ProgramError, GearmandError) as error:
            print(f"benchmarks: {error}", file=sys.stderr)
            return 1
        print("\n".join(about))
        outcomes = [_measure(work, options) for work in works]
    text = [report.goals(outcomes), *map(report.table, outcomes)]
    print("\n" + text[0])
    if options.markdown:
        heading = "\n".join(f"- {line}" for line in about)
        report.write_between_markers(options.markdown, "\n\n".join(part for part in [heading, *text] if part))
    figures = report.as_json(outcomes, {"about": about})
    if options.markdown:
        chart.write(options.markdown.parent / "images/performance.svg", figures["works"])
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 1 if any(outcome.failed for outcome in outcomes) else 0


def _about(options: argparse.Namespace) -> list[str]:
    today = datetime.now(timezone.utc).strftime("%Y-%m-%d")
    given = [
        f"--rounds {options.rounds}",
        *(["--quick"] if options.quick else []),
        *(["--slow"] if options.slow else []),
    ]
    if options.only != "*":
        given.append(f"--only {options.only}")
    return [f"{today}, `python -m benchmarks {' '.join(given)}`", *description(options.cpu)]


def _measure(work: Work, options: argparse.Namespace) -> Outcome:
    is_terminal = sys.stderr.isatty()

    def show_progress(text: str) -> None:
        if is_terminal:
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)

    outcome = run(work, options.rounds, options.slow, show_progress)
    show_progress("")
    print(f"\n{report.table(outcome)}", flush=True)
    for row, why in outcome.failed.items():
        print(f"benchmarks: {work.name}: {row}: {why}", file=sys.stderr)
    return outcome


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
