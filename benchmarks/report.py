"""Tables in Markdown, and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.figures import METRICS, Spread, Verdict
from benchmarks.runner import Outcome
from benchmarks.works.work import PHP, C

BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"


def table(outcome: Outcome) -> str:
    """The heading and the table of a work, and a note for each row without figures."""
    work = outcome.work
    names = [row.name for row in work.rows]
    against = [name for name in (C, PHP) if name in names]
    goals = bool(work.goals)
    lines = [["", *(METRICS[metric].heading for metric in work.metrics), *(f"x {name}" for name in against)]]
    lines[0] += ["goal"] * goals
    for name in names:
        if name in outcome.left_out or name in outcome.failed:
            continue
        cells = [_format_spread(outcome.figures.spread(name, metric), metric) for metric in work.metrics]
        ratios = [outcome.figures.ratio(name, work.metrics[0], other) for other in against]
        cells += ["" if ratio is None else _format_ratio(ratio) for ratio in ratios]
        lines.append([name, *cells, *["; ".join(map(_verdict, outcome.verdicts(name)))] * goals])
    notes = [f"{name}: left out, {why}." for name, why in outcome.left_out.items()]
    notes += [f"{name}: FAILED, {why.splitlines()[0]}" for name, why in outcome.failed.items()]
    return "\n".join(
        [
            f"### {work.name}",
            "",
            f"{work.title} ({outcome.rounds} round{'s'[: outcome.rounds > 1]}).",
            "",
            *_align(lines),
        ]
        + [line for note in notes for line in ("", note)]
    )


def goals(outcomes: Sequence[Outcome]) -> str:
    """All goals with the measured values, in one table."""
    lines = [["work", "row", "goal", "measured", ""]]
    for outcome in outcomes:
        for row in outcome.work.rows:
            for verdict in outcome.verdicts(row.name):
                result = "met" if verdict.is_met else "**missed**"
                lines.append([outcome.work.name, row.name, str(verdict.goal), _value(verdict), result])
    if len(lines) == 1:
        return ""
    missed = sum(line[-1] != "met" for line in lines[1:])
    count = f"{len(lines) - 1 - missed} of {len(lines) - 1} are met."
    return "\n".join(["### Goals", "", count, "", *_align(lines)])


def as_json(outcomes: Sequence[Outcome], about: dict[str, Any]) -> dict[str, Any]:
    """All figures."""
    return about | {"works": {outcome.work.name: _work(outcome) for outcome in outcomes}}


def around_markers(file: Path) -> tuple[str, str]:
    """Returns the text of a file before and after the tables. Raises ValueError if it has no markers."""
    before, begin, rest = file.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{file} needs the lines {BEGIN} and {END}: the tables are written between them")
    return before, after


def write_between_markers(file: Path, text: str) -> None:
    """Replaces the text between the two markers of a file. Raises ValueError if it has no markers."""
    before, after = around_markers(file)
    file.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}")


def _work(outcome: Outcome) -> dict[str, Any]:
    rows = {name: _row(outcome, name) for name in outcome.figures.samples if name not in outcome.failed}
    return {
        "title": outcome.work.title,
        "rounds": outcome.rounds,
        "rows": rows,
        "left_out": outcome.left_out,
        "failed": outcome.failed,
    }


def _row(outcome: Outcome, name: str) -> dict[str, Any]:
    metrics = sorted({metric for sample in outcome.figures.samples[name] for metric in sample})
    first = outcome.work.metrics[0]
    ratios = {other: outcome.figures.ratio(name, first, other) for other in (C, PHP)}
    return {
        "figures": {
            metric: {"median": spread.median, "low": spread.low, "high": spread.high}
            for metric in metrics
            if (spread := outcome.figures.spread(name, metric))
        },
        "ratios": {other: ratio for other, ratio in ratios.items() if ratio is not None},
        "goals": [
            {"goal": str(verdict.goal), "measured": verdict.value, "holds": verdict.is_met}
            for verdict in outcome.verdicts(name)
        ],
    }


def _format_spread(spread: Spread | None, metric: str) -> str:
    if spread is None:
        return ""
    digits = METRICS[metric].digits
    middle, low, high = (f"{value:,.{digits}f}" for value in (spread.median, spread.low, spread.high))
    return middle if low == high else f"{middle} ({low} to {high})"


def _format_ratio(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.4f}"


def _value(verdict: Verdict) -> str:
    return f"{verdict.value:,.{verdict.digits}f}"


def _verdict(verdict: Verdict) -> str:
    return f"{verdict.goal}: {_value(verdict)} {'met' if verdict.is_met else '**missed**'}"


def _align(lines: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table with aligned columns, figures on the right."""
    widths = [max(3, *(len(line[column]) for line in lines)) for column in range(len(lines[0]))]
    left = {0} | {column for column, title in enumerate(lines[0]) if title in ("row", "goal", "")}

    def row(cells: Sequence[str]) -> str:
        padded = (
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return f"| {' | '.join(padded)} |"

    rule = "|".join(f"-{'-' * width}{'-' if column in left else ':'}" for column, width in enumerate(widths))
    return [row(lines[0]), f"|{rule}|", *map(row, lines[1:])]
