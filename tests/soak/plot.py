"""The plot of a soak, as SVG: latencies, jobs and memory over time, with the faults below."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks import svg
from tests.soak.faults import KINDS, Fault
from tests.soak.plan import Plan
from tests.soak.result import Result

LEFT, RIGHT, WIDTH = 150, 20, 900
TITLE, HEIGHT, SPACE, ROW = 30, 120, 30, 18
STYLE = """.line { fill: none; stroke-width: 1.5; stroke-linejoin: round; }
.axis { stroke: #8d857a; stroke-width: 1; opacity: 0.4; }
.fault { fill: #d1495b; }
.during { fill: #d1495b; opacity: 0.12; }
.a { stroke: #2f7de1; } .b { stroke: #8a63d2; } .c { stroke: #d1495b; }
text.a { fill: #2f7de1; stroke: none; } text.b { fill: #8a63d2; stroke: none; } text.c { fill: #d1495b; stroke: none; }
"""
Points = Sequence[tuple[float, float]]  # seconds and values


@dataclass(frozen=True)
class Panel:
    """Lines over time, by their names. show: the text for a value of the axis."""

    title: str
    lines: Mapping[str, Points]
    show: Callable[[float], str]
    logarithmic: bool = False


def milliseconds(value: float) -> str:
    """A number of milliseconds."""
    return f"{value:g} ms"


def panels(result: Result) -> list[Panel]:
    """The panels of a result."""
    buckets = result.latency_over_time()
    latency = {
        name: [(one["seconds"], max(one[name] * 1000, 0.1)) for one in buckets] for name in ("p50", "p99", "max")
    }
    per_second = [(one["seconds"], one["number"] / result.ledger.bucket_seconds) for one in buckets]
    return [
        Panel("Latency of calls that were answered", latency, milliseconds, logarithmic=True),
        Panel("Jobs that were answered or acknowledged", {"jobs": per_second}, "{:g}/s".format),
        Panel("Resident memory", dict(_memory(result)), "{:g} MiB".format),
    ]


def draw(result: Result) -> str:
    """The plot."""
    seconds = result.plan.seconds
    faults = [(fault.kind, *_extent(fault, result.plan)) for fault in result.faults]
    lines: list[str] = []
    top = 0
    for panel in panels(result):
        lines += (_span("during", begin, end, top + TITLE, HEIGHT) for _, begin, end in faults)
        lines += _panel(panel, top, seconds)
        top += TITLE + HEIGHT + SPACE
    lines.append(svg.title(0, top + 20, "Faults"))
    top += TITLE
    for kind in KINDS:
        lines.append(svg.text(LEFT - 10, top + ROW - 5, kind, "end"))
        lines += (_span("fault", begin, end, top + 4, ROW - 6) for name, begin, end in faults if name == kind)
        top += ROW
    lines += _times(top, seconds)
    verdict = "; ".join(result.verdict()) or "all is well"
    description = f"Soak of {seconds / 60:g} minutes with seed {result.plan.seed}: {verdict}"
    return svg.document(WIDTH, top + ROW + 10, description.replace("&", "+").replace("<", "("), STYLE, lines)


def _memory(result: Result) -> Iterator[tuple[str, Points]]:
    """The sums of both sides."""
    for side in ("client", "worker"):
        series = [one.samples for one in result.series if one.side == side]
        yield side, [(group[0].seconds, sum(one.size for one in group) / 2**20) for group in zip(*series, strict=False)]


def _panel(panel: Panel, top: int, seconds: float) -> Iterator[str]:
    yield svg.title(0, top + 20, panel.title)
    top += TITLE
    ticks = _ticks(max((value for points in panel.lines.values() for _, value in points), default=1), panel.logarithmic)

    def y(value: float) -> float:
        if panel.logarithmic:
            share = (math.log10(value) - math.log10(ticks[0])) / (math.log10(ticks[-1]) - math.log10(ticks[0]))
        else:
            share = value / ticks[-1]
        return top + HEIGHT * (1 - share)

    for tick in ticks:
        yield f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>'
        yield svg.text(LEFT - 10, round(y(tick) + 5, 1), panel.show(tick), "end")
    right = WIDTH - RIGHT
    for kind, (name, points) in reversed(list(zip("abc", panel.lines.items(), strict=False))):
        path = " ".join(f"{_x(when, seconds):.1f},{y(value):.1f}" for when, value in points)
        yield f'<polyline class="line {kind}" points="{path}"/>'
        yield svg.text(right, top - 10, name, "end", kind)
        right -= 60


def _extent(fault: Fault, plan: Plan) -> tuple[float, float]:
    """Where a fault begins and ends in the plot."""
    end = fault.recovered or fault.end
    return _x(fault.begin - plan.begin, plan.seconds), _x(end - plan.begin, plan.seconds)


def _span(kind: str, begin: float, end: float, top: int, height: int) -> str:
    return f'<rect class="{kind}" x="{begin:.1f}" y="{top}" width="{max(end - begin, 1):.1f}" height="{height}"/>'


def _ticks(largest: float, logarithmic: bool) -> list[float]:
    """The values of the axis; the last one is not below the largest value."""
    if logarithmic:
        return [10.0**power for power in range(-1, max(1, math.ceil(math.log10(largest))) + 1)]
    step = 10.0 ** math.floor(math.log10(max(largest, 1)))
    while largest / step < 2:
        step /= 2
    return [step * number for number in range(math.ceil(largest / step) + 1)]


def _times(top: int, seconds: float) -> Iterator[str]:
    step = next(one for one in (1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 36000, 360000) if seconds / one <= 12)
    for number in range(int(seconds / step) + 1):
        when = number * step
        yield svg.text(round(_x(when, seconds), 1), top + ROW, f"{when // 60}:{when % 60:02}", "middle")


def _x(when: float, seconds: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * when / seconds
