"""The chart of the performance page, as SVG: CPU time compared with C.

usage: python -m benchmarks.chart FIGURES.json CHART.svg        (the figures are those of python -m benchmarks --json)
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.works.work import PHP, C

EXT, LAYER = "gearman_cffi.ext", "gearman_cffi"
NAMES = {C: "C", PHP: "PHP", EXT: "ext-gearman's API", LAYER: "the Python API"}
LEFT, RIGHT, BAR, SPACE, TITLE = 190, 90, 20, 6, 30
WIDTH = 760


@dataclass(frozen=True)
class Group:
    """Bars that are compared with each other: the rows of one or two works."""

    title: str
    metric: str
    rows: Mapping[str, tuple[str, str]]  # by series: the work and its row


GROUPS = [
    Group(
        "Submit a job and wait for its result: CPU of the client",
        "client_us",
        {
            PHP: ("echo-client", PHP),
            EXT: ("echo-client", "gearman_cffi.ext"),
            LAYER: ("layer-echo-client", "Client, raw"),
        },
    ),
    Group(
        "Submit a job in the background: CPU of the client",
        "client_us",
        {
            PHP: ("background", PHP),
            EXT: ("background", "gearman_cffi.ext"),
            LAYER: ("layer-background", "Client, raw"),
        },
    ),
    Group(
        "Empty a queue: CPU of the worker and gearmand",
        "total_us",
        {PHP: ("drain", PHP), EXT: ("drain", "gearman_cffi.ext"), LAYER: ("layer-drain", "Worker, raw")},
    ),
]


def ratios(group: Group, works: Mapping[str, Any]) -> dict[str, float]:
    """The medians of a group divided by that of C in the same work. Rows that were not measured are left out."""
    found = {}
    for series, (work, row) in group.rows.items():
        value, base = (_median(works, work, name, group.metric) for name in (row, C))
        if value is not None and base:
            found[series] = value / base
    return {C: 1.0, **found} if found else {}


def draw(works: Mapping[str, Any]) -> str:
    """The chart. works: as in the file of --json."""
    groups = [(group, found) for group in GROUPS if (found := ratios(group, works))]
    widest = max((value for _, found in groups for value in found.values()), default=1.0)
    scale = (WIDTH - LEFT - RIGHT) / max(widest, 1.0)
    lines: list[str] = []
    top = 0
    for group, found in groups:
        lines.append(f'<text class="title" x="0" y="{top + 20}">{group.title}</text>')
        top += TITLE
        for series, value in found.items():
            lines += _bar(series, value, top, scale)
            top += BAR + SPACE
        top += SPACE * 2
    text = "; ".join(
        f"{group.title}: " + ", ".join(f"{NAMES[series]} {value:.2f}" for series, value in found.items())
        for group, found in groups
    )
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {WIDTH} {top}" role="img">',
            f"<title>CPU time, compared with C. {text}</title>",
            *lines,
            "</svg>\n",
        ]
    )


def write(file: Path, works: Mapping[str, Any]) -> None:
    """Writes the chart to a file, unless none of its works was measured."""
    if any(ratios(group, works) for group in GROUPS):
        file.parent.mkdir(exist_ok=True)
        file.write_text(draw(works), "utf-8")


def _bar(series: str, value: float, top: int, scale: float) -> Iterator[str]:
    kind = {C: "c", PHP: "php"}.get(series, "own")
    middle = top + BAR - 5
    yield f'<text class="label" x="{LEFT - 10}" y="{middle}" text-anchor="end">{NAMES[series]}</text>'
    yield f'<rect class="{kind}" x="{LEFT}" y="{top}" width="{value * scale:.1f}" height="{BAR}" rx="2"/>'
    yield f'<text class="label" x="{LEFT + value * scale + 8:.1f}" y="{middle}">{value:.2f}</text>'


def _median(works: Mapping[str, Any], work: str, row: str, metric: str) -> float | None:
    try:
        return float(works[work]["rows"][row]["figures"][metric]["median"])
    except KeyError:
        return None


def main(arguments: Sequence[str]) -> int:
    """Reads the figures and writes the chart; returns the exit code."""
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    figures, chart = map(Path, arguments)
    write(chart, json.loads(figures.read_text("utf-8"))["works"])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
