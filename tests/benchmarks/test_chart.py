"""The chart of the performance page."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from typing import Any

from benchmarks.chart import GROUPS, draw, ratios
from tests.support import ROOT


def works(**values: float) -> dict[str, Any]:
    """The ratios to C of the work drain, by row."""
    rows = {name: {"ratios": {"C": value}} for name, value in values.items()}
    return {"drain": {"rows": rows}}


def test_ratios() -> None:
    """The ratios are those of the rounds; what was not measured is left out."""
    assert [ratios(group, works(C=1.0, PHP=1.5)) for group in GROUPS] == [{}, {}, {"C": 1.0, "PHP": 1.5}]
    assert ratios(GROUPS[2], works(C=1.0)) == {}
    assert ratios(GROUPS[2], {"drain": {"rows": {"PHP": {"ratios": {}}}}}) == {}


def test_bars() -> None:
    """The widths of the bars are in proportion to the values, which stand beside them."""
    svg = ElementTree.fromstring(draw(works(C=1.0, PHP=1.5)))
    bars = [float(bar.attrib["width"]) for bar in svg.iter("{http://www.w3.org/2000/svg}rect")]
    assert abs(bars[1] / bars[0] - 1.5) < 0.01
    assert [text.text for text in svg.iter("{http://www.w3.org/2000/svg}text")][2::2] == ["1.00", "1.50"]


def test_the_page_has_the_chart_of_its_tables() -> None:
    """Each value of the chart is in the column "x C" of its table, for the CPU that the title names."""
    page = (ROOT / "docs/performance.md").read_text("utf-8")
    chart = (ROOT / "docs/images/performance.svg").read_text("utf-8")
    for group in GROUPS:
        found = re.search(rf"{re.escape(group.title)}: ([^;<]*)", chart)
        assert found is not None
        shown = [float(number) for number in re.findall(r"\d+\.\d\d", found[1])]
        for (work, row), value in zip(group.rows.values(), shown[1:], strict=True):
            table = page.partition(f"### {work}\n")[2].partition("\n### ")[0]
            lines = [[cell.strip() for cell in line.split("|")] for line in table.splitlines() if line.startswith("|")]
            assert lines[0][2] == ("total CPU µs/job" if "gearmand" in group.title else "client CPU µs/job")
            column = lines[0].index("x C")
            assert value == next(float(line[column]) for line in lines[2:] if line[1] == row)
