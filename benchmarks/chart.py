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

from benchmarks import svg
from benchmarks.works.work import PHP, C

EXT = "gearman_cffi.ext"
LEFT, RIGHT, BAR, SPACE, TITLE = 190, 90, 20, 6, 30
WIDTH = 760
STYLE = """.c { fill: #8d857a; }
.php { fill: #777bb4; }
.own { fill: #2f7de1; }
"""


@dataclass(frozen=True)
class Group:
    """Bars that are compared with each other: rows of one or two works, whose first metrics are the same."""

    title: str
    rows: Mapping[str, tuple[str, str]]  # by label: the work and its row


GROUPS = [
    Group(
        "Submit a job and wait for its result: CPU of the client",
        {
            "PHP": ("echo-client", PHP),
            "ext-gearman's API": ("echo-client", EXT),
            "Client (RawSerializer)": ("layer-echo-client", "Client, raw"),
            "Client (default)": ("layer-echo-client", "Client, php"),
        },
    ),
    Group(
        "Submit a job in the background: CPU of the client",
        {
            "PHP": ("background", PHP),
            "ext-gearman's API": ("background", EXT),
            "Client (RawSerializer)": ("layer-background", "Client, raw"),
            "Client (default)": ("layer-background", "Client, php"),
        },
    ),
    Group(
        "Empty a queue: CPU of the worker and gearmand",
        {
            "PHP": ("drain", PHP),
            "ext-gearman's API": ("drain", EXT),
            "Worker (RawSerializer)": ("layer-drain", "Worker, raw"),
            "Worker (default)": ("layer-drain", "Worker, php"),
        },
    ),
]


def ratios(group: Group, works: Mapping[str, Any]) -> dict[str, float]:
    """The ratios to C that the tables show ("x C"), by label. Rows that were not measured are left out."""
    found = {}
    for label, (work, row) in group.rows.items():
        ratio = works.get(work, {}).get("rows", {}).get(row, {}).get("ratios", {}).get(C)
        if ratio is not None:
            found[label] = float(ratio)
    return {"C": 1.0, **found} if found else {}


def draw(works: Mapping[str, Any]) -> str:
    """The chart. works: as in the file of --json."""
    groups = [(group, found) for group in GROUPS if (found := ratios(group, works))]
    widest = max((value for _, found in groups for value in found.values()), default=1.0)
    scale = (WIDTH - LEFT - RIGHT) / max(widest, 1.0)
    lines: list[str] = []
    top = 0
    for group, found in groups:
        lines.append(svg.title(0, top + 20, group.title))
        top += TITLE
        for label, value in found.items():
            lines += _bar(label, value, top, scale)
            top += BAR + SPACE
        top += SPACE * 2
    values = "; ".join(
        f"{group.title}: " + ", ".join(f"{label} {value:.2f}" for label, value in found.items())
        for group, found in groups
    )
    return svg.document(WIDTH, top, f"CPU time, compared with C. {values}", STYLE, lines)


def write(file: Path, works: Mapping[str, Any]) -> None:
    """Writes the chart to a file, unless none of its works was measured."""
    if any(ratios(group, works) for group in GROUPS):
        file.parent.mkdir(exist_ok=True)
        file.write_text(draw(works), "utf-8")


def _bar(label: str, value: float, top: int, scale: float) -> Iterator[str]:
    kind = {"C": "c", "PHP": "php"}.get(label, "own")
    middle = top + BAR - 5
    yield svg.text(LEFT - 10, middle, label, "end")
    yield f'<rect class="{kind}" x="{LEFT}" y="{top}" width="{value * scale:.1f}" height="{BAR}" rx="2"/>'
    yield svg.text(round(LEFT + value * scale + 8, 1), middle, f"{value:.2f}")


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
