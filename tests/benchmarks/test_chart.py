"""The chart of the performance page."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from typing import Any

from benchmarks.chart import GROUPS, draw, ratios
from tests.support import ROOT


def works(**values: float) -> dict[str, Any]:
    """The figures of the work drain, by row."""
    rows = {name.replace("_", " "): {"figures": {"total_us": {"median": value}}} for name, value in values.items()}
    return {"drain": {"rows": rows}}


def test_ratios() -> None:
    """Each row is divided by the row of C; what was not measured is left out."""
    assert [ratios(group, works(C=10.0, PHP=15.0)) for group in GROUPS] == [{}, {}, {"C": 1.0, "PHP": 1.5}]
    assert ratios(GROUPS[2], works(PHP=15.0)) == {}


def test_bars() -> None:
    """The widths of the bars are in proportion to the values, which stand beside them."""
    svg = ElementTree.fromstring(draw(works(C=10.0, PHP=15.0)))
    bars = [float(bar.attrib["width"]) for bar in svg.iter("{http://www.w3.org/2000/svg}rect")]
    assert abs(bars[1] / bars[0] - 1.5) < 0.01
    assert [text.text for text in svg.iter("{http://www.w3.org/2000/svg}text")][2::2] == ["1.00", "1.50"]


def test_the_page_has_the_chart_of_its_tables() -> None:
    """Each value of the chart is that of the table, within the rounding of its figures."""
    page = (ROOT / "docs/performance.md").read_text("utf-8")
    chart = (ROOT / "docs/images/performance.svg").read_text("utf-8")
    for group in GROUPS:
        found = re.search(rf"{re.escape(group.title)}: ([^;<]*)", chart)
        assert found is not None
        shown = [float(number) for number in re.findall(r"\d+\.\d\d", found[1])]
        for (work, row), value in zip(group.rows.values(), shown[1:], strict=True):
            table = page.partition(f"### {work}\n")[2].partition("\n### ")[0]
            heading = {"client_us": "client CPU µs/job", "total_us": "total CPU µs/job"}[group.metric]
            lines = [[cell.strip() for cell in line.split("|")] for line in table.splitlines() if line.startswith("|")]
            column = lines[0].index(heading)
            medians = {line[1]: float(line[column].split()[0]) for line in lines[2:]}
            assert abs(value - medians[row] / medians["C"]) < 0.02
