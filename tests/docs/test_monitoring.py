"""The Grafana dashboard and the alert rules use metrics and labels that the exporter and the workers have."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from gearman_cffi import Client, EventDispatcher, JobException
from gearman_cffi.subscribers.metrics import Metrics
from gearman_cffi.testing import Gearmand
from tests.python_layer.workers import handlers, running
from tests.support import INSTALLED, ROOT

promql = pytest.importorskip("promql_parser")
pytestmark = pytest.mark.sources

DASHBOARD: dict[str, Any] = json.loads((ROOT / "docs/monitoring/grafana-dashboard.json").read_text("utf-8"))
RULES = yaml.safe_load((ROOT / "docs/monitoring/prometheus-alerts.yml").read_text("utf-8"))["groups"][0]["rules"]
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
LABELS_OF_PROMETHEUS = {"instance", "job"}


@pytest.fixture(scope="module")
def labels() -> dict[str, set[str]]:
    """The labels of each metric, from a running exporter and a worker with a failed job."""

    def fail(job: object) -> None:
        raise ValueError

    registry, dispatcher = CollectorRegistry(), EventDispatcher()
    dispatcher.add_subscriber(Metrics(registry))
    with Gearmand() as gearmand, running(gearmand, handlers(bad=fail), dispatcher):
        with pytest.raises(JobException):
            Client(gearmand.address, timeout=20).execute_job("bad", 1)
        text = _scrape(gearmand) + generate_latest(registry).decode()
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def _scrape(gearmand: Gearmand) -> str:
    program = [sys.executable, "-m", "gearman_cffi", "exporter", "--port=0", "-s", gearmand.address]
    environment = {**os.environ, "PYTHONPATH": str(INSTALLED)}
    with subprocess.Popen(program, stderr=subprocess.PIPE, text=True, env=environment) as exporter:
        try:
            assert exporter.stderr is not None
            url = exporter.stderr.readline().split()[-1]
            with urllib.request.urlopen(url, timeout=20) as answer:
                return str(answer.read().decode())
        finally:
            exporter.kill()


def _selectors(expression: str) -> Iterator[tuple[str, set[str]]]:
    """The metrics of an expression with the labels that it uses. Raises ValueError if Prometheus could not parse it."""
    tree = promql.parse(expression.replace("$__rate_interval", "5m"))
    names: list[tuple[str, set[str]]] = []
    grouped: set[str] = set()

    def visit(node: Any) -> None:
        if isinstance(node, promql.AggregateExpr) and node.modifier is not None:
            grouped.update(node.modifier.labels)
        selector = getattr(node, "vector_selector", node)
        if isinstance(selector, promql.VectorSelector):
            names.append((selector.name, {matcher.name for matcher in selector.matchers.matchers}))

    promql.walk(tree, visit)
    assert names, expression
    return iter([(name, used | grouped) for name, used in names])


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: f"{panel['id']} {panel['title']}")
def test_panel(panel: dict[str, Any], labels: dict[str, set[str]]) -> None:
    """Each query of a panel uses existing metrics and labels, the chosen data source, and a legend that exists."""
    for target in panel["targets"]:
        for name, used in _selectors(target["expr"]):
            assert used <= labels[name] | LABELS_OF_PROMETHEUS, target["expr"]
            assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= labels[name]
        assert target["datasource"] == panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


def test_layout_and_variables(labels: dict[str, set[str]]) -> None:
    """Panels have ids of their own and do not overlap; the variables ask for existing labels and are all used."""
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    places = [
        {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        for at in (panel["gridPos"] for panel in DASHBOARD["panels"])
    ]
    assert all(one.isdisjoint(other) for one, other in combinations(places, 2))
    assert all(x < 24 for place in places for x, _ in place)
    for variable in DASHBOARD["templating"]["list"]:
        assert f"${variable['name']}" in json.dumps(PANELS).replace("{", "")
        if variable["type"] == "query":
            found = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["query"]["query"])
            assert found is not None
            assert found[2] in labels[found[1]]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_alert(rule: dict[str, Any], labels: dict[str, set[str]]) -> None:
    """Each rule uses existing metrics, waits for a while, and names labels that its expression has."""
    found = list(_selectors(rule["expr"]))
    assert all(used <= labels[name] | LABELS_OF_PROMETHEUS for name, used in found)
    assert re.fullmatch(r"\d+m", rule["for"])
    assert rule["labels"]["severity"] in ("warning", "critical")
    named = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
    assert all(named <= labels[name] for name, _ in found)
    assert set(rule["annotations"]) == {"summary", "description"}


@pytest.mark.needs("promtool")
def test_alerts_with_promtool() -> None:
    """The rules say what they should of given values."""
    for arguments in (
        "check rules docs/monitoring/prometheus-alerts.yml",
        "test rules tests/docs/prometheus-alerts.test.yml",
    ):
        subprocess.run(["promtool", *arguments.split()], cwd=ROOT, check=True, capture_output=True, timeout=30)
